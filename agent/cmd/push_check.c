#include "agent/cmd/push_check.h"

#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "agent/report/report.h"
#include "agent/where/store_open.h"
#include "agent/where/store_url.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/object_look.h"
#include "index/store/store.h"

enum { LINES_MAX = 20 };

static int find_paths(const struct lfs_config *config, struct git_paths *out,
                      struct err *err)
{
	int rc = git_paths_find(config, out, err);

	if (rc > 0)
		rc = err_set(err, ERR_CONFIG, "this is not inside a git repository");
	return rc;
}

bool push_check_concerns_us(const struct lfs_config *config,
                            enum endpoint_direction direction, const char *remote)
{
	struct endpoint endpoint = { 0 };
	bool ours = endpoint_find(config, direction, remote, &endpoint, NULL) == 0;

	endpoint_wipe(&endpoint);
	return ours;
}

static int open_named(const struct lfs_config *config, const struct endpoint *endpoint,
                      const struct git_paths *paths, struct store **out, struct err *err)
{
	struct store_url url = { 0 };
	struct store_context context = store_context_of(paths, config);

	if (lfs_config_from_lfsconfig(config, endpoint->key))
		context.named_by = STORE_NAMED_BY_REPOSITORY;
	int rc = store_url_parse(endpoint->url, &url, err);
	if (!rc)
		rc = store_open(&url, &context, out, err);
	store_url_wipe(&url);
	return rc;
}

int push_check_open(const struct lfs_config *config, enum endpoint_direction direction,
                    const char *remote, struct store **out, struct err *err)
{
	struct endpoint endpoint = { 0 };
	struct git_paths paths = { 0 };

	int rc = find_paths(config, &paths, err);
	if (!rc)
		rc = endpoint_find(config, direction, remote, &endpoint, err);
	if (!rc)
		rc = open_named(config, &endpoint, &paths, out, err);
	git_paths_wipe(&paths);
	endpoint_wipe(&endpoint);
	return rc;
}

/* Absent, or not whole: then it is said what is wrong. */
static int check_one(const struct transfer *t, const struct lfs_object *object,
                     struct lfs_objects *missing, struct err *err)
{
	struct err why = ERR_INIT;
	char hex[SHA256_HEX + 1];
	bool have;
	int rc = object_verify(t, &object->oid, &have, &why, err);

	if (rc || have)
		return rc;
	if (why.code) {
		oid_format(&object->oid, hex);
		report_note("object %s is not whole: %s", hex, why.text);
	}
	return lfs_objects_append(missing, object, err);
}

int push_check_run(struct store *store, const struct lfs_objects *needed,
                   struct lfs_objects *missing, struct err *err)
{
	struct transfer t;
	int rc = transfer_init(&t, store, 1, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < needed->count && !rc; i++)
		rc = check_one(&t, &needed->list[i], missing, err);
	transfer_wipe(&t);
	return rc;
}

void push_check_report(const struct store *store, const struct lfs_objects *missing)
{
	char hex[SHA256_HEX + 1];

	report_note("%zu LFS object%s not in the store at %s:", missing->count,
	            missing->count == 1 ? " is" : "s are", store->name);
	for (size_t i = 0; i < missing->count && i < LINES_MAX; i++) {
		oid_format(&missing->list[i].oid, hex);
		report_note("  %s  %s", hex, missing->list[i].path);
	}
	if (missing->count > LINES_MAX)
		report_note("  and %zu more; 'git zllm verify' lists them all",
		            missing->count - LINES_MAX);
}
