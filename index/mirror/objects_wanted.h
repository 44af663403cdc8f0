/* Which objects a store has for who wants all of them, or those of one repository. */
#ifndef ZLLM_OBJECTS_WANTED_H
#define ZLLM_OBJECTS_WANTED_H

struct buf;
struct err;
struct store;
struct work_part;

struct objects_wanted {
	struct store *store;
	const char *repo_id;          /* only what this repository pushed; "": all */
	const struct work_part *part; /* of these; NULL: all */
};

/* Appends them, in order of their oids, each once, as struct oid: those with a live
 * manifest, and those that somebody owns and of which one lies in trash. 0; ERR_INPUT where
 * the repository owns nothing; or negative. */
int objects_wanted_list(const struct objects_wanted *w, struct buf *out, struct err *err);

#endif
