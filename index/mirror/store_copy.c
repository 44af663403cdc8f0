#include "index/mirror/store_copy.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/record_map.h"
#include "index/blob/transfer.h"
#include "index/manifest/annex_claim.h"
#include "index/mirror/blob_copy.h"
#include "index/mirror/object_copy.h"
#include "index/mirror/objects_wanted.h"
#include "index/store/remote_marks.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/work/blob_set.h"
#include "index/work/lanes.h"
#include "index/work/term.h"
#include "index/work/work_watch.h"

/* Objects with records that are copied at once: of each, one large extent (content_hash.h)
 * and several small ones. */
enum { LARGE_AT_ONCE = 4 };

struct copying {
	const struct store_copy_request *request;
	struct buf wanted; /* oids */
	struct blob_set
		*listed; /* objects whose manifest the target has, whatever it is */
	struct blob_copy *blobs;
	struct record_map *records; /* of the target, where it is remote; else NULL */

	pthread_mutex_t lock;  /* guards all below */
	struct blob_set *done; /* objects that the target has, or that failed */
	size_t large;          /* those that the first pass left to the second */
	uint64_t large_bytes;  /* of these */
	struct store_copy_result result;
};

/* ---------------------------------------------------------------- listings */

/* "owners/", or those of one repository. */
static void owner_prefix(const struct store_copy_request *request, char prefix[KEY_MAX])
{
	const char *end = *request->repo_id ? "/" : "";

	snprintf(prefix, KEY_MAX, "owners/%.*s%s", REPO_ID_HEX, request->repo_id, end);
}

static int note_listed(void *ctx, const struct store_entry *entry)
{
	struct copying *c = ctx;
	struct oid oid;

	if (!key_parse_object(entry->key, &oid))
		return 0;
	int rc = blob_set_add(c->listed, &oid, NULL);
	return rc < 0 ? rc : 0;
}

static const struct oid *wanted_at(const struct copying *c, size_t i)
{
	return (const struct oid *)(const void *)c->wanted.data + i;
}

/* ---------------------------------------------------------------- markers */

/* Empty keys under a prefix that the target lacks. */
struct markers {
	struct copying *copying;
	struct buf keys; /* each with its NUL */
};

static int note_marker(void *ctx, const struct store_entry *entry)
{
	struct markers *m = ctx;
	const char *wanted = m->copying->request->repo_id;
	char repo[REPO_ID_HEX + 1];
	struct key_marker base;
	struct oid owned;
	struct key_annex annex;
	struct oid content;

	if (key_parse_owner(entry->key, repo, &owned) &&
	    !work_part_has(&m->copying->request->part, owned.bytes))
		return 0;
	if (*wanted && key_parse_name(entry->key, repo) && strcmp(repo, wanted) != 0)
		return 0; /* another repository's name */
	if (key_parse_marker(entry->key, &base) &&
	    !blob_set_has(m->copying->done, &base.object) &&
	    !blob_set_has(m->copying->listed, &base.object))
		return 0; /* of an object that was not to be copied */
	if (key_parse_annex(entry->key, &annex, &content) &&
	    !blob_set_has(m->copying->done, &content))
		return 0;
	if (!entry->size)
		buf_add(&m->keys, entry->key, strlen(entry->key) + 1);
	return m->keys.failed ? ERR_NOMEM : 0;
}

/* `own` and what the target has, both in the order of keys: what is only in `own` is
 * put. */
static int put_missing(struct copying *c, const struct buf *own, const struct buf *had,
                       struct err *err)
{
	const char *key = (const char *)own->data, *key_end = key + own->size;
	const char *at = (const char *)had->data, *at_end = at + had->size;
	int rc = 0;

	while (key < key_end && !rc) {
		int order = at < at_end ? strcmp(key, at) : -1;
		if (order < 0)
			rc = store_put_all(c->request->to, key, "", 0, err);
		if (order <= 0)
			key += strlen(key) + 1;
		if (order >= 0)
			at += strlen(at) + 1;
	}
	return rc;
}

