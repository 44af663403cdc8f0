#include "agent/where/store_trust.h"

#include <stdio.h>
#include <string.h>

#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/report/shell_word.h"
#include "agent/where/store_context.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

static void add_escaped(const char *text, struct buf *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text; text++) {
		uint8_t byte = (uint8_t)*text;
		if (byte > 32 && byte != 127 && !strchr("%?&#", *text)) {
			buf_add_u8(out, byte);
			continue;
		}
		buf_add_u8(out, '%');
		buf_add_u8(out, (uint8_t)digits[byte >> 4]);
		buf_add_u8(out, (uint8_t)digits[byte & 15]);
	}
}

/* The option that says to whom requests go; NULL: the kind has none. */
static const struct store_kind_option *leading_option(const struct store_kind *kind)
{
	for (const struct store_kind_option *o = kind->options; o->name; o++)
		if (o->leads)
			return o;
	return NULL;
}

/* Its value in the URL, or NULL. */
static const char *leading_value(const struct store_url *url)
{
	const struct store_kind_option *option = leading_option(url->kind);

	return option ? store_url_option(url, option->name) : NULL;
}

void store_trust_name(const struct store_url *url, struct buf *out)
{
	const char *value = leading_value(url);

	buf_addf(out, "%s://", url->kind->scheme);
	add_escaped(url->place, out);
	if (value) {
		buf_addf(out, "?%s=", leading_option(url->kind)->name);
		add_escaped(value, out);
	}
}

static size_t without_slashes(const char *text)
{
	size_t n = strlen(text);

	while (n && text[n - 1] == '/')
		n--;
	return n;
}

/* Whether `place` is `trusted` or lies below it. */
static bool covers(const char *trusted, const char *place)
{
	size_t n = without_slashes(trusted);

	return strncmp(trusted, place, n) == 0 && (!place[n] || place[n] == '/');
}

/* Whether two endpoints are the same, final slashes aside; NULL: none. */
static bool same_endpoint(const char *a, const char *b)
{
	size_t n = a ? without_slashes(a) : 0, m = b ? without_slashes(b) : 0;

	return n == m && (n == 0 || strncmp(a, b, n) == 0);
}

/* Whether who trusts the one trusts the other. */
static bool includes(const struct store_url *trusted, const struct store_url *wanted)
{
	return trusted->kind == wanted->kind && covers(trusted->place, wanted->place) &&
	       same_endpoint(leading_value(trusted), leading_value(wanted));
}

static int look_at(void *ctx, const char *key, const char *value)
{
	const struct store_url *wanted = ctx;
	struct store_url trusted;
	struct err ignored = ERR_INIT;

	if (strcmp(key, STORE_TRUST_KEY) != 0 ||
	    store_url_parse(value, &trusted, &ignored))
		return 0;
	bool yes = includes(&trusted, wanted);
	store_url_wipe(&trusted);
	return yes;
}

/* .lfsconfig cannot say it: of that file only git-lfs's own keys are taken. */
bool store_trust_given(const struct lfs_config *config, const struct store_url *url)
{
	struct store_url wanted = *url;

	return config && lfs_config_each(config, look_at, &wanted) == 1;
}

static int not_trusted(const struct store_url *url, const struct store_context *context,
                       const char *what, struct err *err)
{
	bool annex = context->named_by == STORE_NAMED_BY_ANNEX;
	struct buf name = BUF_INIT, word = BUF_INIT;

	store_trust_name(url, &name);
	shell_word_add(&word, buf_text(&name));
	int rc = err_set(err, ERR_CONFIG,
	                 "this repository's %s names the store %s, and nothing "
	                 "of yours does: %s; to allow it, run: git zllm trust %s",
	                 annex ? "git-annex branch" : ".lfsconfig", buf_text(&name), what,
	                 buf_text(&word));
	buf_wipe(&word);
	buf_wipe(&name);
	return rc;
}

int store_trust_check(const struct store_url *url, const struct store_context *context,
                      const char *own, struct err *err)
{
	const char *leading = leading_value(url);
	char what[64];

	if (context->named_by == STORE_NAMED_BY_USER ||
	    store_trust_given(context->config, url))
		return 0;
	if (leading && !(own && same_endpoint(own, leading))) {
		snprintf(what, sizeof(what), "no credentials are sent to that %s",
		         leading_option(url->kind)->name);
		return not_trusted(url, context, what, err);
	}
	if (context->use == STORE_TO_WRITE)
		return not_trusted(url, context, "nothing is pushed there", err);
	return 0;
}

int store_trust_give(const struct lfs_config *config, const struct store_url *url,
                     struct err *err)
{
	struct buf name = BUF_INIT;
	int status = 0, rc = 0;

	if (store_trust_given(config, url))
		return 0;
	store_trust_name(url, &name);
	const char *argv[] = { "git",           "config",        "--global", "--add",
		               STORE_TRUST_KEY, buf_text(&name), NULL };
	rc = name.failed ? err_nomem(err, "a store's name")
	                 : git_run(argv, NULL, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_CONFIG, "git cannot write %s to your configuration",
		             STORE_TRUST_KEY);
	buf_wipe(&name);
	return rc;
}

/* The value in the configuration that means this very store. */
struct own_value {
	const struct store_url *url;
	const char *value;
};

static int find_value(void *ctx, const char *key, const char *value)
{
	struct own_value *own = ctx;
	struct store_url trusted;
	struct err ignored = ERR_INIT;

	if (strcmp(key, STORE_TRUST_KEY) != 0 ||
	    store_url_parse(value, &trusted, &ignored))
		return 0;
	if (includes(&trusted, own->url) && includes(own->url, &trusted))
		own->value = value;
	store_url_wipe(&trusted);
	return 0;
}

int store_trust_take(const struct lfs_config *config, const struct store_url *url,
                     struct err *err)
{
	struct own_value own = { url, NULL };
	int status = 0;

	lfs_config_each(config, find_value, &own);
	if (!own.value)
		return 1;
	const char *argv[] = { "git",           "config",      "--global",
		               "--fixed-value", "--unset-all", STORE_TRUST_KEY,
		               own.value,       NULL };
	int rc = git_run(argv, NULL, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_CONFIG,
		             "git cannot take %s '%s' from your configuration",
		             STORE_TRUST_KEY, own.value);
	return rc;
}
