/* Tables and the coder beneath ulp and float. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/bits.h"
#include "codec/kernel/kernel.h"
#include "codec/rans_coder.h"
#include "codec/rans_roots.h"
#include "codec/rans_table.h"

enum { SYMBOLS = 256 };

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Counts of many shapes: one symbol, two, flat, steep, sparse. */
static void counts_of(unsigned shape, uint32_t *counts, unsigned n)
{
	uint64_t seed = shape;

	memset(counts, 0, n * sizeof(*counts));
	for (unsigned i = 0; i < n; i++) {
		uint32_t steep = i < 30 ? 1u << (i < 15 ? 15 - i : 0) : 0;
		uint32_t sparse = next(&seed) % 16 == 0 ? (uint32_t)(next(&seed) % 1000)
		                                        : 0;
		uint32_t shapes[] = {
			i == shape % n, i % 97 == 5, 1,
			steep,          sparse,      (uint32_t)(next(&seed) % 1000),
			i == n - 1
		};
		counts[i] = shapes[shape % 7];
	}
	counts[shape % n] += 1;
}

static void tables_fit(void **state)
{
	static const unsigned sizes[] = { 2, 106, 226, 256, 1024 };

	(void)state;
	for (unsigned shape = 0; shape < 70; shape++) {
		unsigned n = sizes[shape / 7 % 5];
		uint32_t counts[1024];
		uint16_t freq[1024];
		unsigned sum = 0;
		counts_of(shape, counts, n);
		rans_table_fit(counts, n, freq);
		for (unsigned i = 0; i < n; i++) {
			sum += freq[i];
			assert_true(!counts[i] || freq[i]);
			assert_in_range(freq[i], 0, RANS_FREQ_MAX);
		}
		assert_int_equal(sum, RANS_SUM);
	}
}

/* The rules of docs/format-ulp-float.md as they stand there. */
static void fit_by_the_book(const uint32_t *w, unsigned n, uint16_t *freq)
{
	uint64_t all = 0, others = 0, rare = 0, scale = 0;
	int sum = 0;

	for (unsigned i = 0; i < n; i++)
		all += w[i];
	for (unsigned i = 0; i < n; i++) {
		bool is_rare = w[i] > 0 && UINT64_C(2048) * w[i] < all;
		rare += is_rare;
		others += is_rare ? 0 : w[i];
	}
	scale = ((2048 - rare) << 40) / others;
	for (unsigned i = 0; i < n; i++) {
		uint64_t f = (w[i] * scale + (UINT64_C(1) << 39)) >> 40;
		freq[i] = (uint16_t)(w[i] > 0 && f == 0 ? 1 : f);
		sum += freq[i];
	}
	while (sum != 2048) {
		unsigned at = 0;
		for (unsigned i = 1; i < n; i++)
			at = freq[i] > freq[at] ? i : at;
		int step = sum < 2048 ? 2048 - sum : -1;
		freq[at] = (uint16_t)(freq[at] + step);
		sum += step;
	}
	for (unsigned i = 0; i < n; i++) {
		if (freq[i] == 2048) {
			freq[i]--;
			freq[i + 1 < n ? i + 1 : i - 1]++;
			return;
		}
	}
}

static void tables_fit_by_the_book(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		unsigned n = 2 + (unsigned)next(&seed) % (round % 8 ? 110 : 1023);
		unsigned shift = (unsigned)next(&seed) % 20;
		uint32_t counts[1025] = { 0 };
		uint16_t freq[1025], other[1025];
		if (round % 3 == 0)
			counts_of(round, counts, n);
		else /* few sizes, so that many are the largest */
			for (unsigned i = next(&seed) % n; i < n; i++)
				counts[i] = (uint32_t)(next(&seed) % 1024 *
				                       (next(&seed) % 1024)) >>
				            shift;
		counts[next(&seed) % n] += 1;
		fit_by_the_book(counts, n, other);
		rans_table_fit(counts, n, freq);
		assert_memory_equal(freq, other, n * sizeof(*freq));
	}
}

/* Bit number `i` of so many bytes: zeros after the end. */
static unsigned bit_at(const uint8_t *bytes, size_t n, size_t i)
{
	return i / 8 < n ? bytes[i / 8] >> i % 8 & 1 : 0;
}

/* Bits, and ones in a row, from any place of strings of any length, and the bytes that
 * were taken: what comes next begins there. */
