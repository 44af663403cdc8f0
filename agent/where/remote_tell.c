#include "agent/where/remote_tell.h"

#include "agent/git/remote_ways.h"
#include "codec/common/err.h"
#include "index/store/remote_marks.h"

static int find_ways(const struct remote_tell *t, const char *remote,
                     struct remote_ways *ways, struct err *err)
{
	const struct remote_view view = { t->config, t->root };

	return *t->repo_id ? remote_ways_add_push(ways, &view, remote, err) : 0;
}

int remote_tell(const struct remote_tell *t, const char *remote, struct err *err)
{
	struct remote_ways ways = REMOTE_WAYS_INIT;
	int rc = find_ways(t, remote, &ways, err);

	for (size_t i = 0; !rc && i < ways.count; i++)
		rc = remote_marks_put(t->store, t->repo_id, &ways.list[i].place.hash,
		                      ways.list[i].place.name, err);
	if (rc)
		err_context(err, "telling the store which remote is pushed to");
	remote_ways_wipe(&ways);
	return rc;
}

int remote_is_told(const struct remote_tell *t, const char *remote, bool *told,
                   struct err *err)
{
	struct remote_ways ways = REMOTE_WAYS_INIT;
	int rc = find_ways(t, remote, &ways, err);

	*told = true;
	for (size_t i = 0; !rc && *told && i < ways.count; i++)
		rc = remote_marks_has(t->store, t->repo_id, &ways.list[i].place.hash,
		                      told, err);
	remote_ways_wipe(&ways);
	return rc;
}
