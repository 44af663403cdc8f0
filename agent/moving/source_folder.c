/*
 * Any folder. The topmost folder that has a model directly in it, or the configuration of
 * one, is a model, and all that lies below it is its; what lies elsewhere belongs to the
 * folder that was named.
 *
 *     zoo/notes.txt                          model "data/zoo":   notes.txt
 *     zoo/llama/config.json                  model "zoo/llama":  config.json
 *     zoo/llama/step-100/model.safetensors                       step-100/model.safetensors
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/moving/source.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

static const char *const skipped[] = { ".git", ".cache", NULL };

/* Names of files that make their folder a model's. */
static const char *const configurations[] = { "config.json", "adapter_config.json",
	                                      "model_index.json", NULL };
static const char *const endings[] = { ".safetensors", ".gguf", ".npz",  ".npy",  ".bin",
	                               ".pt",          ".pth",  ".ckpt", ".onnx", NULL };

struct folder {
	struct source *source;
	const char *root;
	int64_t root_model; /* -1: not yet */
	struct buf models;  /* relative folders that are models, each with its NUL */
	char *current;      /* of these, the one of `current_model`; owned */
	int64_t current_model;
};

static bool makes_a_model(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name, *dot = strrchr(base, '.');

	for (const char *const *one = configurations; *one; one++)
		if (strcmp(*one, base) == 0)
			return true;
	for (const char *const *one = endings; dot && *one; one++)
		if (strcasecmp(*one, dot) == 0)
			return true;
	return false;
}

/* The folder of models that `below` lies in, or NULL. */
static const char *model_folder(const struct folder *f, const char *below)
{
	const char *one = (const char *)f->models.data, *end = one + f->models.size;

	for (; one < end; one += strlen(one) + 1) {
		size_t n = strlen(one);
		if (!n || (strncmp(one, below, n) == 0 && below[n] == '/'))
			return one;
	}
	return NULL;
}

static int note_model(void *ctx, const struct source_found *found, struct err *err)
{
	struct folder *f = ctx;
	const char *slash = strrchr(found->below, '/');

	if (!makes_a_model(found->below))
		return 0;
	buf_add(&f->models, found->below, slash ? (size_t)(slash - found->below) : 0);
	buf_add_u8(&f->models, 0);
	return f->models.failed ? err_nomem(err, "a list of folders") : 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Leaves those that lie in no other: sorted, a folder comes before what is in it. */
static int leave_topmost(struct folder *f, struct err *err)
{
	size_t count = 0, kept = 0;
	const char *one = (const char *)f->models.data;
	const char *end = one + f->models.size;
	struct folder sorted = { .models = BUF_INIT };

	for (const char *at = one; at < end; at += strlen(at) + 1)
		count++;
	const char **list = calloc(count + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "a list of folders");
	for (const char *at = one; at < end; at += strlen(at) + 1)
		list[kept++] = at;
	qsort(list, count, sizeof(*list), by_text);
	for (size_t i = 0; i < count; i++) {
		if ((i && strcmp(list[i], list[i - 1]) == 0) ||
		    model_folder(&sorted, list[i]))
			continue;
		buf_add(&sorted.models, list[i], strlen(list[i]) + 1);
	}
	free(list);
	buf_wipe(&f->models);
	f->models = sorted.models;
	return f->models.failed ? err_nomem(err, "a list of folders") : 0;
}

/* ---------------------------------------------------------------- adding */

static int64_t add_model(struct folder *f, const char *below, struct err *err)
{
	struct buf whole = BUF_INIT;
	int64_t model;

	buf_addf(&whole, "%s%s%s", f->root, *below ? "/" : "", below);
	const char *text = buf_text(&whole);
	model = source_model_add(
		f->source, &(struct source_model){ .text = text, .folder = text }, err);
	buf_wipe(&whole);
	return model;
}

/* The model of the folder `below`, which files ask for one after another. */
static int64_t model_of(struct folder *f, const char *below, struct err *err)
{
	if (f->current && strcmp(f->current, below) == 0)
		return f->current_model;
	free(f->current);
	f->current = strdup(below);
	f->current_model = add_model(f, below, err);
	return f->current_model;
}

/* The same as model_folder(), which files of one folder ask one after another. */
static const char *nearest(const struct folder *f, const char *below)
{
	size_t n = f->current ? strlen(f->current) : 0;

	return n && strncmp(f->current, below, n) == 0 && below[n] == '/'
	               ? f->current
	               : model_folder(f, below);
}

static int add_file(void *ctx, const struct source_found *found, struct err *err)
{
	struct folder *f = ctx;
	const char *folder = f->source->name ? "" : nearest(f, found->below);
	size_t skip = folder && *folder ? strlen(folder) + 1 : 0;
	int64_t model = model_of(f, folder ? folder : "", err);
	struct oid oid;

	if (model < 0)
		return (int)model;
	return batch_add_file(
		f->source->batch,
		&(struct batch_found){ .path = found->path,
	                               .st = &found->st,
	                               .oid = source_named_oid(found->path, &oid) ? &oid
	                                                                          : NULL,
	                               .model = (uint32_t)model,
	                               .name = found->below + skip },
		err);
}

/* A file that was named by itself is a model's whose folder it lies in. */
static int add_named(struct source *s, const char *path, const struct stat *st,
                     struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");

	if (!folder)
		return err_nomem(err, "a path");
	struct source_found found = { path, slash ? slash + 1 : path, *st, false };
	struct folder f = { .source = s, .root = folder };
	int rc = add_file(&f, &found, err);
	free(f.current);
	free(folder);
	return rc;
}

int source_folder_add(struct source *s, const char *path, struct err *err)
{
	struct folder f = { .source = s, .root = path };
	struct source_walk walk = { s, path, skipped, note_model, &f };
	struct stat st;

	if (stat(path, &st))
		return err_errno(err, "%s", path);
	if (S_ISREG(st.st_mode))
		return add_named(s, path, &st, err);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INPUT, "%s is neither a folder nor a file", path);
	int rc = s->name ? 0 : source_walk(&walk, err);
	if (!rc)
		rc = leave_topmost(&f, err);
	walk.each = add_file;
	if (!rc)
		rc = source_walk(&walk, err);
	free(f.current);
	buf_wipe(&f.models);
	return rc;
}