static void bits_come_one_by_one(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		size_t n = next(&seed) % 40, at = 0;
		uint8_t *bytes = malloc(n + 1);
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(round % 2 ? next(&seed)
			                               : next(&seed) | next(&seed));
		uint8_t *exact = malloc(n ? n : 1);
		memcpy(exact, bytes, n);
		struct bits_reader from = { .at = exact, .end = exact + n };
		while (at <= 8 * n) {
			unsigned k = (unsigned)next(&seed) % 33, want = 0;
			unsigned how = (unsigned)next(&seed) % 3;
			if (how == 2) {
				unsigned most = 1 + (unsigned)next(&seed) % 16;
				uint32_t rest = 0, low;
				k %= 17;
				while (want < most && bit_at(bytes, n, at + want))
					want++;
				at += want + (want < most);
				for (unsigned i = 0; i < k && want < most; i++)
					rest |= bit_at(bytes, n, at + i) << i;
				at += want < most ? k : 0;
				assert_int_equal(bits_get_rice(&from, most, k, &low),
				                 want);
				if (want < most)
					assert_int_equal(low, rest);
			} else if (how == 1) {
				k %= 25;
				while (want < k && bit_at(bytes, n, at + want))
					want++;
				at += want + (want < k);
				assert_int_equal(bits_get_ones(&from, k), want);
			} else {
				for (unsigned i = 0; i < k; i++)
					want |= bit_at(bytes, n, at + i) << i;
				at += k;
				assert_int_equal(bits_get(&from, k), want);
			}
			assert_int_equal(from.bad, at > 8 * n);
			if (!from.bad)
				assert_int_equal(from.at - exact, (at + 7) / 8);
		}
		free(exact);
		free(bytes);
	}
}

/* A root is off by a half step at most, and what is stored is what comes back. */
static void roots_come_back(void **state)
{
	static const unsigned sizes[] = { 2, 106, 226, 256, 1024 };

	(void)state;
	for (unsigned shape = 0; shape < 70; shape++) {
		unsigned n = sizes[shape / 7 % 5], sum = 0;
		uint32_t counts[1024];
		uint16_t roots[1024], back[1024], freq[1024];
		uint8_t bytes[4096];
		counts_of(shape, counts, n);
		counts[shape * 31 % n] = 262144; /* as many as a frame can have */
		rans_roots_of(counts, n, roots);
		for (unsigned i = 0; i < n; i++) {
			double step = 1.5, root = step * roots[i];
			assert_true(!counts[i] == !roots[i]);
			assert_true(
				roots[i] == 1 ||
				((root - step / 2) * (root - step / 2) <= counts[i] + 1 &&
			         (root + step / 2) * (root + step / 2) + 1 >= counts[i]));
		}
		struct bits_writer to = { .at = bytes, .end = bytes + sizeof(bytes) };
		rans_roots_put(&to, roots, n);
		uint8_t *end = bits_finish(&to);
		struct bits_reader from = { .at = bytes, .end = end };
		assert_false(to.full);
		assert_true(rans_roots_get(&from, back, n));
		assert_memory_equal(back, roots, n * sizeof(*roots));
		assert_ptr_equal(from.at, end);
		from = (struct bits_reader){ .at = bytes, .end = end - 1 };
		assert_false(rans_roots_get(&from, back, n));
		rans_roots_freq(roots, n, freq);
		for (unsigned i = 0; i < n; i++) {
			sum += freq[i];
			assert_true(!roots[i] == !freq[i] || n == 2 || sum == 1);
		}
		assert_int_equal(sum, RANS_SUM);
	}
}

