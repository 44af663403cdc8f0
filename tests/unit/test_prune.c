/*
 * The owners' layer: what no ref reaches goes to trash, owns there, comes back when it is
 * reached again, and expires else; with every call of the store failing in turn, and with
 * two prunes and a push in every order.
 */
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
#include "index/store/remote_marks.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/store/trash_keys.h"
#include "tests/unit/store_faulty.h"

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
static void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->clock = 1000000;
	assert_int_equal(store_memory_new(&w->store, NULL), 0);
	store_memory_clock(w->store, &w->clock);
	w->transfer = (struct transfer){ .store = w->store, .lanes = 1, .repo_id = ours };
}

static void world_close(struct world *w)
{
	store_close(w->store);
}

static int begin(void **state)
{
	struct world *w = malloc(sizeof(*w));

	*state = w;
	if (w)
		world_open(w);
	return w ? 0 : -1;
}

static int end(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

/* ---------------------------------------------------------------- the words of the tests */

/* Objects are called by letters, in order of their oids. */
static struct oid letter(char c)
{
	struct oid oid;

	memset(oid.bytes, 0x10 * (c - 'a' + 1) + 1, sizeof(oid.bytes));
	return oid;
}

static int put_owner(struct store *s, const char *repo, char c)
{
	struct oid oid = letter(c);
	char key[KEY_MAX];

	key_owner(repo, &oid, key);
	return store_put_all(s, key, NULL, 0, NULL);
}

static void own(struct world *w, const char *repo, const char *letters)
{
	for (; *letters; letters++)
		assert_int_equal(put_owner(w->store, repo, *letters), 0);
}

static void put_manifests(struct world *w, const char *letters)
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

static int note(void *ctx, const struct store_entry *entry)
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

static struct found find(struct store *s, const char *repo)
{
	struct found f = { .repo = repo };

	assert_int_equal(store_list(s, "", note, &f, NULL), 0);
	return f;
}

/* "a: live, 1 in trash, 1 traces" of each letter that has anything, as "a1.1.1 ". */
static void assert_found(struct world *w, const char *repo, const char *expected)
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

static void note_failure(void *ctx, const struct err *err)
{
	struct pruning *p = ctx;

	assert_true(*err->text);
	p->failures++;
}

static int prune_starts(struct pruning *p, struct world *w, struct store *s)
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

static void prune_reads_refs(struct pruning *p, const char *letters)
{
	for (; *letters; letters++)
		p->reached[p->count++] = letter(*letters);
}

static int prune_looks(struct pruning *p)
{
	struct prune_request request = { .repo_id = ours,
		                         .way = p->way,
		                         .reached = p->reached,
		                         .reached_count = p->count,
		                         .expire = p->expire };

	return prune_look(&p->prune, &p->run, &request, NULL);
}

static void prune_ends(struct pruning *p)
{
	prune_wipe(&p->prune);
	gc_run_wipe(&p->run);
}

/* All of it; the result of the first step that failed. */
static int prune_on(struct world *w, struct store *s, const char *reached, unsigned flags)
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

static void prune(struct world *w, const char *reached)
{
	assert_int_equal(prune_on(w, w->store, reached, 0), 0);
}

static int bring_back(struct world *w, const char *letters)
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

/* ---------------------------------------------------------------- what is done */

static void what_no_ref_reaches_goes_to_trash_and_others_are_left(void **state)
{
	struct world *w = *state;

	own(w, ours, "abc");
	own(w, theirs, "abc");
	prune(w, "b");
	assert_found(w, ours, "a0.1.0 b1.0.0 c0.1.0 ");
	assert_found(w, theirs, "a1.0.0 b1.0.0 c1.0.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MOVED].count, 2);
	prune(w, "b"); /* and again nothing */
	assert_found(w, ours, "a0.1.0 b1.0.0 c0.1.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MOVED].count, 0);
}

static void a_marker_expires_after_its_time_and_leaves_a_trace(void **state)
{
	struct world *w = *state;

	own(w, ours, "ab");
	own(w, theirs, "a");
	prune(w, "b");
	w->clock += EXPIRE;
	prune(w, "b"); /* whole seconds: one more is sure */
	assert_found(w, ours, "a0.1.0 b1.0.0 ");
	w->clock += 1;
	prune(w, "b");
	assert_found(w, ours, "a0.0.1 b1.0.0 ");
	assert_found(w, theirs, "a1.0.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_DESTROYED].count, 1);
	assert_int_equal(w->counts.of[GC_TRACES][GC_MADE].count, 1);
	w->clock += 10 * EXPIRE;
	prune(w, "b");
	assert_found(w, ours, "a0.0.1 b1.0.0 ");
}

static void a_branch_that_returns_in_time_costs_nothing(void **state)
{
	struct world *w = *state;

	own(w, ours, "a");
	prune(w, "");
	assert_found(w, ours, "a0.1.0 ");
	w->clock += EXPIRE / 2;
	prune(w, "a");
	assert_found(w, ours, "a1.1.0 "); /* the entry stays */
	w->clock += GRACE;
	prune(w, "a");
	assert_found(w, ours, "a1.1.0 "); /* the live one is young */
	w->clock += GRACE;
	prune(w, "a");
	assert_found(w, ours, "a1.0.0 ");
}

static void the_last_prune_reads_the_refs_again(void **state)
{
	struct world *w = *state;

	own(w, ours, "a");
	prune(w, "");
	w->clock += 10 * EXPIRE;
	prune(w, "a");
	assert_found(w, ours, "a1.1.0 ");
}

static void time_in_trash_counts_from_the_last_time(void **state)
{
	struct world *w = *state;

	own(w, ours, "a");
	prune(w, "");
	w->clock += EXPIRE / 2;
	prune(w, "a");
	prune(w, "");
	assert_found(w, ours, "a0.2.0 ");
	w->clock += EXPIRE / 2 + 10; /* the first entry is older than that */
	prune(w, "");
	assert_found(w, ours, "a0.2.0 ");
	w->clock += EXPIRE / 2;
	prune(w, "");
	assert_found(w, ours, "a0.0.1 ");
}

static void nothing_expires_before_the_grace_period_and_a_step(void **state)
{
	struct world *w = *state;
	struct pruning p;

	own(w, ours, "a");
	prune(w, "");
	for (int64_t passed = 0; passed <= GRACE + GRACE / 24; passed++, w->clock++) {
		assert_int_equal(prune_starts(&p, w, w->store), 0);
		p.expire = 1;
		assert_int_equal(prune_looks(&p), 0);
		assert_int_equal(p.prune.of[PRUNE_WAITS], 1);
		assert_true(prune_time_left(&p.prune, &p.run, &p.prune.list[0]) > 0);
		prune_ends(&p);
	}
	assert_int_equal(prune_starts(&p, w, w->store), 0);
	p.expire = 1;
	assert_int_equal(prune_looks(&p), 0);
	assert_int_equal(p.prune.of[PRUNE_EXPIRES], 1);
	prune_ends(&p);
}

static void what_expired_is_owned_again_while_it_is_there(void **state)
{
	struct world *w = *state;
	char key[KEY_MAX], trash[KEY_MAX];
	struct oid b = letter('b');

	own(w, ours, "abc");
	put_manifests(w, "ab");
	prune(w, "");
	w->clock += 2 * EXPIRE;
	prune(w, "");
	assert_found(w, ours, "a0.0.1 b0.0.1 c0.0.1 ");
	key_object(&b, key);
	assert_int_equal(store_set_aside(w->store, key, trash, NULL), 0);
	prune(w, "abc");
	assert_found(w, ours, "a1.0.1 b1.0.1 c0.0.1 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MADE].count, 2);
}

static void undelete_brings_back_and_does_nothing_else(void **state)
{
	struct world *w = *state;

	own(w, ours, "abc");
	put_manifests(w, "de");
	prune(w, "c");
	w->clock += 10 * EXPIRE; /* a prune would destroy both */
	assert_int_equal(bring_back(w, "ad"), 0);
	assert_found(w, ours, "a1.1.0 b0.1.0 c1.0.0 d1.0.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_RESTORED].count, 1);
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MADE].count, 1);
	assert_int_equal(w->counts.of[GC_OWNERS][GC_DESTROYED].count, 0);
}

static void a_dry_run_touches_nothing(void **state)
{
	struct world *w = *state;

	own(w, ours, "abc");
	prune(w, "bc");
	w->clock += 10 * EXPIRE;
	assert_int_equal(prune_on(w, w->store, "b", GC_DRY_RUN), 0);
	assert_found(w, ours, "a0.1.0 b1.0.0 c1.0.0 ");
	assert_int_equal(w->counts.of[GC_OWNERS][GC_MOVED].count, 1);
	assert_int_equal(w->counts.of[GC_OWNERS][GC_DESTROYED].count, 1);
	assert_int_equal(w->counts.of[GC_TRACES][GC_MADE].count, 1);
}

/* ---------------------------------------------------------------- faults */

/* Every fate at once: a moves, b expires, c returns, d is cleared, e is adopted. */
static void make_every_fate(struct world *w)
{
	own(w, ours, "bcde");
	put_manifests(w, "abcde");
	prune(w, "bcd"); /* e */
	w->clock += 2 * EXPIRE;
	prune(w, "bcd"); /* e is a trace */
	prune(w, "");    /* b, c, d */
	prune(w, "d");
	w->clock += 2 * EXPIRE;
	own(w, ours, "a");
	assert_found(w, ours, "a1.0.0 b0.1.0 c0.1.0 d1.1.0 e0.0.1 ");
}

/* What b gave up has a trace, or is still owned; all else is owned. */
static void assert_nothing_lost(struct store *s)
{
	struct found f = find(s, ours);

	for (int i = 0; i < LETTERS - 1; i++)
		assert_true(f.live[i] || f.entries[i] || (i == 1 && f.traces[i]));
}

static uint64_t fail_each_call(enum store_fault fault)
{
	const unsigned keep = FAULT_KEEP_INNER;
	uint64_t points = 0;
	bool hit = true;

	for (uint64_t nth = 1; hit; nth++) {
		struct store_fault_plan plan = { fault, nth };
		struct store *faulty;
		struct world w;
		world_open(&w);
		make_every_fate(&w);
		assert_int_equal(store_faulty_new(w.store, plan, keep, &faulty, NULL), 0);
		(void)prune_on(&w, faulty, "cde", 0);
		hit = store_faulty_calls(faulty) >= nth;
		store_close(faulty);
		assert_nothing_lost(w.store);
		prune(&w, "cde"); /* the same command again completes it */
		struct found f = find(w.store, ours);
		assert_true(!f.live[0] && f.entries[0] == 1);
		assert_true(!f.live[1] && !f.entries[1] && f.traces[1]);
		assert_true(f.live[2] && f.live[3] && f.live[4]);
		world_close(&w);
		points += hit;
	}
	return points;
}

static void every_call_may_fail(void **state)
{
	uint64_t points = 0;

	(void)state;
	points += fail_each_call(FAULT_FAIL);
	points += fail_each_call(FAULT_LOSE_REPLY);
	points += fail_each_call(FAULT_CRASH);
	print_message("%llu points of failure\n", (unsigned long long)points);
	assert_true(points > 30);
}

/* ---------------------------------------------------------------- every order */

enum { STEPS_MAX = 12, ACTORS = 4 };

/* Two prunes of four steps each, a push of two, and a year that passes while nobody pushes. */
struct play {
	struct world w;
	struct pruning prunes[2];
	bool begun[2], pushed, ref;
	unsigned at[ACTORS];
};

static const unsigned steps_of[ACTORS] = { 4, 4, 2, 1 };

static bool may_step(const struct play *p, unsigned actor)
{
	if (p->at[actor] == steps_of[actor])
		return false;
	return actor != 3 || p->at[2] != 1; /* a push takes less than the grace period */
}

static void prune_steps(struct play *p, unsigned i)
{
	struct pruning *one = &p->prunes[i];

	switch (p->at[i]) {
	case 0:
		assert_int_equal(prune_starts(one, &p->w, p->w.store), 0);
		p->begun[i] = true;
		break;
	case 1:
		prune_reads_refs(one, p->ref ? "a" : "");
		break;
	case 2:
		assert_int_equal(prune_looks(one), 0);
		break;
	default:
		assert_int_equal(prune_act(&one->prune, &one->run, NULL), 0);
	}
}

static void step(struct play *p, unsigned actor)
{
	if (actor < 2)
		prune_steps(p, actor);
	else if (actor == 3)
		p->w.clock += 10 * EXPIRE;
	else if (p->at[2] == 0)
		assert_int_equal(put_owner(p->w.store, ours, 'a'), 0);
	else
		p->ref = true;
	p->at[actor]++;
	struct found f = find(p->w.store, ours);
	if (p->ref && !f.live[0] && !f.entries[0])
		fail_msg("a ref reaches what nobody owns");
}

enum start { START_LIVE, START_TRASH, START_BOTH, START_NONE, STARTS };

static void play_begin(struct play *p, enum start start)
{
	memset(p, 0, sizeof(*p));
	world_open(&p->w);
	if (start == START_LIVE || start == START_TRASH || start == START_BOTH)
		own(&p->w, ours, "a");
	if (start == START_TRASH || start == START_BOTH)
		prune(&p->w, "");
	p->w.clock += 10 * EXPIRE;
	if (start == START_BOTH)
		own(&p->w, ours, "a");
}

static void play_end(struct play *p)
{
	for (int i = 0; i < 2; i++)
		if (p->begun[i])
			prune_ends(&p->prunes[i]);
	world_close(&p->w);
}

/* Plays `order`, as far as it was chosen, and then the first of each choice; writes what was
 * played. Its length. */
static unsigned play(enum start start, const unsigned *chosen, unsigned n,
                     unsigned played[STEPS_MAX])
{
	struct play p;
	unsigned length = 0;

	play_begin(&p, start);
	for (;; length++) {
		unsigned actor = length < n ? chosen[length] : 0;
		while (actor < ACTORS && !may_step(&p, actor))
			actor++;
		if (actor == ACTORS)
			break;
		step(&p, actor);
		played[length] = actor;
	}
	play_end(&p);
	return length;
}

/* The next order after `played` that differs at the last place where it can; 0: none. */
static unsigned next_order(const unsigned *played, unsigned length,
                           unsigned chosen[STEPS_MAX])
{
	for (unsigned at = length; at-- > 0;) {
		unsigned used[ACTORS] = { 0 };
		for (unsigned i = 0; i < at; i++)
			used[played[i]]++;
		for (unsigned actor = played[at] + 1; actor < ACTORS; actor++) {
			if (used[actor] == steps_of[actor] ||
			    (actor == 3 && used[2] == 1))
				continue;
			memcpy(chosen, played, at * sizeof(*chosen));
			chosen[at] = actor;
			return at + 1;
		}
	}
	return 0;
}

static void two_prunes_and_a_push_in_any_order(void **state)
{
	size_t orders = 0;

	(void)state;
	for (int start = 0; start < STARTS; start++) {
		unsigned chosen[STEPS_MAX], played[STEPS_MAX], n = 0;
		do {
			unsigned length = play((enum start)start, chosen, n, played);
			n = next_order(played, length, chosen);
			orders++;
		} while (n);
	}
	print_message("%zu orders\n", orders);
	assert_true(orders > 10000);
}

/* ---------------------------------------------------------------- remotes */

static struct oid place(uint8_t n)
{
	struct oid oid;

	memset(oid.bytes, n, sizeof(oid.bytes));
	return oid;
}

static struct remote_marks read_marks(struct store *s, const char *repo)
{
	struct remote_marks m;

	assert_int_equal(remote_marks_read(s, repo, &m, NULL), 0);
	return m;
}

static void remotes_are_known_from_the_first_owner_on(void **state)
{
	struct world *w = *state;
	struct oid one = place(1), two = place(2), three = place(3);

	assert_int_equal(remote_marks_put(w->store, ours, &one, "org/one", NULL), 0);
	own(w, ours, "a");
	assert_int_equal(remote_marks_put(w->store, ours, &two, "org/two", NULL), 0);
	struct remote_marks m = read_marks(w->store, ours);
	assert_true(m.whole);
	assert_int_equal(m.count, 2);
	assert_string_equal(remote_marks_find(&m, &two)->name, "org/two");
	assert_null(remote_marks_find(&m, &three));
	assert_int_equal(remote_marks_forget(w->store, ours, m.list[0].url, NULL), 0);
	remote_marks_wipe(&m);
	m = read_marks(w->store, ours);
	assert_int_equal(m.count, 1);
	remote_marks_wipe(&m);
}

static void a_store_from_before_does_not_know_them_all(void **state)
{
	struct world *w = *state;
	struct oid one = place(1);

	own(w, ours, "a");
	assert_int_equal(remote_marks_put(w->store, ours, &one, "org/one", NULL), 0);
	struct remote_marks m = read_marks(w->store, ours);
	assert_false(m.whole);
	assert_int_equal(m.count, 1);
	remote_marks_wipe(&m);
	assert_int_equal(remote_marks_say_whole(w->store, ours, NULL), 0);
	m = read_marks(w->store, ours);
	assert_true(m.whole);
	remote_marks_wipe(&m);
}

static void a_copy_knows_what_its_source_knows(void **state)
{
	struct world *w = *state, other;
	struct oid one = place(1), two = place(2);
	struct remote_marks m;

	world_open(&other);
	assert_int_equal(remote_marks_put(w->store, ours, &one, "org/one", NULL), 0);
	assert_int_equal(remote_marks_copy(w->store, other.store, ours, NULL), 0);
	m = read_marks(other.store, ours);
	assert_true(m.whole && m.count == 1);
	assert_string_equal(m.list[0].name, "org/one");
	remote_marks_wipe(&m);

	own(w, theirs, "a"); /* a repository from before there were markers */
	assert_int_equal(remote_marks_put(other.store, theirs, &two, "org/two", NULL), 0);
	m = read_marks(other.store, theirs);
	assert_true(m.whole);
	remote_marks_wipe(&m);
	assert_int_equal(remote_marks_copy(w->store, other.store, theirs, NULL), 0);
	m = read_marks(other.store, theirs);
	assert_true(!m.whole && m.count == 1);
	remote_marks_wipe(&m);
	world_close(&other);
}

static void a_name_that_another_wrote_is_only_a_name(void **state)
{
	struct world *w = *state;
	char text[2 * REMOTE_MARK_NAME], key[KEY_MAX];
	struct oid one = place(1);

	memset(text, 'x', sizeof(text));
	key_remote(ours, &one, key);
	assert_int_equal(store_put_all(w->store, key, text, sizeof(text), NULL), 0);
	struct remote_marks m = read_marks(w->store, ours);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.list[0].name, "");
	remote_marks_wipe(&m);
}

int main(void)
{
#define RULE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		RULE(what_no_ref_reaches_goes_to_trash_and_others_are_left),
		RULE(a_marker_expires_after_its_time_and_leaves_a_trace),
		RULE(a_branch_that_returns_in_time_costs_nothing),
		RULE(the_last_prune_reads_the_refs_again),
		RULE(time_in_trash_counts_from_the_last_time),
		RULE(nothing_expires_before_the_grace_period_and_a_step),
		RULE(what_expired_is_owned_again_while_it_is_there),
		RULE(undelete_brings_back_and_does_nothing_else),
		RULE(a_dry_run_touches_nothing),
		RULE(every_call_may_fail),
		RULE(two_prunes_and_a_push_in_any_order),
		RULE(remotes_are_known_from_the_first_owner_on),
		RULE(a_store_from_before_does_not_know_them_all),
		RULE(a_copy_knows_what_its_source_knows),
		RULE(a_name_that_another_wrote_is_only_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
