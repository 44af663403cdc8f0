#include "index/batch/import_list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"

static const char first_line[] = "git-zllm import 1\n";

void import_list_wipe(struct import_list *l)
{
	for (size_t i = 0; i < import_list_count(l); i++)
		free(import_list_at(l, i)->path);
	buf_wipe(&l->entries);
}

size_t import_list_count(const struct import_list *l)
{
	return l->entries.size / sizeof(struct import_entry);
}

const struct import_entry *import_list_at(const struct import_list *l, size_t i)
{
	return (const struct import_entry *)(const void *)l->entries.data + i;
}

/* ---------------------------------------------------------------- what may stand there */

bool import_path_is_safe(const char *path)
{
	size_t n = strlen(path);

	if (!n || n > IMPORT_PATH_MAX)
		return false;
	for (const char *part = path;; part++) {
		size_t length = strcspn(part, "/");
		if (!length || (length == 1 && part[0] == '.') ||
		    (length == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += length;
		if (!*part)
			return true;
	}
}

/* Printable ASCII without a blank. */
static bool is_word(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return n > 0 && n <= IMPORT_WORD_MAX;
}

int import_list_add(struct import_list *l, const struct import_entry *entry,
                    struct err *err)
{
	struct import_entry copy = *entry;

	if (!import_path_is_safe(entry->path) || entry->seconds < 0 ||
	    import_list_count(l) == IMPORT_LIST_FILES)
		return 1;
	copy.path = strdup(entry->path);
	if (copy.path)
		buf_add(&l->entries, &copy, sizeof(copy));
	if (copy.path && !l->entries.failed)
		return 0;
	free(copy.path);
	return err_nomem(err, "a list of names");
}

/* ---------------------------------------------------------------- writing */

static bool stands_as_it_is(unsigned char c)
{
	return c > ' ' && c != '%' && c != 0x7f;
}

static void add_path(const char *path, struct buf *out)
{
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;
		if (stands_as_it_is(c))
			buf_add_u8(out, c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

int import_list_format(const struct import_list *l, struct buf *out, struct err *err)
{
	char hex[SHA256_HEX + 1];

	buf_add_str(out, first_line);
	buf_addf(out, "model %s\nrevision %s\n", l->model,
	         *l->revision ? l->revision : "-");
	for (size_t i = 0; i < import_list_count(l); i++) {
		const struct import_entry *e = import_list_at(l, i);
		oid_format(&e->oid, hex);
		buf_addf(out, "%s %llu %lld ", hex, (unsigned long long)e->size,
		         (long long)e->seconds);
		add_path(e->path, out);
		buf_add_u8(out, '\n');
	}
	return out->failed ? err_nomem(err, "a list of names") : 0;
}

/* ---------------------------------------------------------------- reading */

/* What is left to read; a line at a time. */
struct text {
	const char *at, *end;
};

/* The next line, without its newline; false at the end, or where none ends it. */
static bool next_line(struct text *t, struct text *line)
{
	const char *newline = memchr(t->at, '\n', (size_t)(t->end - t->at));

	if (!newline)
		return false;
	*line = (struct text){ t->at, newline };
	t->at = newline + 1;
	return true;
}

/* The word up to the next blank, which is passed. */
static bool next_word(struct text *line, struct text *word)
{
	const char *blank = memchr(line->at, ' ', (size_t)(line->end - line->at));

	if (!blank)
		return false;
	*word = (struct text){ line->at, blank };
	line->at = blank + 1;
	return true;
}

static bool read_number(const struct text *word, uint64_t *out)
{
	uint64_t n = 0;

	for (const char *p = word->at; p < word->end; p++) {
		if (*p < '0' || *p > '9' || n > (INT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	*out = n;
	return word->end > word->at;
}

static bool read_oid(const struct text *word, struct oid *out)
{
	char hex[SHA256_HEX + 1];

	if (word->end - word->at != SHA256_HEX)
		return false;
	memcpy(hex, word->at, SHA256_HEX);
	hex[SHA256_HEX] = 0;
	return oid_parse(hex, out);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_path(const struct text *rest, char path[IMPORT_PATH_MAX + 1])
{
	size_t n = 0;

	for (const char *p = rest->at; p < rest->end; p++) {
		int c = (unsigned char)*p;
		if (c == '%') {
			if (rest->end - p < 3 || digit(p[1]) < 0 || digit(p[2]) < 0)
				return false;
			c = digit(p[1]) * 16 + digit(p[2]);
			p += 2;
		} else if (!stands_as_it_is((unsigned char)c)) {
			return false;
		}
		if (!c || n == IMPORT_PATH_MAX)
			return false;
		path[n++] = (char)c;
	}
	path[n] = 0;
	return import_path_is_safe(path);
}

/* 0, 1 or ERR_NOMEM. */
static int read_entry(struct text line, struct import_list *out, struct err *err)
{
	char path[IMPORT_PATH_MAX + 1];
	struct text oid, size, seconds;
	struct import_entry e = { .path = path };
	uint64_t when;

	if (!next_word(&line, &oid) || !read_oid(&oid, &e.oid) ||
	    !next_word(&line, &size) || !read_number(&size, &e.size) ||
	    !next_word(&line, &seconds) || !read_number(&seconds, &when) ||
	    !read_path(&line, path))
		return 1;
	e.seconds = (int64_t)when;
	return import_list_add(out, &e, err);
}

static bool read_head(struct text *t, const char *name, char out[IMPORT_WORD_MAX + 1])
{
	struct text line, word;

	if (!next_line(t, &line) || !next_word(&line, &word))
		return false;
	size_t n = (size_t)(line.end - line.at), length = strlen(name);
	if ((size_t)(word.end - word.at) != length ||
	    memcmp(word.at, name, length) != 0 || !is_word(line.at, n))
		return false;
	memcpy(out, line.at, n);
	out[n] = 0;
	return true;
}

int import_list_parse(const uint8_t *bytes, size_t n, struct import_list *out,
                      struct err *err)
{
	struct text t = { (const char *)bytes, (const char *)bytes + n }, line;
	size_t first = sizeof(first_line) - 1;
	int rc = 0;

	*out = (struct import_list)IMPORT_LIST_INIT;
	if (n > IMPORT_LIST_MAX || n < first || memcmp(bytes, first_line, first) != 0)
		return 1;
	t.at += first;
	if (!read_head(&t, "model", out->model) ||
	    !read_head(&t, "revision", out->revision))
		return 1;
	if (strcmp(out->revision, "-") == 0)
		*out->revision = 0;
	while (!rc && next_line(&t, &line))
		rc = read_entry(line, out, err);
	return rc ? rc : t.at != t.end;
}
