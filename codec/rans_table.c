/*
 * How version 1 of coded frames has its frequencies, and how all forms
 * deal 2^11 slots out by counts.
 */
#include "codec/rans_table.h"

#include <string.h>

#include "codec/bits.h"
#include "codec/rice.h"

/* What is known while the frequencies of a table are read. */
struct walk {
	unsigned left;     /* of the sum */
	unsigned mean;     /* of distances of late, times 2 */
	unsigned run_mean; /* of runs of zeros, times 2 */
};

static const struct walk walk_start = { RANS_SUM, RICE_MEAN_FIRST, RICE_MEAN_FIRST };

static unsigned guess(const uint16_t *freq, unsigned i)
{
	return i < 2 ? 0 : (freq[i - 1] + freq[i - 2] + 1u) / 2;
}

static bool in_run(const uint16_t *freq, unsigned i)
{
	return i == 0 || (i >= 2 && freq[i - 1] == 0 && freq[i - 2] == 0);
}

bool rans_table_get(struct bits_reader *from, uint16_t *freq, unsigned n)
{
	struct walk w = walk_start;
	unsigned i = 0;

	memset(freq, 0, n * sizeof(*freq));
	for (; i < n && w.left > 0; i++) {
		unsigned f;
		if (in_run(freq, i)) {
			unsigned run = rice_get(from, w.run_mean);
			rice_follow(&w.run_mean, run);
			if (run >= n - i)
				return false;
			i += run;
			f = rice_get(from, w.mean) + 1;
			rice_follow(&w.mean, f);
		} else {
			unsigned v = rice_get(from, w.mean);
			rice_follow(&w.mean, v);
			f = rice_unfold(v, guess(freq, i));
		}
		if (f > w.left || f > RANS_FREQ_MAX || from->bad)
			return false;
		freq[i] = (uint16_t)f;
		w.left -= f;
	}
	return w.left == 0;
}

static unsigned largest(const uint16_t *freq, unsigned n)
{
	unsigned most = 0;

	for (unsigned i = 0; i < n; i++)
		most = freq[i] > most ? freq[i] : most;
	return most;
}

/* Rounds `room` shares out among the counts that sum up to `total`; those too
 * rare for one share get one all the same. Returns the sum given out. */
static unsigned share(const uint32_t *counts, unsigned n, uint64_t total, unsigned room,
                      uint16_t *freq)
{
	unsigned sum = 0;

	if (!total)
		return 0;
	/* Fixed point: total and counts are below 2^31, shares at most 2^11. */
	uint64_t scale = ((uint64_t)room << 40) / total;
	for (unsigned i = 0; i < n; i++) {
		if (!counts[i])
			continue;
		uint64_t f = (counts[i] * scale + (UINT64_C(1) << 39)) >> 40;
		freq[i] = (uint16_t)(f ? f : 1);
		sum += freq[i];
	}
	return sum;
}

/* Adds to the largest what is missing, or takes from it, whichever that is after each
 * time and the first of them, until the sum is right. */
static void settle(uint16_t *freq, unsigned n, unsigned sum)
{
	while (sum != RANS_SUM) {
		unsigned most = largest(freq, n);
		/* All that are as large have their turn before they are so again. */
		for (unsigned i = 0; i < n && sum != RANS_SUM; i++) {
			if (freq[i] != most)
				continue;
			unsigned step = sum < RANS_SUM ? RANS_SUM - sum : ~0u;
			freq[i] = (uint16_t)(freq[i] + step);
			sum += step;
		}
	}
}

void rans_table_fit(const uint32_t *counts, unsigned n, uint16_t *freq)
{
	uint64_t total = 0, rare_total = 0;
	unsigned rare = 0, first = 0, end = n;

	memset(freq, 0, n * sizeof(*freq));
	while (end > 1 && !counts[end - 1])
		end--;
	while (first + 1 < end && !counts[first])
		first++;
	for (unsigned i = first; i < end; i++)
		total += counts[i];
	/* The rare ones' shares come off first, the rest is dealt by count. */
	uint32_t least = (uint32_t)((total + RANS_SUM - 1) / RANS_SUM);
	for (unsigned i = first; i < end; i++) {
		rare += counts[i] && counts[i] < least;
		rare_total += counts[i] < least ? counts[i] : 0;
	}
	unsigned sum = share(counts + first, end - first, total - rare_total,
	                     RANS_SUM - rare, freq + first);
	settle(freq + first, end - first, sum);
	/* A symbol that has it all leaves a crumb for its neighbour. */
	if (freq[first] == RANS_SUM) {
		freq[first]--;
		freq[first + 1 < n ? first + 1 : first - 1] = 1;
	}
}

/* Eight entries at once, of which the next symbol overwrites those too many. */
void rans_table_decoder(const uint16_t *freq, unsigned n, uint32_t *table)
{
	for (unsigned i = 0; i < n; i++) {
		uint32_t entry = rans_entry(i, 0, freq[i]);
		for (unsigned bias = 0; bias < freq[i]; bias += RANS_TABLE_SLACK)
			for (unsigned k = 0; k < RANS_TABLE_SLACK; k++)
				table[bias + k] = entry + rans_entry(0, bias + k, 0);
		table += freq[i];
	}
}

void rans_table_encoder(const uint16_t *freq, unsigned n, uint32_t *table)
{
	uint32_t start = 0;

	for (unsigned i = 0; i < n; i++) {
		table[i] = start << 16 | freq[i];
		start += freq[i];
	}
}
