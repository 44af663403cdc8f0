/* What people know objects by: their size, and the path and commit of their push, from their
 * manifests, live or in trash. */
#ifndef ZLLM_GC_FACTS_H
#define ZLLM_GC_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

struct err;
struct json;
struct transfer;

struct gc_fact {
	struct oid oid;
	bool known;    /* it has a manifest that can be read */
	uint64_t size; /* bytes of the object */
	char *path, *commit; /* owned; NULL: not told by whoever pushed, or not asked */
};

struct gc_facts {
	struct gc_fact *list; /* owned */
	size_t count;
	uint64_t bytes; /* of all that are known */
};

enum { GC_FACTS_TOLD = 200 }; /* so many are listed with paths; of others the size is read */

/* Adds an object, of which nothing is known yet. */
int gc_facts_add(struct gc_facts *f, const struct oid *oid, struct err *err);

/* Reads them, many at once: of the first `told` all, of the others the size. */
int gc_facts_read(struct gc_facts *f, const struct transfer *t, size_t told,
                  struct err *err);
void gc_facts_wipe(struct gc_facts *f);

/* Prints a line: oid, size, path and commit. */
void gc_fact_tell(const struct gc_fact *fact, const char *suffix);

/* The same as a member of JSON. */
struct json *gc_fact_json(const struct gc_fact *fact);

#endif
