/*
 * Makes a golden store: `make_store DIR` writes DIR, a store in a folder with a value of
 * every kind that this version makes; DIR.tsv, what its objects are and what is to become
 * of them (README.md); and bundles of its fine-tune, DIR.bundle and DIR-thin.bundle. Run in
 * the project's folder, once for a version whose stores differ; what was made before is kept
 * for ever. The same bytes at every run.
 *
 *     golden records and their bases   one object each for solos, deltas, parts and products
 *     models, arrays, chunks, a text   pushed as a push pushes them
 *     owners, names, remotes, markers
 *     trash of every kind, what killed writers left, records that nobody needs
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/bundle_write.h"
#include "index/manifest/manifest_store.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "index/store/store_keys.h"
#include "index/store/trash_keys.h"
#include "index/survey/local_model.h"
#include "index/upload.h"
#include "tests/golden/golden_store.h"
#include "tests/golden/store_maker.h"
#include "tests/golden/store_records.h"
#include "tests/unit/model_file.h"
#include "tests/unit/npy_file.h"
#include "tests/unit/zip_file.h"

enum { TENSOR_VALUES = 32 * 1024, LINES = 60000, MORE_LINES = 180000 };

static const struct store_folder_modes modes = { 0644, 0755 };

/* ---------------------------------------------------------------- files that are pushed */

static void hint_base(void *ctx, const struct oid *oid, uint64_t size,
                      struct base_hints *out)
{
	const struct model_file *base = ctx;

	(void)oid, (void)size;
	out->list = calloc(1, sizeof(*out->list));
	if (!out->list)
		abort();
	out->list[0].oid = base->oid;
	out->list[0].local_file = strdup(base->path);
	out->count = 1;
}

/* Under an owner of `repo`; "": nobody's. */
static void push(struct maker *m, const struct model_file *f, struct model_file *base,
                 const char *repo)
{
	struct upload_request request = {
		.oid = f->oid, .size = f->size, .path = f->path, .ctx = base
	};
	struct upload_result result;
	struct err err = ERR_INIT;

	if (base)
		request.find_hints = hint_base;
	m->transfer.repo_id = repo;
	must(upload_object(&m->transfer, &request, &result, &err), f->path, &err);
}

/* Weights of sixteen values, so that the store is small; every 64th is moved by `move`. */
static struct model_file two_tensors(int move)
{
	struct model_file f = { .bytes = BUF_INIT };
	struct buf head = BUF_INIT, body = BUF_INIT;
	uint64_t random = 7;

	buf_add_str(&head, "{\"__metadata__\":{\"format\":\"pt\"}");
	for (int t = 0; t < 3; t++) {
		int n = t < 2 ? TENSOR_VALUES : 64;
		size_t at = body.size;
		for (int i = 0; i < n; i++) {
			unsigned value = 0x3c00 +
			                 (unsigned)(next_random(&random) >> 60) * 8;
			buf_add_u16(&body,
			            (uint16_t)(value + (unsigned)(i % 64 ? 0 : move)));
		}
		buf_addf(&head,
		         ",\"t%d.weight\":{\"dtype\":\"BF16\",\"shape\":[%d,64],"
		         "\"data_offsets\":[%zu,%zu]}",
		         t, n / 64, at, body.size);
	}
	buf_add_str(&head, "}");
	buf_add_u64(&f.bytes, head.size);
	buf_add(&f.bytes, head.data, head.size);
	buf_add(&f.bytes, body.data, body.size);
	buf_wipe(&head);
	buf_wipe(&body);
	write_model_file(&f);
	return f;
}

static struct model_file text_file(const char *word, unsigned lines)
{
	struct model_file f = { .bytes = BUF_INIT };

	for (unsigned i = 0; i < lines; i++)
		buf_addf(&f.bytes, "%s %u, line after line\n", word, i / 16);
	write_model_file(&f);
	return f;
}

static void add_array(struct buf *out)
{
	const struct npy_text text = {
		1, 0,
		"{'descr': '<f4', 'fortran_order': False, 'shape': (128, 160), }        \n"
	};

	add_npy(out, &text, 128 * 160 * 4);
}

static struct model_file npy_file(void)
{
	struct model_file f = { .bytes = BUF_INIT };

	add_array(&f.bytes);
	write_model_file(&f);
	return f;
}