/* What is owned in the target came by a remote whose marker the target has, as in the
 * source: so those are read after the owners were listed, and put before these. */
static int copy_remotes(struct copying *c, const struct buf *keys, struct err *err)
{
	const char *key = (const char *)keys->data, *end = key + keys->size;
	char repo[REPO_ID_HEX + 1], last[REPO_ID_HEX + 1] = "";
	struct oid oid;
	int rc = 0;

	for (; !rc && key < end; key += strlen(key) + 1) {
		if (!key_parse_owner(key, repo, &oid) || strcmp(repo, last) == 0 ||
		    annex_claim_is(repo)) /* which no remote can drop */
			continue;
		memcpy(last, repo, sizeof(last));
		rc = remote_marks_copy(c->request->from->store, c->request->to, repo,
		                       err);
	}
	return rc;
}

static int copy_markers(struct copying *c, const char *prefix, struct err *err)
{
	struct markers own = { c, BUF_INIT }, had = { c, BUF_INIT };
	int rc = store_list(c->request->from->store, prefix, note_marker, &own, err);

	if (!rc)
		rc = copy_remotes(c, &own.keys, err);
	if (!rc)
		rc = store_list(c->request->to, prefix, note_marker, &had, err);
	if (!rc)
		rc = put_missing(c, &own.keys, &had.keys, err);
	buf_wipe(&own.keys);
	buf_wipe(&had.keys);
	return rc;
}

/* ---------------------------------------------------------------- objects */

/* Counts and tells. */
static int note_end(struct copying *c, const struct oid *oid,
                    const struct object_copied *copied, const struct err *failure,
                    struct err *err)
{
	pthread_mutex_lock(&c->lock);
	if (failure)
		c->result.failed++;
	else if (copied->there)
		c->result.there++;
	else
		c->result.copied++;
	c->result.mended += copied->mended;
	c->result.bytes += copied->bytes;
	if (failure || !copied->there)
		c->request->told(c->request->ctx, oid, copied->size, failure);
	int rc = blob_set_add(c->done, oid, err);
	pthread_mutex_unlock(&c->lock);
	return rc < 0 ? rc : 0;
}

static int copy_and_tell(struct copying *c, const struct object_copy *how,
                         const struct oid *oid, struct err *err)
{
	struct err failure = ERR_INIT;
	struct object_copied copied;

	pthread_mutex_lock(&c->lock);
	bool done = blob_set_has(c->done, oid);
	pthread_mutex_unlock(&c->lock);
	if (done)
		return 0;
	int rc = object_copy(how, oid, blob_set_has(c->listed, oid), &copied, &failure);
	/* A gc beside us may have moved what was being read; it is elsewhere now. */
	for (int again = 0; again < 2 && rc == ERR_MISSING; again++) {
		failure = (struct err)ERR_INIT;
		rc = object_copy(how, oid, blob_set_has(c->listed, oid), &copied,
		                 &failure);
	}
	if (rc > 0) {
		pthread_mutex_lock(&c->lock);
		c->large++;
		c->large_bytes += copied.size;
		pthread_mutex_unlock(&c->lock);
		return 0;
	}
	if (!rc || object_copy_is_its_fault(rc))
		return note_end(c, oid, &copied, rc ? &failure : NULL, err);
	*err = failure;
	return rc;
}

static int copy_small(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct copying *c = ctx;
	struct object_copy how = {
		.from = c->request->from,
		.to = c->request->to,
		.blobs = c->blobs,
		.listed = c->records,
		.lanes = 1,
		.pass = COPY_SMALL,
	};

	(void)lane;
	work_watch_came(c->request->watch, 1);
	return copy_and_tell(c, &how, wanted_at(c, i), err);
}

/* How many objects with records to copy at once. */
static unsigned large_at_once(const struct copying *c)
{
	size_t most = c->request->from->lanes < LARGE_AT_ONCE ? c->request->from->lanes
	                                                      : LARGE_AT_ONCE;

	return (unsigned)(c->large < most ? c->large : most);
}

