/*
 * What a mirror has to bring though it is out of sight: a gc may have moved an object's
 * manifest, or a prune its owner's marker, just when somebody pushed the object again
 * (docs/store.md, "gc"). The next run gives it back; until then readers look into trash/,
 * and a mirror is one.
 */
#ifndef ZLLM_TRASH_WANTED_H
#define ZLLM_TRASH_WANTED_H

struct buf;
struct err;
struct store;

/* Appends the objects, each a struct oid, some perhaps twice: where `repo_id` is "", those
 * whose manifest is in trash and which anybody owns, by a marker that is live or in trash;
 * else those that this repository owns by a marker in trash. To be asked after the live
 * ones were listed. 0 or negative. */
int trash_wanted_add(struct store *s, const char *repo_id, struct buf *oids,
                     struct err *err);

#endif
