/* git zllm trust: buckets that a repository may name. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "agent/command.h"
#include "agent/git/git_refusal.h"
#include "agent/git/lfs_config.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "agent/where/endpoint.h"
#include "agent/where/store_trust.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

struct trust_options {
	bool list;
	bool remove;
};

static const struct option_spec specs[] = {
	{ "list", OPTION_FLAG, NULL, "print what is trusted",
	  offsetof(struct trust_options, list) },
	{ "remove", OPTION_FLAG, NULL, "stop trusting the store",
	  offsetof(struct trust_options, remove) },
	{ 0 },
};

static int print_trusted(void *ctx, const char *key, const char *value)
{
	(void)ctx;
	if (strcmp(key, STORE_TRUST_KEY) == 0)
		report_line("%s", value);
	return 0;
}

/* The store that is named, or the one that this repository pushes to. */
static int find_store(const struct lfs_config *config, const char *named,
                      struct store_url *out, struct err *err)
{
	struct endpoint endpoint = { 0 };
	int rc = named ? 0 : git_refusal_find(err);

	if (!named && rc >= 0)
		rc = endpoint_find(config, ENDPOINT_UPLOAD, NULL, &endpoint, err);
	if (!rc)
		rc = store_url_parse(named ? named : endpoint.url, out, err);
	endpoint_wipe(&endpoint);
	return rc;
}

static int change(const struct lfs_config *config, const struct trust_options *options,
                  const struct store_url *url, struct err *err)
{
	struct buf name = BUF_INIT;
	int rc;

	if (url->kind->guard)
		return err_set(err, ERR_INPUT, "'%s' is a %s, and %ss need no trust: %s",
		               url->place, url->kind->noun, url->kind->noun,
		               url->kind->guard);
	store_trust_name(url, &name);
	rc = options->remove ? store_trust_take(config, url, err)
	                     : store_trust_give(config, url, err);
	if (!rc)
		report_line("%s is %s", buf_text(&name),
		            options->remove ? "not trusted any more" : "trusted");
	else if (rc > 0)
		rc = err_set(err, ERR_INPUT,
		             "%s is not among the trusted: 'git zllm trust --list' "
		             "prints them",
		             buf_text(&name));
	buf_wipe(&name);
	return rc;
}

static int run(int argc, char **argv)
{
	struct trust_options options = { 0 };
	struct lfs_config *config = NULL;
	struct store_url url = { 0 };
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && (argc > 1 || (options.list && (argc || options.remove))))
		rc = err_set(&err, ERR_INPUT,
		             "trust takes one store or none, and --list takes none");
	if (!rc)
		rc = lfs_config_read(&config, &err);
	if (!rc && options.list)
		rc = lfs_config_each(config, print_trusted, NULL);
	else if (!rc)
		rc = find_store(config, argc ? argv[0] : NULL, &url, &err);
	if (!rc && !options.list)
		rc = change(config, &options, &url, &err);
	store_url_wipe(&url);
	lfs_config_free(config);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_trust = {
	.name = "trust",
	.arguments = "[--remove] [<store>] | --list",
	.summary = "allow a bucket that a repository names",
	.details =
		"A repository's .lfsconfig can name any bucket, at any endpoint. Where nothing\n"
		"of yours names it too, nothing is pushed there, and an endpoint of its own\n"
		"gets none of your credentials, until you say once that you know it. Without a\n"
		"store: the one that this repository pushes to. It is kept in your git\n"
		"configuration (zllm.trust). What 'git zllm init' was given is trusted.\n",
	.options = specs,
	.run = run,
};