static int copy_large(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct copying *c = ctx;
	struct object_copy how = {
		.from = c->request->from,
		.to = c->request->to,
		.blobs = c->blobs,
		.listed = c->records,
		.lanes = c->request->from->lanes / large_at_once(c),
		.pass = COPY_LARGE,
		.watch = c->request->watch,
	};

	(void)lane;
	return copy_and_tell(c, &how, wanted_at(c, i), err);
}

/* ---------------------------------------------------------------- the whole */

static int copy_objects(struct copying *c, struct err *err)
{
	struct lanes_work work = { .count = c->wanted.size / sizeof(struct oid),
		                   .task = copy_small,
		                   .ctx = c };
	const struct work_watch *watch = c->request->watch;

	work_watch_step(watch, "looking at objects", WORK_THINGS, work.count);
	int rc = lanes_run(c->request->from->lanes, &work, err);

	work.task = copy_large;
	work_watch_step(watch, "copying", WORK_BYTES, c->large_bytes);
	return rc ? rc : lanes_run(large_at_once(c), &work, err);
}

static int copy_all(struct copying *c, struct err *err)
{
	char owners[KEY_MAX];
	const struct objects_wanted wanted = { c->request->from->store,
		                               c->request->repo_id, &c->request->part };
	int rc = objects_wanted_list(&wanted, &c->wanted, err);

	owner_prefix(c->request, owners);
	if (!rc)
		rc = store_list(c->request->to, "objects/", note_listed, c, err);
	if (!rc)
		rc = copy_markers(c, owners, err);
	if (!rc)
		rc = copy_objects(c, err);
	if (!rc)
		rc = copy_markers(c, "bases/", err);
	if (!rc)
		rc = copy_markers(c, "names/", err);
	return rc || *c->request->repo_id ? rc : copy_markers(c, "annexes/", err);
}

/* One round. */
static int copy_once(const struct store_copy_request *request,
                     struct store_copy_result *out, struct err *err)
{
	struct copying c = { .request = request, .wanted = BUF_INIT };
	int rc = blob_set_new(&c.done, err);

	if (!rc)
		rc = blob_set_new(&c.listed, err);
	if (!rc)
		rc = blob_copy_new(request->from, request->to, &c.blobs, err);
	if (!rc && request->to->remote)
		rc = record_map_new(request->to, &c.records, err);
	if (!rc) {
		uint64_t bytes;
		pthread_mutex_init(&c.lock, NULL);
		rc = copy_all(&c, err);
		pthread_mutex_destroy(&c.lock);
		blob_copy_count(c.blobs, &c.result.records, &bytes);
		c.result.bytes += bytes;
	}
	*out = c.result;
	blob_copy_free(c.blobs);
	record_map_free(c.records);
	blob_set_free(c.done);
	blob_set_free(c.listed);
	buf_wipe(&c.wanted);
	return rc;
}

/* What was copied in an earlier round is there in this one. */
static void add_round(struct store_copy_result *sum, const struct store_copy_result *one)
{
	sum->copied += one->copied;
	sum->failed = one->failed;
	sum->mended += one->mended;
	sum->records += one->records;
	sum->bytes += one->bytes;
}

enum { ROUNDS = 3 };

int store_copy(const struct store_copy_request *request, struct store_copy_result *out,
               struct err *err)
{
	struct term term = { .seconds = request->grace };
	int rc = 0;

	*out = (struct store_copy_result){ 0 };
	for (int round = 0; round < ROUNDS; round++) {
		struct store_copy_result one;
		term_begin(&term);
		rc = copy_once(request, &one, err);
		if (round)
			add_round(out, &one);
		else
			*out = one;
		if (rc || !term_over(&term))
			return rc;
	}
	return err_set(
		err, ERR_IO,
		"the copy took longer than the grace period (%lld s) three times, so "
		"a gc of store %s may have taken away what it relied upon; raise "
		"zllm.gc.grace, for that gc too",
		(long long)term.seconds, request->to->name);
}
