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
#include "codec/kernel.h"
#include "codec/rans_coder.h"
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

static void tables_fit_and_come_back(void **state)
{
	static const unsigned sizes[] = { 2, 106, 226, 256, 1024 };

	(void)state;
	for (unsigned shape = 0; shape < 70; shape++) {
		unsigned n = sizes[shape / 7 % 5];
		uint32_t counts[1024];
		uint16_t freq[1024], back[1024];
		uint8_t bytes[4096];
		unsigned sum = 0;
		counts_of(shape, counts, n);
		rans_table_fit(counts, n, freq);
		for (unsigned i = 0; i < n; i++) {
			sum += freq[i];
			assert_true(!counts[i] || freq[i]);
			assert_in_range(freq[i], 0, RANS_FREQ_MAX);
		}
		assert_int_equal(sum, RANS_SUM);
		struct bits_writer to = { .at = bytes, .end = bytes + sizeof(bytes) };
		rans_table_put(&to, freq, n);
		uint8_t *end = bits_finish(&to);
		struct bits_reader from = { .at = bytes, .end = end };
		assert_false(to.full);
		assert_true(rans_table_get(&from, back, n));
		assert_memory_equal(back, freq, n * sizeof(*freq));
		assert_ptr_equal(from.at, end);
		from = (struct bits_reader){ .at = bytes, .end = end - 1 };
		if (end - bytes > 1)
			assert_false(rans_table_get(&from, back, n));
	}
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
	assert_in_range(end - at, 256, 256 + N / 8 / 500);
}

static void wrong_states_are_refused(void **state)
{
	struct rans_reader r;
	uint8_t bytes[256] = { 0 };

	(void)state;
	assert_false(rans_coder_open(&r, bytes, sizeof(bytes), 100000)); /* below 2^15 */
	memset(bytes, 0xff, sizeof(bytes));
	assert_false(rans_coder_open(&r, bytes, sizeof(bytes), 100000)); /* above 2^31 */
	memset(bytes, 0x10, sizeof(bytes));
	assert_true(rans_coder_open(&r, bytes, sizeof(bytes), 100000));
	assert_false(rans_coder_open(&r, bytes, sizeof(bytes) - 1, 100000));
	assert_true(rans_coder_open(&r, bytes, 16, 100));
	assert_false(rans_coder_open(&r, bytes, 15, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_fit_and_come_back),
		cmocka_unit_test(kernels_divide_alike),
		cmocka_unit_test(certainty_is_free),
		cmocka_unit_test(wrong_states_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