/* Tables that end in a zero, or reach beyond their symbols. */
static void wrong_roots_are_refused(void **state)
{
	static const uint8_t ends_in_zero[] = { 0x01, 0x00, 0x01, 0, 0 };
	static const uint8_t beyond[] = { 0x7f, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t long_run[] = { 0x02, 0x03, 0, 0, 0 };
	uint16_t roots[106];
	struct bits_reader from[] = {
		{ .at = ends_in_zero, .end = ends_in_zero + sizeof(ends_in_zero) },
		{ .at = beyond, .end = beyond + sizeof(beyond) },
		{ .at = long_run, .end = long_run + sizeof(long_run) },
	};

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_false(rans_roots_get(&from[i], roots, 106));
}

/* Every frequency, at both ends of the quotients that a state can give: vector
 * kernels divide by floats, which must be as exact as plain division. */
static void kernels_divide_alike(void **state)
{
	const struct kernel *k;
	struct rans_writer plain, other;
	static uint8_t room[1024];
	uint64_t seed = 1;

	(void)state;
	for (uint32_t freq = 1; freq <= RANS_FREQ_MAX; freq++) {
		uint32_t table[1] = { (freq / 2) << 16 | freq };
		uint16_t index[RANS_LANES] = { 0 };
		for (int round = 0; round < 8; round++) {
			for (unsigned s = 0; s < RANS_LANES; s++) {
				uint32_t top = 1u << 20, q = (uint32_t)next(&seed) % top;
				q = s % 4 == 0 ? top - 1 - s : q;
				uint64_t x = (uint64_t)q * freq + (s % 2 ? freq - 1 : 0);
				plain.x[s] = x < RANS_LOW ? RANS_LOW + (uint32_t)x
				                          : (uint32_t)x;
			}
			plain.lanes = RANS_LANES;
			for (unsigned i = 0; (k = kernel_at(i)) != NULL; i++) {
				other = plain;
				other.at = room + sizeof(room);
				k->encode(&other, table, index, 1);
				for (unsigned s = 0; s < RANS_LANES; s++) {
					uint32_t x = plain.x[s] >= freq << 20
					                     ? plain.x[s] >> 16
					                     : plain.x[s];
					assert_int_equal(other.x[s],
					                 (x / freq << RANS_BITS) +
					                         x % freq + freq / 2);
				}
			}
		}
	}
}

/* The bits of a symbol that always comes are nearly none. */
static void certainty_is_free(void **state)
{
	enum { N = 100000 };
	static uint16_t index[N];
	static uint8_t room[2 * N + 4096];
	uint32_t counts[SYMBOLS] = { [7] = N }, table[SYMBOLS];
	uint16_t freq[SYMBOLS];

	(void)state;
	for (int i = 0; i < N; i++)
		index[i] = 7;
	rans_table_fit(counts, SYMBOLS, freq);
	rans_table_encoder(freq, SYMBOLS, table);
	uint8_t *end = room + sizeof(room);
	uint8_t *at = rans_coder_write(kernel_best(), table, index, N, end);
	assert_in_range(end - at, 64, 256 + N / 8 / 500);
}

static void wrong_states_are_refused(void **state)
{
	struct rans_reader r;
	uint8_t bytes[256] = { 0 };

	(void)state;
	/* below 2^15 */
	assert_false(rans_coder_open_v1(&r, bytes, sizeof(bytes), 100000));
	memset(bytes, 0xff, sizeof(bytes));
	/* above 2^31 */
	assert_false(rans_coder_open_v1(&r, bytes, sizeof(bytes), 100000));
	memset(bytes, 0x10, sizeof(bytes));
	assert_true(rans_coder_open_v1(&r, bytes, sizeof(bytes), 100000));
	assert_false(rans_coder_open_v1(&r, bytes, sizeof(bytes) - 1, 100000));
	assert_true(rans_coder_open_v1(&r, bytes, 16, 100));
	assert_false(rans_coder_open_v1(&r, bytes, 15, 100));
}

/* Whatever the bits, states are in range; but there must be enough of them. */
static void states_are_read_by_their_length(void **state)
{
	static const uint8_t short_ones[10] = { 0 };
	struct rans_reader r;
	uint8_t ones[64 * 34 / 8];

	(void)state;
	assert_false(rans_coder_open(&r, short_ones, 9, 100));
	assert_true(rans_coder_open(&r, short_ones, 10, 100)); /* 4 of 19 bits */
	assert_int_equal(r.x[3], RANS_LOW);
	memset(ones, 0xff, sizeof(ones));
	assert_false(rans_coder_open(&r, ones, sizeof(ones) - 1, 100000));
	assert_true(rans_coder_open(&r, ones, sizeof(ones), 100000));
	assert_int_equal(r.x[63], 0x7fffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_fit),
		cmocka_unit_test(tables_fit_by_the_book),
		cmocka_unit_test(bits_come_one_by_one),
		cmocka_unit_test(roots_come_back),
		cmocka_unit_test(wrong_roots_are_refused),
		cmocka_unit_test(kernels_divide_alike),
		cmocka_unit_test(certainty_is_free),
		cmocka_unit_test(wrong_states_are_refused),
		cmocka_unit_test(states_are_read_by_their_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
