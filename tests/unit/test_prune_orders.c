/* Two prunes and a push, in every order of their steps: what a ref reaches is owned. */
#include "tests/unit/prune_world.h"

enum { STEPS_MAX = 12, ACTORS = 4 };

/* Two prunes of four steps each, a push of two, and a year that passes while nobody pushes.
 * The prunes are alike, so the first to begin is the first. */
struct play {
	struct world w;
	struct pruning prunes[2];
	bool begun[2], pushed, ref;
	unsigned at[ACTORS];
};

static const unsigned steps_of[ACTORS] = { 4, 4, 2, 1 };

static bool may_step(const struct play *p, unsigned actor)
{
	if (p->at[actor] == steps_of[actor] || (actor == 1 && p->at[0] == 0))
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
}

static void assert_owned(const struct play *p)
{
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
 * played. Its length. (All but the last of what was chosen is what was played, and looked
 * at, before.) */
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
		if (length + 1 >= n)
			assert_owned(&p);
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
			    (actor == 1 && used[0] == 0) || (actor == 3 && used[2] == 1))
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
	assert_true(orders > 40000);
}

int main(void)
{
#define RULE(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		RULE(two_prunes_and_a_push_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
