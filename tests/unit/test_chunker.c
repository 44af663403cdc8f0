/* Cuts: known for a known input, within limits, and moving with the content. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "index/model/chunker.h"

enum { MIB = 1024 * 1024, CUTS_MAX = 4096 };

/* SplitMix64; also the rule that the gear table comes from. */
static uint64_t next_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static uint8_t *random_bytes(size_t n, uint64_t seed)
{
	uint8_t *bytes = malloc(n);

	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(next_random(&seed) >> 56);
	return bytes;
}

/* The cuts of all `n` bytes, as offsets. */
static size_t cut_all(const uint8_t *bytes, size_t n, size_t cuts[CUTS_MAX],
                      size_t (*cut)(const uint8_t *, size_t))
{
	size_t count = 0;

	for (size_t at = 0; at < n; cuts[count++] = at) {
		assert_true(count < CUTS_MAX);
		at += cut(bytes + at, n - at);
	}
	return count;
}

/* The rule of docs/format-manifest.md once more, in the fewest words. */
static size_t naive_cut(const uint8_t *bytes, size_t n)
{
	uint64_t gear[256], seed = 0, hash = 0;

	for (int i = 0; i < 256; i++)
		gear[i] = next_random(&seed);
	for (size_t i = CHUNK_MIN; i < n && i < CHUNK_MAX; i++) {
		hash = 2 * hash + gear[bytes[i]];
		if (hash >> (i < CHUNK_AVERAGE ? 42 : 46) == 0)
			return i + 1;
	}
	return n < CHUNK_MAX ? n : CHUNK_MAX;
}

static void cuts_follow_the_documented_rule(void **state)
{
	(void)state;
	size_t cuts[CUTS_MAX], naive[CUTS_MAX];
	uint8_t *bytes = random_bytes(40 * MIB, 7);
	size_t count = cut_all(bytes, 40 * MIB, cuts, chunk_cut);

	assert_int_equal(cut_all(bytes, 40 * MIB, naive, naive_cut), count);
	assert_memory_equal(cuts, naive, count * sizeof(cuts[0]));
	free(bytes);
}

/* The same file must be cut in the same places forever. */
static void cuts_of_a_known_input_are_known(void **state)
{
	(void)state;
	static const size_t known[] = { 1550334, 2735607, 4111084, 5447347,
		                        5716059, 6669035, 7921761, 8388608 };
	size_t cuts[CUTS_MAX];
	uint8_t *bytes = random_bytes(8 * MIB, 1);
	size_t count = cut_all(bytes, 8 * MIB, cuts, chunk_cut);

	assert_int_equal(count, sizeof(known) / sizeof(known[0]));
	assert_memory_equal(cuts, known, sizeof(known));
	free(bytes);
}

static void chunks_keep_their_limits_and_their_average(void **state)
{
	(void)state;
	enum { SIZE = 96 * MIB };
	size_t cuts[CUTS_MAX];
	uint8_t *bytes = random_bytes(SIZE, 3);
	size_t count = cut_all(bytes, SIZE, cuts, chunk_cut);

	for (size_t i = 0; i < count; i++) {
		size_t size = cuts[i] - (i ? cuts[i - 1] : 0);
		assert_true(size <= CHUNK_MAX);
		assert_true(size > CHUNK_MIN || i == count - 1);
	}
	assert_in_range(SIZE / count, CHUNK_AVERAGE * 3 / 4, CHUNK_AVERAGE * 3 / 2);
	free(bytes);
}

static void one_byte_repeated_is_cut_at_the_most(void **state)
{
	(void)state;
	uint8_t *bytes = malloc(CHUNK_MAX + 1);

	assert_non_null(bytes);
	for (int b = 0; b < 256; b += 51) {
		memset(bytes, b, CHUNK_MAX + 1);
		assert_int_equal(chunk_cut(bytes, CHUNK_MAX + 1), CHUNK_MAX);
	}
	free(bytes);
}

static void short_ends_are_one_chunk(void **state)
{
	(void)state;
	static const size_t sizes[] = { 1,
		                        2,
		                        CHUNK_MIN - 1,
		                        CHUNK_MIN,
		                        CHUNK_MIN + 1,
		                        CHUNK_AVERAGE,
		                        CHUNK_AVERAGE + 1,
		                        CHUNK_MAX };
	uint8_t *bytes = calloc(1, CHUNK_MAX);

	assert_non_null(bytes);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(chunk_cut(bytes, sizes[i]), sizes[i]);
	free(bytes);
}

static void bytes_beyond_the_most_do_not_matter(void **state)
{
	(void)state;
	uint8_t *bytes = random_bytes(2 * (size_t)CHUNK_MAX, 11);

	for (size_t at = 0; at < CHUNK_MAX; at += 99991)
		assert_int_equal(chunk_cut(bytes + at, 2 * (size_t)CHUNK_MAX - at),
		                 chunk_cut(bytes + at, CHUNK_MAX));
	free(bytes);
}

static void inserted_bytes_do_not_move_the_cuts_behind_them(void **state)
{
	(void)state;
	enum { SIZE = 32 * MIB };
	static const size_t shifts[] = { 1, 63, 4096, 300001 };
	size_t cuts[CUTS_MAX], moved[CUTS_MAX];
	uint8_t *bytes = random_bytes(SIZE + 300001, 5);
	uint8_t *tail = bytes + 300001;
	size_t count = cut_all(tail, SIZE, cuts, chunk_cut);

	for (size_t s = 0; s < sizeof(shifts) / sizeof(shifts[0]); s++) {
		size_t n = cut_all(tail - shifts[s], SIZE + shifts[s], moved, chunk_cut);
		size_t same = 0;
		for (size_t i = 0, j = 0; i < count && j < n;) {
			size_t at = moved[j] - shifts[s];
			same += cuts[i] == at;
			if (cuts[i] <= at)
				i++;
			else
				j++;
		}
		assert_true(same >= count * 3 / 4);
	}
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_follow_the_documented_rule),
		cmocka_unit_test(cuts_of_a_known_input_are_known),
		cmocka_unit_test(chunks_keep_their_limits_and_their_average),
		cmocka_unit_test(one_byte_repeated_is_cut_at_the_most),
		cmocka_unit_test(short_ends_are_one_chunk),
		cmocka_unit_test(bytes_beyond_the_most_do_not_matter),
		cmocka_unit_test(inserted_bytes_do_not_move_the_cuts_behind_them),
	};

	return cmocka_run_group_tests_name("chunker", tests, NULL, NULL);
}
