/*
 * A store in memory with owners' markers, a clock that the test turns, and a prune in its
 * steps.
 *
 *     own(w, ours, "ab"); prune(w, "a"); assert_found(w, ours, "a1.0.0 b0.1.0 ");
 */
#ifndef ZLLM_TEST_PRUNE_WORLD_H
#define ZLLM_TEST_PRUNE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/gc/gc_run.h"
#include "index/gc/prune.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/store/trash_keys.h"

enum { GRACE = 100, EXPIRE = 1000, LETTERS = 5 };

static const char ours[] = "0123456789abcdef0123456789abcdef";
static const char theirs[] = "fedcba9876543210fedcba9876543210";

struct world {
	struct store *store;
	struct transfer transfer;
	int64_t clock;
	struct gc_counts counts; /* of the last prune */
};

/* Thousands of worlds: a prune of one lane starts no threads. */
static inline void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->clock = 1000000;
	assert_int_equal(store_memory_new(&w->store, NULL), 0);
	store_memory_clock(w->store, &w->clock);
	w->transfer = (struct transfer){ .store = w->store, .lanes = 1, .repo_id = ours };
}

static inline void world_close(struct world *w)
{
	store_close(w->store);
}

static inline int begin(void **state)
{
	struct world *w = malloc(sizeof(*w));

	*state = w;
	if (w)
		world_open(w);
	return w ? 0 : -1;
}

static inline int end(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

/* ---------------------------------------------------------------- the words of the tests */

/* Objects are called by letters, in order of their oids. */
static inline struct oid letter(char c)
{
	struct oid oid;

	memset(oid.bytes, 0x10 * (c - 'a' + 1) + 1, sizeof(oid.bytes));
	return oid;
}

static inline int put_owner(struct store *s, const char *repo, char c)
{
	struct oid oid = letter(c);
	char key[KEY_MAX];

	key_owner(repo, &oid, key);
	return store_put_all(s, key, NULL, 0, NULL);
}

static inline void own(struct world *w, const char *repo, const char *letters)
{
	for (; *letters; letters++)
		assert_int_equal(put_owner(w->store, repo, *letters), 0);
}

static inline void put_manifests(struct world *w, const char *letters)
{
	for (; *letters; letters++) {
		struct oid oid = letter(*letters);
		char key[KEY_MAX];
		key_object(&oid, key);
		assert_int_equal(store_put_all(w->store, key, "m", 1, NULL), 0);
	}
}

struct found {
	unsigned live[LETTERS], entries[LETTERS], traces[LETTERS];
	const char *repo;
};

static inline int note(void *ctx, const struct store_entry *entry)
{
	struct found *f = ctx;
	char repo[REPO_ID_HEX + 1];
	struct trash_key trash;
	struct oid oid;

	if (key_parse_owner(entry->key, repo, &oid) && !strcmp(repo, f->repo))
		f->live[oid.bytes[0] / 0x10 - 1]++;
	if (!trash_key_parse(entry->key, &trash) || strcmp(trash.repo, f->repo) != 0)
		return 0;
	if (trash.kind == TRASH_OWNER)
		f->entries[trash.id.bytes[0] / 0x10 - 1]++;
	if (trash.kind == TRASH_EXPIRED)
		f->traces[trash.id.bytes[0] / 0x10 - 1]++;
	return 0;
}

static inline struct found find(struct store *s, const char *repo)
{
	struct found f = { .repo = repo };

	assert_int_equal(store_list(s, "", note, &f, NULL), 0);
	return f;
}

/* "a: live, 1 in trash, 1 traces" of each letter that has anything, as "a1.1.1 ". */
static inline void assert_found(struct world *w, const char *repo, const char *expected)
{
	struct found f = find(w->store, repo);
	struct buf text = BUF_INIT;

	for (int i = 0; i < LETTERS; i++)
		if (f.live[i] || f.entries[i] || f.traces[i])
			buf_addf(&text, "%c%u.%u.%u ", 'a' + i, f.live[i], f.entries[i],
			         f.traces[i]);
	assert_string_equal(buf_text(&text), expected);
	buf_wipe(&text);
}

/* A prune in its steps. */
struct pruning {
	struct gc_run run;
	struct prune prune;
	struct oid reached[LETTERS];
	size_t count;
	enum prune_way way;
	int64_t expire;
	struct transfer transfer;
	uint64_t failures;
};

static inline void note_failure(void *ctx, const struct err *err)
{
	struct pruning *p = ctx;

	assert_true(*err->text);
	p->failures++;
}

static inline int prune_starts(struct pruning *p, struct world *w, struct store *s)
{
	memset(p, 0, sizeof(*p));
	p->expire = EXPIRE;
	p->transfer = w->transfer;
	p->transfer.store = s;
	gc_run_begin(&p->run, &p->transfer);
	p->run.listener.failed = note_failure;
	p->run.listener.ctx = p;
	return gc_ages_begin(&p->run.ages, s, GRACE, NULL);
}

static inline void prune_reads_refs(struct pruning *p, const char *letters)
{
	for (; *letters; letters++)
		p->reached[p->count++] = letter(*letters);
}

static inline int prune_looks(struct pruning *p)
{
	struct prune_request request = { .repo_id = ours,
		                         .way = p->way,
		                         .reached = p->reached,
		                         .reached_count = p->count,
		                         .expire = p->expire };

	return prune_look(&p->prune, &p->run, &request, NULL);
}

static inline void prune_ends(struct pruning *p)
{
	prune_wipe(&p->prune);
	gc_run_wipe(&p->run);
}

/* All of it; the result of the first step that failed. */
static inline int prune_on(struct world *w, struct store *s, const char *reached, unsigned flags)
{
	struct pruning p;
	int rc = prune_starts(&p, w, s);

	p.run.flags = flags;
	prune_reads_refs(&p, reached);
	if (!rc)
		rc = prune_looks(&p);
	if (!rc)
		rc = prune_act(&p.prune, &p.run, NULL);
	w->counts = p.run.counts;
	if (!rc && p.failures)
		rc = ERR_IO;
	prune_ends(&p);
	return rc;
}

static inline void prune(struct world *w, const char *reached)
{
	assert_int_equal(prune_on(w, w->store, reached, 0), 0);
}

static inline int bring_back(struct world *w, const char *letters)
{
	struct pruning p;
	int rc = prune_starts(&p, w, w->store);

	p.way = PRUNE_BRING_BACK;
	prune_reads_refs(&p, letters);
	if (!rc)
		rc = prune_looks(&p);
	if (!rc)
		rc = prune_act(&p.prune, &p.run, NULL);
	w->counts = p.run.counts;
	prune_ends(&p);
	return rc;
}

#endif
