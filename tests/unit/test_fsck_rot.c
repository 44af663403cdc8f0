/*
 * Bit rot: one random bit of any value of a small store is turned. It is found by a deep
 * check or does no harm, none yields wrong bytes, and a repair mends each for which there is
 * a copy. ZLLM_BIT_ROT says how often (`make bit-rot`: 10 000 times).
 */
#include "tests/unit/fsck_world.h"

enum { ROUNDS = 300 };

/* The value that bit number *bit of all lies in; *bit is then its number there. */
static struct value *value_of(const struct snapshot *s, uint64_t *bit)
{
	struct value *v = s->list;

	for (; *bit >= 8 * v->bytes.size; v++)
		*bit -= 8 * v->bytes.size;
	return v;
}

/* How often one was found; and how often it did no harm. */
struct tally {
	size_t found, harmless, mended;
};

static bool is_found(const struct run *r)
{
	for (size_t i = 0; i < r->result.findings.count; i++)
		if (r->result.findings.list[i].hurts)
			return true;
	return false;
}

/* Nothing hurts, but what was mended. */
static void assert_nothing_left(const struct run *r, bool mended)
{
	for (size_t i = 0; i < r->result.findings.count; i++) {
		const struct fsck_finding *one = &r->result.findings.list[i];
		if (one->hurts && !(mended && one->repaired))
			fail_msg("%s %s: %s; %s", fsck_kind_name(one->kind), one->key,
			         one->text, one->why ? one->why : "no copy");
	}
}

/* A store that is not opened any more is found, too; one that is has the same format. */
static bool opens(struct store *s)
{
	char id[STORE_ID_HEX + 1];

	return store_format_check(s, id, NULL) == 0;
}

static void one_round(struct world *w, const struct snapshot *s, struct transfer *t,
                      struct tally *tally)
{
	bool reads[FILES], all = true;
	struct run r;

	w->store = t->store = store_of(s);
	for (int i = 0; i < FILES; i++) {
		reads[i] = reads_whole(t, &w->files[i]);
		all &= reads[i];
	}
	fsck_with(w, t, MOVE_NOTHING, &r);
	assert_int_equal(r.rc, 0);
	bool found_it = is_found(&r) || !opens(w->store);
	/* What is not found does no harm: everything reads. */
	assert_true(found_it || all);
	run_wipe(&r);
	tally->found += found_it;
	tally->harmless += !found_it;
	fsck_with(w, t, REPAIR, &r);
	tally->mended += r.mended > 0;
	assert_nothing_left(&r, true);
	run_wipe(&r);
	fsck_with(w, t, MOVE_NOTHING, &r);
	assert_nothing_left(&r, false);
	assert_int_equal(r.result.whole, FILES);
	run_wipe(&r);
	for (int i = 0; i < FILES; i++)
		assert_true(reads_whole(t, &w->files[i]));
	store_close(w->store);
}

static void each_bit_is_found_or_harmless_and_none_lies(void **state)
{
	const char *asked = getenv("ZLLM_BIT_ROT");
	size_t rounds = asked ? strtoul(asked, NULL, 10) : ROUNDS;
	struct tally tally = { 0, 0, 0 };
	uint64_t random = 20261201;
	struct snapshot s;
	struct transfer t;
	struct world w;

	(void)state;
	world_begin(&w);
	snapshot_take(&s, w.store);
	assert_int_equal(transfer_borrow(&t, w.store, 1, NULL), 0);
	struct store *first = w.store;
	for (size_t i = 0; i < rounds; i++) {
		uint64_t bit = next_random(&random);
		/* Half of them in what is small: a manifest, a head. */
		if (i % 2) {
			do
				bit = next_random(&random) % s.count;
			while (!s.list[bit].bytes.size);
			struct buf *b = &s.list[bit].bytes;
			size_t n = b->size < 256 ? b->size : 256;
			uint64_t at = next_random(&random) % (8 * n);
			b->data[at / 8] ^= (uint8_t)(1 << at % 8);
			one_round(&w, &s, &t, &tally);
			b->data[at / 8] ^= (uint8_t)(1 << at % 8);
			continue;
		}
		bit %= s.bits;
		struct value *v = value_of(&s, &bit);
		v->bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		one_round(&w, &s, &t, &tally);
		v->bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	print_message("%zu bits turned: %zu found, %zu harmless; %zu stores mended\n",
	              rounds, tally.found, tally.harmless, tally.mended);
	assert_true(tally.found > rounds / 2);
	t.store = w.store = first;
	transfer_return(&t);
	snapshot_wipe(&s);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bit_is_found_or_harmless_and_none_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
