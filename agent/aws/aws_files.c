#include "agent/aws/aws_files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { FILE_MAX = 1024 * 1024, PAIRS_MAX = 256, LINE_MAX_BYTES = 64 * 1024 };

struct pair {
	char *key; /* "region", "s3.addressing_style" */
	char *value;
};

struct aws_files {
	struct pair pairs[PAIRS_MAX];
	size_t count;
	bool found;
};

void aws_files_free(struct aws_files *f)
{
	for (size_t i = 0; f && i < f->count; i++) {
		explicit_bzero(f->pairs[i].value, strlen(f->pairs[i].value));
		free(f->pairs[i].key);
		free(f->pairs[i].value);
	}
	free(f);
}

const char *aws_files_get(const struct aws_files *f, const char *key)
{
	for (size_t i = f ? f->count : 0; i-- > 0;)
		if (strcmp(f->pairs[i].key, key) == 0)
			return f->pairs[i].value;
	return NULL;
}

bool aws_files_have_profile(const struct aws_files *f)
{
	return f && f->found;
}

/* ---------------------------------------------------------------- parsing */

struct text {
	const char *at;
	size_t size;
};

static struct text trimmed(struct text t)
{
	while (t.size && isspace((unsigned char)t.at[0])) {
		t.at++;
		t.size--;
	}
	while (t.size && isspace((unsigned char)t.at[t.size - 1]))
		t.size--;
	return t;
}

static bool is_word(struct text t, const char *word)
{
	return t.size == strlen(word) && memcmp(t.at, word, t.size) == 0;
}

/* "profile work", with or without quotes around the name; in the file of credentials
 * the name alone. "default" is that in both. */
static bool names_profile(struct text section, const char *profile, bool in_config)
{
	if (in_config && strcmp(profile, "default") == 0 && is_word(section, "default"))
		return true;
	if (in_config) {
		if (section.size < 8 || memcmp(section.at, "profile", 7) != 0 ||
		    !isspace((unsigned char)section.at[7]))
			return false;
		section = trimmed((struct text){ section.at + 7, section.size - 7 });
	}
	if (section.size >= 2 && (section.at[0] == '"' || section.at[0] == '\'') &&
	    section.at[section.size - 1] == section.at[0]) {
		section.at++;
		section.size -= 2;
	}
	return is_word(section, profile);
}

/* A comment at the end of a value has a blank in front. */
static struct text without_comment(struct text t)
{
	for (size_t i = 1; i < t.size; i++)
		if ((t.at[i] == '#' || t.at[i] == ';') &&
		    isspace((unsigned char)t.at[i - 1])) {
			t.size = i;
			break;
		}
	return trimmed(t);
}

static bool add_pair(struct aws_files *f, struct text outer, struct text key,
                     struct text value)
{
	struct buf name = BUF_INIT;

	if (f->count == PAIRS_MAX || memchr(key.at, 0, key.size) ||
	    memchr(value.at, 0, value.size))
		return false;
	if (outer.size)
		buf_addf(&name, "%.*s.", (int)outer.size, outer.at);
	buf_add(&name, key.at, key.size);
	char *copy = strdup(buf_text(&name));
	char *said = strndup(value.at, value.size);
	bool ok = copy && said && !name.failed;
	buf_wipe(&name);
	if (!ok) {
		free(copy);
		free(said);
		return false;
	}
	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	f->pairs[f->count++] = (struct pair){ copy, said };
	return true;
}

/* Where the parser is. */
struct place {
	bool in_config, wanted, sectioned;
	struct text outer; /* the key whose nested ones follow; size 0: none */
};

/* False when the line is nothing that such a file has. */
static bool take_line(struct aws_files *f, const char *profile, struct place *p,
                      struct text line)
{
	bool nested = line.size && isspace((unsigned char)line.at[0]);
	struct text t = trimmed(line);

	if (!t.size || t.at[0] == '#' || t.at[0] == ';')
		return true;
	if (t.at[0] == '[') {
		const char *close = memchr(t.at, ']', t.size);
		if (!close)
			return false;
		struct text name = { t.at + 1, (size_t)(close - t.at) - 1 };
		p->wanted = names_profile(trimmed(name), profile, p->in_config);
		p->sectioned = true;
		p->outer.size = 0;
		f->found = f->found || p->wanted;
		return true;
	}
	const char *equals = memchr(t.at, '=', t.size);
	if (!equals || !p->sectioned)
		return nested && p->outer.size; /* a value that goes on: not for us */
	if (!p->wanted)
		return true;
	struct text key = trimmed((struct text){ t.at, (size_t)(equals - t.at) });
	struct text value = without_comment(
		(struct text){ equals + 1, t.size - (size_t)(equals + 1 - t.at) });
	if (!key.size || key.size > 64)
		return false;
	if (!nested) {
		p->outer = (struct text){ key.at, value.size ? 0 : key.size };
		return value.size == 0 || add_pair(f, (struct text){ "", 0 }, key, value);
	}
	return !p->outer.size || add_pair(f, p->outer, key, value);
}

