/*
 * zllm.json is one JSON object:
 *
 *     {"format":1,"id":"0123456789abcdef0123456789abcdef"}
 *
 * A later git-zllm may add members, so that any others are passed over; what
 * is here must be spelled as JSON, or the file is damaged.
 */
#include "index/store/store_format.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

enum {
	FORMAT_FILE_MAX = 64 * 1024, /* bytes of zllm.json that make sense */
	FORMAT_DEPTH_MAX = 32,       /* objects in objects that are passed over */
	FORMAT_DIGITS_MAX = 9        /* digits of a format's number */
};

struct text {
	const char *at;
	size_t size;
};

struct format_file {
	long format;    /* 0: not found */
	struct text id; /* into the file's bytes; NULL: not found */
};

static char peek(const struct cursor *c)
{
	return c->left ? (char)*c->at : 0;
}

static void skip_space(struct cursor *c)
{
	while (c->left && strchr(" \t\r\n", (char)*c->at) && *c->at)
		(void)cursor_u8(c);
}

/* Whether `wanted` comes next; it is taken then. */
static bool take(struct cursor *c, char wanted)
{
	skip_space(c);
	if (!c->left || (char)*c->at != wanted)
		return false;
	(void)cursor_u8(c);
	return true;
}

/* A string, with its escapes as they are written. */
static bool take_string(struct cursor *c, struct text *out)
{
	if (!take(c, '"'))
		return false;
	out->at = (const char *)c->at;
	while (c->left && *c->at != '"') {
		if (*c->at < 0x20)
			return false;
		if (cursor_u8(c) == '\\')
			(void)cursor_u8(c);
	}
	out->size = (size_t)((const char *)c->at - out->at);
	return cursor_ok(c) && take(c, '"');
}

/* A number or a bare word: what they are does not matter to us. */
static bool take_word(struct cursor *c, struct text *out)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "E0123456789+-.";

	skip_space(c);
	out->at = (const char *)c->at;
	while (peek(c) && strchr(letters, peek(c)))
		(void)cursor_u8(c);
	out->size = (size_t)((const char *)c->at - out->at);
	return out->size > 0;
}

/* A value of any kind. Brackets are only counted: whether an array holds what
 * an array may is a question for those who read it. */
static bool skip_value(struct cursor *c)
{
	struct text ignored;
	int depth = 0;

	do {
		skip_space(c);
		char next = peek(c);
		if (next == '"') {
			if (!take_string(c, &ignored))
				return false;
		} else if (next == '{' || next == '[') {
			if (++depth > FORMAT_DEPTH_MAX)
				return false;
			(void)cursor_u8(c);
		} else if (depth && (next == '}' || next == ']')) {
			depth--;
			(void)cursor_u8(c);
		} else if (depth && (next == ',' || next == ':')) {
			(void)cursor_u8(c);
		} else if (!take_word(c, &ignored)) {
			return false;
		}
	} while (depth);
	return true;
}

static bool text_is(const struct text *t, const char *word)
{
	return t->size == strlen(word) && !memcmp(t->at, word, t->size);
}

static bool take_format(struct cursor *c, struct format_file *out)
{
	struct text word;

	if (out->format || !take_word(c, &word) || word.size > FORMAT_DIGITS_MAX)
		return false;
	for (size_t i = 0; i < word.size; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return false;
		out->format = 10 * out->format + (word.at[i] - '0');
	}
	return out->format > 0 && word.at[0] != '0';
}

/* A newer format may have ids of another kind: what is not a string is not an id, and
 * whether it must be one is judged when the format is known. */
static bool take_id(struct cursor *c, struct format_file *out)
{
	if (out->id.at)
		return false;
	skip_space(c);
	return peek(c) == '"' ? take_string(c, &out->id) : skip_value(c);
}

static bool take_member(struct cursor *c, struct format_file *out)
{
	struct text name;

	if (!take_string(c, &name) || !take(c, ':'))
		return false;
	if (text_is(&name, "format"))
		return take_format(c, out);
	if (text_is(&name, "id"))
		return take_id(c, out);
	return skip_value(c);
}

static bool parse(const struct buf *file, struct format_file *out)
{
	struct cursor c = cursor_over(file->data, file->size);

	if (!take(&c, '{'))
		return false;
	do {
		if (!take_member(&c, out))
			return false;
	} while (take(&c, ','));
	if (!take(&c, '}'))
		return false;
	skip_space(&c);
	return c.left == 0;
}

static bool id_valid(const struct text *id)
{
	uint8_t bytes[STORE_ID_HEX / 2];

	return id->at && id->size == STORE_ID_HEX &&
	       hex_parse(id->at, sizeof(bytes), bytes);
}

static int judge(const struct store *s, const struct buf *file, char *id, struct err *err)
{
	struct format_file found = { 0, { NULL, 0 } };

	if (!parse(file, &found) || found.format == 0)
		return err_set(err, ERR_DAMAGED, "store %s: %s is not readable", s->name,
		               KEY_STORE_FILE);
	if (found.format > STORE_FORMAT)
		return err_set(err, ERR_FORMAT,
		               "store %s was made by a newer git-zllm (format %ld, this "
		               "one reads up to %d): upgrade git-zllm",
		               s->name, found.format, STORE_FORMAT);
	if (!id_valid(&found.id))
		return err_set(err, ERR_DAMAGED, "store %s: %s has no id", s->name,
		               KEY_STORE_FILE);
	memcpy(id, found.id.at, STORE_ID_HEX);
	id[STORE_ID_HEX] = 0;
	return 0;
}

/* store_format_check(), but 1 when there is no zllm.json. */
static int read_format(struct store *s, char id[STORE_ID_HEX + 1], struct err *err)
{
	struct buf file = BUF_INIT;

	int rc = store_get_all(s, KEY_STORE_FILE, FORMAT_FILE_MAX, &file, err);
	if (!rc)
		rc = judge(s, &file, id, err);
	buf_wipe(&file);
	return rc;
}

static int missing(const struct store *s, struct err *err)
{
	return err_set(err, ERR_MISSING,
	               "no store at %s: is its disk mounted? (where there has never been "
	               "one, 'git zllm init' makes it)",
	               s->name);
}

int store_format_create(struct store *s, const char *id, struct err *err)
{
	const struct text wanted = { id, strlen(id) };
	char found[STORE_ID_HEX + 1];
	char text[128];

	if (!id_valid(&wanted))
		return err_set(err, ERR_INPUT, "'%s' is not an id for a store", id);
	int rc = read_format(s, found, err);
	if (rc != 1)
		return rc;
	int n = snprintf(text, sizeof(text), "{\"format\":%d,\"id\":\"%s\"}\n",
	                 STORE_FORMAT, id);
	rc = store_put_all(s, KEY_STORE_FILE, text, (size_t)n, err);
	if (rc)
		return rc;
	/* Somebody else may have been first, with a newer git-zllm even. */
	rc = read_format(s, found, err);
	return rc == 1 ? missing(s, err) : rc;
}

int store_format_check(struct store *s, char id[STORE_ID_HEX + 1], struct err *err)
{
	char found[STORE_ID_HEX + 1];

	int rc = read_format(s, found, err);
	if (rc)
		return rc == 1 ? missing(s, err) : rc;
	memcpy(id, found, sizeof(found));
	return 0;
}