static struct model_file npz_file(void)
{
	struct model_file f = { .bytes = BUF_INIT };
	struct zip_part part = { .name = "weights.npy", .data = BUF_INIT };

	add_array(&part.data);
	part.data.data[part.data.size - 1] ^= 1; /* not the array of its own file */
	add_zip(&f.bytes, &part, 1, false);
	buf_wipe(&part.data);
	write_model_file(&f);
	return f;
}

static void push_noted(struct maker *m, struct model_file f, struct model_file *base,
                       const char *what)
{
	push(m, &f, base, GOLDEN_OURS);
	note(m, &f.oid, "kept", what);
	model_file_remove(&f);
}

static void push_models(struct maker *m)
{
	struct model_file base = two_tensors(0), theirs = two_tensors(16);

	push(m, &base, NULL, GOLDEN_OURS);
	note(m, &base.oid, "kept", "a model");
	push_noted(m, two_tensors(1), &base, "a fine-tune of it");
	push(m, &theirs, &base, GOLDEN_THEIRS);
	note(m, &theirs.oid, "kept", "a fine-tune of another repository");
	own(m, GOLDEN_THEIRS, &base.oid);
	push_noted(m, npy_file(), NULL, "an array");
	push_noted(m, npz_file(), NULL, "arrays in an archive");
	push_noted(m, text_file("words", MORE_LINES), NULL, "chunks");
	push_noted(m, text_file("small", 100), NULL, "a small file, in its manifest");
	push_noted(m, text_file("", 0), NULL, "an empty file");
	model_file_remove(&base);
	model_file_remove(&theirs);
}

/* ---------------------------------------------------------------- bundles */

/* DIR<end>: the fine-tune, alone or thin, with the model that it leaves out as base. */
static void make_bundle(struct maker *m, const char *end, const struct model_file *file,
                        const struct model_file *base)
{
	struct local_model model, base_model = LOCAL_MODEL_INIT;
	struct upload_result result;
	struct err err = ERR_INIT;
	char path[1024];

	snprintf(path, sizeof(path), "%s%s", m->folder, end);
	must(local_model_open(file->path, &model, &err), path, &err);
	if (base)
		must(local_model_open(base->path, &base_model, &err), path, &err);
	struct bundle_request request = { .model = &model,
		                          .base = base ? &base_model : NULL,
		                          .name = path,
		                          .fd = open(path, O_RDWR | O_CREAT | O_TRUNC,
		                                     0644),
		                          .threads = 1 };
	must(bundle_write(&request, &result, &err), path, &err);
	close(request.fd);
	local_model_close(&model);
	local_model_close(&base_model);
}

static void make_bundles(struct maker *m)
{
	struct model_file base = two_tensors(0), tune = two_tensors(1);

	make_bundle(m, ".bundle", &tune, NULL);
	make_bundle(m, "-thin.bundle", &tune, &base);
	model_file_remove(&base);
	model_file_remove(&tune);
}

/* ---------------------------------------------------------------- what is out of sight */

static void move_object(struct maker *m, const struct oid *oid)
{
	char key[KEY_MAX];

	key_object(oid, key);
	move(m, key);
}

static int note_last(void *ctx, const struct store_entry *entry)
{
	strcpy(ctx, entry->key);
	return 0;
}

/* The first record of an object of chunks. */
static void record_of(struct maker *m, const struct oid *oid, char key[KEY_MAX])
{
	struct manifest manifest;
	struct err err = ERR_INIT;

	must(manifest_get(m->store, oid, manifest_parse, &manifest, &err), "a manifest",
	     &err);
	key_blob(&manifest.extents.list[0].id, key);
	manifest_wipe(&manifest);
}

static void push_what_leaves_sight(struct maker *m)
{
	struct model_file moved = text_file("moved", LINES),
			  dropped = text_file("dropped", LINES);
	struct model_file given = text_file("given up", LINES),
			  none = text_file("none", LINES);
	char key[KEY_MAX], nonce[KEY_NONCE_HEX + 1];

	push(m, &moved, NULL, GOLDEN_OURS);
	record_of(m, &moved.oid, key);
	move(m, key);
	move_object(m, &moved.oid);
	note(m, &moved.oid, "kept",
	     "its manifest and a record are in trash, an owner is not");

	push(m, &dropped, NULL, GOLDEN_OURS);
	key_owner(GOLDEN_OURS, &dropped.oid, key);
	move(m, key);
	note(m, &dropped.oid, "dropped", "its owner is in trash");

	push(m, &given, NULL, GOLDEN_OURS);
	key_owner(GOLDEN_OURS, &given.oid, key);
	must(store_remove(m->store, key, NULL), key, &(struct err)ERR_INIT);
	next_nonce(m, nonce);
	trash_key_expired(&given.oid, GOLDEN_OURS, nonce, key);
	put_empty(m, key);
	note(m, &given.oid, "given-up", "its owner has expired");

	push(m, &none, NULL, "");
	note(m, &none.oid, "kept", "nobody ever owned it");
	model_file_remove(&moved);
	model_file_remove(&dropped);
	model_file_remove(&given);
	model_file_remove(&none);
}

