/*
 * The golden stores (tests/golden/README.md), one after another, each as a copy in a folder
 * of its own, with what its list says of its objects; and what tests do with it.
 */
#ifndef ZLLM_TESTS_GOLDEN_STORE_COPY_H
#define ZLLM_TESTS_GOLDEN_STORE_COPY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "codec/common/hex.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/manifest_store.h"
#include "index/manifest/object_proof.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "tests/golden/golden_store.h"
#include "tests/unit/scratch_folder.h"

#define GOLDEN_STORES "tests/golden/stores"

enum { GOLDEN_OBJECTS_MAX = 64 };

enum golden_fate {
	GOLDEN_KEPT,    /* somebody needs it */
	GOLDEN_DROPPED, /* its owner is in trash: it can be brought back */
	GOLDEN_GIVEN_UP /* nobody needs it any more */
};

struct golden_object {
	struct oid oid;
	enum golden_fate fate;
};

struct golden_copy {
	unsigned number;
	char folder[SCRATCH_MAX];
	struct store *store;
	struct transfer transfer;
	struct golden_object objects[GOLDEN_OBJECTS_MAX];
	size_t count;
};

/* ---------------------------------------------------------------- the copy */

static inline enum golden_fate golden_fate_of(const char *word)
{
	static const char *const words[] = { "kept", "dropped", "given-up" };

	for (int i = 0; i <= GOLDEN_GIVEN_UP; i++)
		if (!strcmp(word, words[i]))
			return (enum golden_fate)i;
	fail_msg("a list says '%s'", word);
	return GOLDEN_KEPT;
}

static inline void golden_read_list(struct golden_copy *c)
{
	char path[256], hex[128], fate[32];

	snprintf(path, sizeof(path), GOLDEN_STORES "/%u.tsv", c->number);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fscanf(f, "%127s %31s%*[^\n]", hex, fate) == 2) {
		assert_true(c->count < GOLDEN_OBJECTS_MAX);
		struct golden_object *o = &c->objects[c->count++];
		assert_true(hex_parse(hex, SHA256_SIZE, o->oid.bytes));
		o->fate = golden_fate_of(fate);
	}
	fclose(f);
	assert_true(c->count >= 10);
}

/* False when there is no store of that number: they begin with 1, and none is left out. */
static inline bool golden_copy_open(struct golden_copy *c, unsigned number)
{
	static const struct store_folder_modes modes = { 0444, 0755 };
	char command[2 * SCRATCH_MAX + 64], from[64];

	*c = (struct golden_copy){ .number = number };
	snprintf(from, sizeof(from), GOLDEN_STORES "/%u", number);
	if (access(from, F_OK))
		return false;
	scratch_folder_new(c->folder);
	snprintf(command, sizeof(command), "cp -R %s/. %s", from, c->folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(chmod(c->folder, 0755), 0);
	assert_int_equal(store_folder_open(c->folder, &modes, &c->store, NULL), 0);
	assert_int_equal(transfer_init(&c->transfer, c->store, 1, NULL), 0);
	c->transfer.repo_id = GOLDEN_OURS;
	golden_read_list(c);
	return true;
}

static inline void golden_copy_close(struct golden_copy *c)
{
	transfer_wipe(&c->transfer);
	store_close(c->store);
	scratch_folder_remove(c->folder);
}

/* Does so with a fresh copy of each store. */
static inline void with_each_golden_store(void (*task)(struct golden_copy *c))
{
	struct golden_copy c;
	unsigned number = 1;

	for (; golden_copy_open(&c, number); number++) {
		task(&c);
		golden_copy_close(&c);
	}
	if (number == 1)
		fail_msg("no " GOLDEN_STORES "/1 (tests run in the project's folder)");
}

/* ---------------------------------------------------------------- what is there */

/* Whether a reader gets it, whole. */
static inline bool golden_reads(const struct golden_copy *c, const struct oid *oid)
{
	const struct object_judge nobody = { NULL, NULL };
	enum object_verdict verdict = OBJECT_MANIFEST_FALSE;
	struct err err = ERR_INIT;
	struct manifest m;

	if (manifest_recall(c->store, oid, manifest_parse, &m, &err))
		return false;
	int rc = object_prove(&c->transfer, &m, &nobody, &verdict, &err);
	if (rc || verdict != OBJECT_PROVED)
		print_message("not whole: %s\n", err.text);
	manifest_wipe(&m);
	return rc == 0 && verdict == OBJECT_PROVED;
}

/* Whether it has a live manifest. */
static inline bool golden_is_live(const struct golden_copy *c, const struct oid *oid)
{
	struct manifest m;

	if (manifest_get(c->store, oid, manifest_parse, &m, NULL))
		return false;
	manifest_wipe(&m);
	return true;
}

struct golden_sum {
	uint64_t count, bytes;
};

static inline int golden_add_entry(void *ctx, const struct store_entry *entry)
{
	struct golden_sum *sum = ctx;

	sum->count++;
	sum->bytes += entry->size;
	return 0;
}

static inline struct golden_sum golden_sum_of(const struct golden_copy *c,
                                              const char *prefix)
{
	struct golden_sum sum = { 0, 0 };

	assert_int_equal(store_list(c->store, prefix, golden_add_entry, &sum, NULL), 0);
	return sum;
}

#endif