/* The number of the first line that is not understood; 0 when all are. */
static size_t parse(struct aws_files *f, const char *profile, struct text all,
                    bool in_config)
{
	struct place p = { .in_config = in_config };
	size_t number = 0;

	while (all.size) {
		const char *end = memchr(all.at, '\n', all.size);
		size_t n = end ? (size_t)(end - all.at) : all.size;
		number++;
		if (n > LINE_MAX_BYTES ||
		    !take_line(f, profile, &p, (struct text){ all.at, n }))
			return number;
		n += end != NULL;
		all.at += n;
		all.size -= n;
	}
	return 0;
}

/* One of the two files. */
struct source {
	const char *profile; /* that is wanted */
	const char *name;    /* for messages */
	bool in_config;      /* else of the credentials */
};

static int parse_named(struct aws_files *f, const struct source *source,
                       const struct buf *text, struct err *err)
{
	struct text all = { (const char *)text->data, text->size };
	size_t line = parse(f, source->profile, all, source->in_config);

	return line ? err_set(err, ERR_CONFIG, "%s: line %zu is not understood",
	                      source->name, line)
	            : 0;
}

int aws_files_parse(const char *profile, const struct buf *config,
                    const struct buf *credentials, struct aws_files **out,
                    struct err *err)
{
	const struct source first = { profile, "config", true };
	const struct source second = { profile, "credentials", false };
	struct aws_files *f = calloc(1, sizeof(*f));

	if (!f)
		return err_nomem(err, "a profile");
	int rc = parse_named(f, &first, config, err);
	if (!rc)
		rc = parse_named(f, &second, credentials, err);
	if (rc) {
		aws_files_free(f);
		return rc;
	}
	*out = f;
	return 0;
}

/* ---------------------------------------------------------------- reading */

/* The path that `variable` names, or ~/.aws/<name>; "" without a home. */
static void find_path(const char *variable, const char *name, struct buf *path)
{
	const char *set = getenv(variable), *home = getenv("HOME");

	if (set && set[0] == '~' && set[1] == '/' && home)
		buf_addf(path, "%s%s", home, set + 1);
	else if (set && *set)
		buf_add_str(path, set);
	else if (home && *home)
		buf_addf(path, "%s/.aws/%s", home, name);
}

/* All of a file at once, so that no copy is left behind by growing. */
static int read_file(const char *path, struct buf *out, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = 0;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st))
		rc = err_errno(err, "cannot read %s", path);
	else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		rc = err_set(err, ERR_CONFIG, "%s is not a file of at most %d bytes",
		             path, FILE_MAX);
	else if (!buf_reserve(out, (size_t)st.st_size + 1))
		rc = err_nomem(err, path);
	while (!rc && out->size < (size_t)st.st_size) {
		ssize_t n = read(fd, out->data + out->size,
		                 (size_t)st.st_size - out->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_errno(err, "cannot read %s", path);
		if (n <= 0)
			break;
		out->size += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

static int read_one(struct aws_files *f, const char *profile, const char *variable,
                    const char *name, struct err *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct source source = { profile, NULL, strcmp(name, "config") == 0 };
	int rc = 0;

	find_path(variable, name, &path);
	if (path.size)
		rc = read_file(buf_text(&path), &text, err);
	source.name = buf_text(&path);
	if (!rc)
		rc = parse_named(f, &source, &text, err);
	if (text.data)
		explicit_bzero(text.data, text.cap);
	buf_wipe(&text);
	buf_wipe(&path);
	return rc;
}

int aws_files_read(const char *profile, struct aws_files **out, struct err *err)
{
	struct aws_files *f = calloc(1, sizeof(*f));

	if (!f)
		return err_nomem(err, "a profile");
	int rc = read_one(f, profile, "AWS_CONFIG_FILE", "config", err);
	if (!rc)
		rc = read_one(f, profile, "AWS_SHARED_CREDENTIALS_FILE", "credentials",
		              err);
	if (rc) {
		aws_files_free(f);
		return rc;
	}
	*out = f;
	return 0;
}