/* Entries that are damaged, or whose live twins are there. */
static void put_entries(struct maker *m)
{
	struct model_file base = two_tensors(0);
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	char key[KEY_MAX], marker[KEY_MAX] = "";

	key_object(&base.oid, key);
	put_entry(m, key, "damaged", 7);
	must(store_get_all(m->store, key, 1 << 20, &bytes, &err), key, &err);
	put_entry(m, key, bytes.data, bytes.size);
	must(store_list(m->store, "bases/", note_last, marker, &err), "bases/", &err);
	put_entry(m, marker, "", 0);
	must(store_list(m->store, "blobs/", note_last, key, &err), "blobs/", &err);
	put_entry(m, key, "damaged", 7);
	put_empty(m, "trash/00/00/from-the-future@00000000000000000000000000000000");
	buf_wipe(&bytes);
	model_file_remove(&base);
}

/* ---------------------------------------------------------------- markers, and leavings */

static void put_markers(struct maker *m)
{
	struct oid name = { { 1 } }, lost = { { 2 } }, remote = { { 3 } },
		   whole = { { 0 } };
	struct key_marker nowhere = { .name = 9, .id = lost, .object = lost };
	char key[KEY_MAX];

	key_name(&name, GOLDEN_OURS, key);
	put_empty(m, key);
	key_name(&lost, GOLDEN_OURS, key);
	put_entry(m, key, "", 0);
	key_name(&name, "00000000000000000000000000000001", key);
	put_empty(m, key); /* of who owns nothing */
	key_remote(GOLDEN_OURS, &remote, key);
	put_value(m, key, "models/golden", 13);
	key_remote(GOLDEN_OURS, &whole, key);
	put_empty(m, key);
	key_marker(&nowhere, key);
	put_empty(m, key);
	own(m, GOLDEN_OURS, &lost);
	put_empty(m, "probe/00000000000000000000000000000000");
}

/* A file beside the keys, as a killed writer leaves it. */
static void leave(struct maker *m, const char *folder)
{
	struct err err = ERR_INIT;
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", m->folder, folder);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s00000000000000000000000000000000", m->folder,
	         folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd < 0 || write(fd, "half", 4) != 4 || close(fd))
		die(path, &err);
}

/* A record that no manifest lists: a push that did not end. */
static void put_needless(struct maker *m)
{
	struct buf bytes = BUF_INIT;

	for (int i = 0; i < 4096; i++)
		buf_add_u8(&bytes, (uint8_t)(i / 64));
	put_base(m, &bytes, DTYPE_BF16);
	buf_wipe(&bytes);
}

int main(int argc, char **argv)
{
	struct maker m = { .folder = argc == 2 ? argv[1] : "" };
	struct err err = ERR_INIT;
	char path[1024];

	if (argc != 2) {
		fprintf(stderr, "usage: make_store DIR\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s.tsv", m.folder);
	m.list = fopen(path, "w");
	if (!m.list)
		die(path, &err);
	must(store_folder_create(m.folder, &modes, &err), m.folder, &err);
	must(store_folder_open(m.folder, &modes, &m.store, &err), m.folder, &err);
	must(store_format_create(m.store, GOLDEN_OURS, &err), m.folder, &err);
	must(transfer_init(&m.transfer, m.store, 1, &err), m.folder, &err);
	put_goldens(&m);
	push_models(&m);
	push_what_leaves_sight(&m);
	put_entries(&m);
	put_markers(&m);
	put_needless(&m);
	leave(&m, "tmp/");
	leave(&m, "blobs/.");
	make_bundles(&m);
	transfer_wipe(&m.transfer);
	store_close(m.store);
	return fclose(m.list) ? 1 : 0;
}
