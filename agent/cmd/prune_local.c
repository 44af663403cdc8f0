#include "agent/cmd/prune_local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "agent/where/connection.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_look.h"
#include "index/manifest/object_proof.h"
#include "index/work/lanes.h"
#include "index/work/work_watch.h"

static void keep(struct prune_candidate *c, const char *why)
{
	free(c->why);
	c->why = strdup(why);
	c->state = COPY_KEPT;
}

/* Whether its records make up the object. A reading store alone counts, no cache. */
static int read_it(const struct transfer *t, const struct oid *oid, bool *have,
                   struct err *why, struct err *err)
{
	enum object_verdict verdict = OBJECT_RECORDS_WRONG;
	struct object_judge nobody = { NULL, NULL };
	struct manifest m;
	int rc = manifest_get(t->store, oid, manifest_parse_places, &m, why);

	*have = false;
	if (rc == 1 || rc == ERR_DAMAGED)
		return 0;
	if (rc) {
		*err = *why;
		return rc;
	}
	rc = object_prove(t, &m, &nobody, &verdict, err);
	manifest_wipe(&m);
	*have = !rc && verdict == OBJECT_PROVED;
	if (!rc && !*have)
		err_set(why, ERR_DAMAGED, "the store's copy is not whole");
	return rc;
}

struct proving {
	const struct prune_request *request;
	struct transfer transfer; /* a view: one lane for each of many objects */
};

static int prove_one(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct proving *p = ctx;
	struct prune_candidate *c = &p->request->list[i];
	char *path = git_paths_lfs_object(&p->request->connection->paths, &c->oid);
	struct object_asked asked = { &c->oid, NULL };
	struct err why = ERR_INIT;
	struct stat st;
	bool have = false;

	(void)lane;
	work_watch_came(p->request->watch, 1);
	if (!path)
		return err_nomem(err, "a path");
	bool local = lstat(path, &st) == 0 && S_ISREG(st.st_mode);
	free(path);
	if (!local)
		return 0;
	c->size = (uint64_t)st.st_size;
	int rc = p->request->proof == PROOF_READ
	                 ? read_it(&p->transfer, &c->oid, &have, &why, err)
	                 : object_look(&p->transfer, &asked, &have, &why, err);
	if (!rc && have)
		c->state = COPY_PROVED;
	else if (!rc)
		keep(c, why.code ? why.text : "the store does not have it");
	return rc;
}

int prune_local_prove(const struct prune_request *request, struct err *err)
{
	const struct transfer *t = &request->connection->transfer;
	bool deep = request->proof == PROOF_READ;
	struct proving p = { request, transfer_view(t, deep ? t->lanes : 1, NULL) };
	struct lanes_work work = { request->count, prove_one, NULL, &p };

	p.transfer.cache = NULL;
	work_watch_step(request->watch,
	                deep ? "reading the store's copies" : "asking the store",
	                WORK_THINGS, request->count);
	return lanes_run(deep ? 1 : t->lanes, &work, err);
}

void prune_local_drop(const struct prune_request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		struct prune_candidate *c = &request->list[i];
		if (c->state != COPY_PROVED)
			continue;
		char *path = git_paths_lfs_object(&request->connection->paths, &c->oid);
		if (path && (unlink(path) == 0 || errno == ENOENT))
			c->state = COPY_DROPPED;
		else
			keep(c, path ? strerror(errno) : "out of memory");
		free(path);
	}
}
