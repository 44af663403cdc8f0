/*
 * The refs of a push that nobody told us of: pre-commit tells its hooks of one, and a push
 * of several goes through with the objects of that one uploaded. Which others go along is
 * not known; that objects of theirs are in no store can be said.
 */
#ifndef ZLLM_PUSH_OTHERS_H
#define ZLLM_PUSH_OTHERS_H

struct err;
struct push_refs;
struct store;

/* Says on standard error which branches and tags of this clone need LFS objects that
 * `store` lacks and are not on `remote` yet, `told` aside, and what uploads them. */
int push_others_tell(const struct push_refs *told, const char *remote,
                     struct store *store, struct err *err);

#endif
