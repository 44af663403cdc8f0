#include "agent/where/store_url.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/hex.h"

#define OUR_SCHEME "zllm::"
#define OUR_HOST "https://zllm.invalid"

void store_url_wipe(struct store_url *u)
{
	free(u->place);
	for (size_t i = 0; i < STORE_KIND_OPTIONS; i++)
		free(u->options[i]);
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

/* ---------------------------------------------------------------- kinds */

/* How a kind's place is written. */
typedef void kind_form(const struct store_kind *kind, struct buf *out);

static void host_form(const struct store_kind *kind, struct buf *out)
{
	buf_addf(out, "/%s/<%s>", kind->scheme, kind->place);
}

static void example_form(const struct store_kind *kind, struct buf *out)
{
	buf_add_str(out, kind->example);
}

/* "a folder, s3://<bucket> or ...": what could stand there instead. */
static int not_among(kind_form *form, struct buf *words, struct err *err)
{
	const struct store_kind *kind;

	for (size_t i = 0; (kind = store_kind_at(i)); i++) {
		if (i)
			buf_add_str(words, store_kind_at(i + 1) ? ", " : " or ");
		form(kind, words);
	}
	return err_set(err, ERR_INPUT, "%s", buf_text(words));
}

static int no_such_host_path(const char *all, struct err *err)
{
	struct buf words = BUF_INIT;

	buf_addf(&words, "'%s': after %s comes ", all, OUR_HOST);
	int rc = not_among(host_form, &words, err);
	buf_wipe(&words);
	return rc;
}

static int no_such_scheme(const char *scheme, size_t n, const char *all, struct err *err)
{
	struct buf words = BUF_INIT;

	buf_addf(&words, "'%s': unknown kind of store '%.*s://'; use ", all, (int)n,
	         scheme);
	int rc = not_among(example_form, &words, err);
	buf_wipe(&words);
	return rc;
}

/* "/SCHEME/place", of our host. */
static int take_host_path(const char **text, const char *all,
                          const struct store_kind **kind, struct err *err)
{
	size_t n = **text == '/' ? strcspn(*text + 1, "/") : 0;

	*kind = n && (*text)[1 + n] ? store_kind_find(*text + 1, n) : NULL;
	if (!*kind)
		return no_such_host_path(all, err);
	*text += 1 + n + ((*kind)->is_path ? 0 : 1); /* a path begins at that slash */
	return 0;
}

/* The kind by the text in front; *text is then at the place. */
static int take_kind(const char **text, const char *all, const struct store_kind **kind,
                     struct err *err)
{
	if (take_prefix(text, OUR_HOST))
		return take_host_path(text, all, kind, err);
	size_t n = strspn(*text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
	if (!n || strncmp(*text + n, "://", 3) != 0) {
		*kind = store_kind_at(0);
		return 0;
	}
	*kind = store_kind_find(*text, n);
	if (!*kind)
		return no_such_scheme(*text, n, all, err);
	*text += n + 3;
	if ((*kind)->is_path && **text != '/')
		return err_set(err, ERR_INPUT, "'%s': after %s:// comes an absolute path",
		               all, (*kind)->scheme);
	return 0;
}

/* ---------------------------------------------------------------- options */

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

/* An option of the kind, once. */
static int parse_text(const char *text, size_t n, const char *all, char **out,
                      struct err *err)
{
	bool bad = n == 0;
	char *value = *out ? NULL : decoded(text, n, &bad);

	if (*out)
		return err_set(err, ERR_INPUT, "'%s': an option is given twice", all);

	if (!value)
		return err_nomem(err, "the store's URL");
	if (bad || has_bad_byte(value)) {
		free(value);
		return err_set(err, ERR_INPUT,
		               "'%s': invalid value '%.*s' for an option: it is empty or "
		               "has a newline or NUL in it",
		               all, (int)n, text);
	}
	*out = value;
	return 0;
}

/* Which option of the kind "name=value" is; STORE_KIND_OPTIONS: none. *text is then at
 * the value. */
static size_t take_option(const char **text, const struct store_kind *kind)
{
	size_t n = strcspn(*text, "=&");

	for (size_t i = 0; (*text)[n] == '=' && kind->options[i].name; i++)
		if (strlen(kind->options[i].name) == n &&
		    memcmp(*text, kind->options[i].name, n) == 0) {
			*text += n + 1;
			return i;
		}
	return STORE_KIND_OPTIONS;
}

/* "repo=<id>&other=...": what we do not know is a newer git-zllm's. */
static int parse_options(const char *text, const char *all, struct store_url *u,
                         struct err *err)
{
	while (*text) {
		const char *end = text + strcspn(text, "&"), *value = text;
		bool is_repo = take_prefix(&value, "repo=");
		size_t i = is_repo ? STORE_KIND_OPTIONS : take_option(&value, u->kind);
		size_t n = (size_t)(end - value);
		int rc = 0;
		if (is_repo)
			rc = parse_repo_id(value, n, all, u, err);
		else if (i < STORE_KIND_OPTIONS)
			rc = parse_text(value, n, all, &u->options[i], err);
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
		               "'%s': a store's name cannot have a newline or NUL in it",
		               all);
	if (!*u->place || (!u->kind->is_path && *u->place == '/'))
		return err_set(err, ERR_INPUT, "'%s' names no %s", all, u->kind->noun);
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

const char *store_url_option(const struct store_url *u, const char *name)
{
	for (size_t i = 0; u->kind->options[i].name; i++)
		if (strcmp(u->kind->options[i].name, name) == 0)
			return u->options[i];
	return NULL;
}

int store_url_path(const struct store_url *u, const char *root, struct buf *out,
                   struct err *err)
{
	const char *place = u->place;

	if (place[0] == '~' && (!place[1] || place[1] == '/')) {
		const char *home = getenv("HOME");
		if (!home || !*home)
			return err_set(err, ERR_CONFIG, "'%s': HOME is not set", place);
		buf_add_str(out, home);
		place++;
	} else if (place[0] != '/' && root) {
		buf_addf(out, "%s/", root);
	}
	buf_add_str(out, place);
	buf_text(out);
	return out->failed ? err_nomem(err, "the store's path") : 0;
}
