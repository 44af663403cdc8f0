#include "agent/where/store_url.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/common/hex.h"

#define OUR_SCHEME "zllm::"
#define OUR_HOST "https://zllm.invalid"

void store_url_wipe(struct store_url *u)
{
	free(u->place);
	free(u->endpoint);
	free(u->region);
	*u = (struct store_url){ 0 };
}

int store_url_is_ours(const char *text)
{
	size_t n = strlen(OUR_HOST);

	if (strncmp(text, OUR_SCHEME, strlen(OUR_SCHEME)) == 0)
		return 1;
	return strncmp(text, OUR_HOST, n) == 0 && (!text[n] || text[n] == '/');
}

/* Takes `prefix` off the front of *text. */
static bool take_prefix(const char **text, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(*text, prefix, n) != 0)
		return false;
	*text += n;
	return true;
}

static bool has_bad_byte(const char *text)
{
	return strpbrk(text, "\r\n") != NULL;
}

/* %XX decoded; a '%' that is no escape stands for itself. NULL when memory ran
 * out; *bad when a NUL would be in it. */
static char *decoded(const char *text, size_t n, bool *bad)
{
	char *out = malloc(n + 1);
	size_t used = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		uint8_t byte;
		char digits[2];
		out[used] = text[i];
		if (text[i] == '%' && n - i > 2) {
			for (int k = 0; k < 2; k++) {
				char c = text[i + 1 + (size_t)k];
				digits[k] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a')
				                                 : c;
			}
			if (hex_parse(digits, 1, &byte)) {
				out[used] = (char)byte;
				i += 2;
			}
		}
		*bad = *bad || !out[used];
		used++;
	}
	out[used] = 0;
	return out;
}

/* The kind by the text in front; *text is then at the place. */
static int take_kind(const char **text, const char *all, enum store_kind *kind,
                     struct err *err)
{
	*kind = STORE_FOLDER;
	if (take_prefix(text, OUR_HOST)) {
		if (take_prefix(text, "/file/")) {
			--*text; /* the path begins at that slash */
			return 0;
		}
		if (!take_prefix(text, "/s3/"))
			return err_set(
				err, ERR_INPUT,
				"'%s': after %s comes /file/<path> or /s3/<bucket>", all,
				OUR_HOST);
		*kind = STORE_S3;
	} else if (take_prefix(text, "s3://")) {
		*kind = STORE_S3;
	} else if (take_prefix(text, "file://")) {
		if (**text != '/')
			return err_set(err, ERR_INPUT,
			               "'%s': after file:// comes an absolute path", all);
	} else {
		size_t word = strspn(*text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
		if (word && strncmp(*text + word, "://", 3) == 0)
			return err_set(
				err, ERR_INPUT,
				"'%s': no store is reached by %.*s://; use a folder or s3://<bucket>",
				all, (int)word, *text);
	}
	return 0;
}

static int parse_repo_id(const char *text, size_t n, const char *all, struct store_url *u,
                         struct err *err)
{
	char id[REPO_ID_HEX + 1] = "";

	if (n == REPO_ID_HEX)
		memcpy(id, text, REPO_ID_HEX);
	if (!key_repo_id_valid(id) || u->repo_id[0])
		return err_set(err, ERR_INPUT,
		               "'%s': repo= takes %d hexadecimal digits, once", all,
		               REPO_ID_HEX);
	memcpy(u->repo_id, id, sizeof(id));
	return 0;
}

/* An option of a bucket, once. */
static int parse_text(const char *text, size_t n, const char *all, char **out,
                      struct err *err)
{
	bool bad = n == 0;
	char *value = *out ? NULL : decoded(text, n, &bad);

	if (*out)
		return err_set(err, ERR_INPUT, "'%s': an option is there twice", all);

	if (!value)
		return err_nomem(err, "the store's URL");
	if (bad || has_bad_byte(value)) {
		free(value);
		return err_set(err, ERR_INPUT, "'%s': '%.*s' is no value of an option",
		               all, (int)n, text);
	}
	*out = value;
	return 0;
}

/* "repo=<id>&other=...": what we do not know is a newer git-zllm's. */
static int parse_options(const char *text, const char *all, struct store_url *u,
                         struct err *err)
{
	while (*text) {
		size_t n = strcspn(text, "&");
		const char *end = text + n, *value = text;
		int rc = 0;
		if (take_prefix(&value, "repo="))
			rc = parse_repo_id(value, (size_t)(end - value), all, u, err);
		else if (u->kind == STORE_S3 && take_prefix(&value, "endpoint="))
			rc = parse_text(value, (size_t)(end - value), all, &u->endpoint,
			                err);
		else if (u->kind == STORE_S3 && take_prefix(&value, "region="))
			rc = parse_text(value, (size_t)(end - value), all, &u->region,
			                err);
		if (rc)
			return rc;
		text = end + (*end == '&');
	}
	return 0;
}

static int parse_place(const char *text, size_t n, const char *all, struct store_url *u,
                       struct err *err)
{
	bool bad = false;

	u->place = decoded(text, n, &bad);
	if (!u->place)
		return err_nomem(err, "the store's URL");
	if (bad || has_bad_byte(u->place))
		return err_set(err, ERR_INPUT,
		               "'%s': no store's name has a newline or NUL in it", all);
	if (!*u->place || (u->kind == STORE_S3 && *u->place == '/'))
		return err_set(err, ERR_INPUT, "'%s' names no %s", all,
		               u->kind == STORE_S3 ? "bucket" : "folder");
	return 0;
}

int store_url_parse(const char *text, struct store_url *out, struct err *err)
{
	struct store_url u = { 0 };
	const char *rest = text;

	if (has_bad_byte(text))
		return err_set(err, ERR_INPUT, "the store's URL has a newline in it");
	take_prefix(&rest, OUR_SCHEME);
	int rc = take_kind(&rest, text, &u.kind, err);
	if (rc)
		return rc;
	size_t n = strcspn(rest, "?");
	rc = parse_place(rest, n, text, &u, err);
	if (!rc && rest[n])
		rc = parse_options(rest + n + 1, text, &u, err);
	if (rc) {
		store_url_wipe(&u);
		return rc;
	}
	*out = u;
	return 0;
}
