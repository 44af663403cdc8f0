/*
 * A series of checkpoints of one path: keys are renewed in time. What the upload stores is
 * compared with the best choice of keys that there is, found by trying all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/codec_table.h"
#include "codec/common/err.h"
#include "codec/frame.h"
#include "codec/frame_scratch.h"
#include "index/base/base_hint.h"
#include "index/base/base_series.h"
#include "index/blob/transfer.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/job_of.h"
#include "tests/unit/model_file.h"

enum { VERSIONS = 50, VALUES = 32768, BYTES = 2 * VALUES, HINTS = 4 };

/* ---------------------------------------------------------------- the series */

/* How weights move from one version to the next, in parts of their width. */
struct drift {
	const char *name;
	float walk;  /* at random, each step on its own */
	float trend; /* each weight in a direction of its own */
	float noise; /* of each version, and not of the next */
};

struct series {
	uint8_t bytes[VERSIONS][BYTES];
	struct model_file files[VERSIONS];
};

static void round_to(uint8_t *out, const float *weights, float noise, uint64_t *random)
{
	struct buf b = BUF_INIT;

	for (int i = 0; i < VALUES; i++)
		add_bf16(&b, weights[i] + noise * weight(random));
	memcpy(out, b.data, BYTES);
	buf_wipe(&b);
}

static struct series *series_make(const struct drift *d, uint64_t seed)
{
	struct series *s = calloc(1, sizeof(*s));
	float *now = calloc(VALUES, sizeof(*now)), *way = calloc(VALUES, sizeof(*way));
	uint64_t random = seed;

	assert_true(s && now && way);
	for (int i = 0; i < VALUES; i++) {
		now[i] = weight(&random);
		way[i] = weight(&random);
	}
	for (int v = 0; v < VERSIONS; v++) {
		struct buf file = BUF_INIT;
		char head[128];
		round_to(s->bytes[v], now, d->noise, &random);
		for (int i = 0; i < VALUES; i++)
			now[i] += d->walk * weight(&random) + d->trend * way[i];
		int n = snprintf(head, sizeof(head),
		                 "{\"w\":{\"dtype\":\"BF16\",\"shape\":[128,256],"
		                 "\"data_offsets\":[0,%d]}}",
		                 BYTES);
		buf_add_u64(&file, (uint64_t)n);
		buf_add(&file, head, (size_t)n);
		buf_add(&file, s->bytes[v], BYTES);
		s->files[v] = model_file_of(file.data, file.size);
		buf_wipe(&file);
	}
	free(now);
	free(way);
	return s;
}

static void series_free(struct series *s)
{
	for (int v = 0; v < VERSIONS; v++)
		model_file_remove(&s->files[v]);
	free(s);
}

/* ---------------------------------------------------------------- what it takes */

struct pushing {
	const struct series *series;
	int version;
};

/* As git would: what the path held before, newest first. */
static void hint_at_past(void *ctx, const struct oid *oid, uint64_t size,
                         struct base_hints *out)
{
	const struct pushing *p = ctx;

	(void)oid;
	(void)size;
	out->path = strdup("model.safetensors");
	out->list = calloc(HINTS, sizeof(*out->list));
	for (int i = 1; i <= HINTS && i <= p->version; i++) {
		struct base_hint *hint = &out->list[out->count++];
		hint->oid = p->series->files[p->version - i].oid;
		hint->source = BASE_SOURCE_HISTORY;
		hint->path = strdup("model.safetensors");
		hint->local_file = strdup(p->series->files[p->version - i].path);
	}
}

/* Pushes all, one after another. Returns the stored bytes. */
static uint64_t pushed(const struct series *s, unsigned *keys)
{
	struct store *store;
	struct transfer t;
	struct err err = ERR_INIT;
	uint64_t total = 0;

	*keys = 0;
	assert_int_equal(store_memory_new(&store, &err), 0);
	assert_int_equal(transfer_borrow(&t, store, 1, &err), 0);
	for (int v = 0; v < VERSIONS; v++) {
		struct pushing p = { s, v };
		struct upload_request request = { .oid = s->files[v].oid,
			                          .size = s->files[v].size,
			                          .path = s->files[v].path,
			                          .find_hints = hint_at_past,
			                          .ctx = &p };
		struct upload_result result;
		if (upload_object(&t, &request, &result, &err))
			fail_msg("%s", err.text);
		total += result.stored;
		*keys += (unsigned)result.solos;
	}
	transfer_return(&t);
	store_close(store);
	return total;
}

/* By the codecs that win on all of these. */
static size_t coded(const uint8_t *raw, const uint8_t *base,
                    struct frame_scratch *scratch)
{
	static const enum codec_id with[] = { CODEC_ULP, CODEC_BITX },
				   alone[] = { CODEC_FLOAT, CODEC_ZSTD };
	static uint8_t out[BYTES];
	size_t least = BYTES;

	for (size_t i = 0; i < 2; i++) {
		const struct codec *codec = codec_by_id(base ? with[i] : alone[i]);
		struct frame_out frame = { FRAME_RAW, 0, { { 0 } } };
		const struct frame_job job = job_of(codec, DTYPE_BF16, base, BYTES,
		                                    scratch);
		assert_int_equal(frame_encode(&job, raw, out, &frame, NULL), 0);
		if (frame.stored < least)
			least = frame.stored;
		if (base)
			break; /* ulp wins on all of these; bitx would only take time */
	}
	return least;
}

/* The least that any choice of keys can take, each version against the key before it:
 * cheapest[v] is for the versions from v on, when v is a key. */
static uint64_t best(const struct series *s)
{
	uint64_t cheapest[VERSIONS + 1] = { 0 };
	struct frame_scratch *scratch;

	assert_int_equal(frame_scratch_new(&scratch, NULL), 0);
	for (int key = VERSIONS - 1; key >= 0; key--) {
		uint64_t cost = coded(s->bytes[key], NULL, scratch);
		cheapest[key] = UINT64_MAX;
		for (int next = key + 1; next <= VERSIONS; next++) {
			if (cost + cheapest[next] < cheapest[key])
				cheapest[key] = cost + cheapest[next];
			if (next == VERSIONS || cost > cheapest[key])
				break;
			cost += coded(s->bytes[next], s->bytes[key], scratch);
		}
	}
	frame_scratch_free(scratch);
	return cheapest[0];
}

/* ---------------------------------------------------------------- the rules */

static void fifty_checkpoints_take_at_most_5_percent_more_than_the_best_keys(void **state)
{
	static const struct drift drifts[] = {
		{ "a slow walk", 0.002f, 0, 0 },
		{ "a fast walk", 0.05f, 0, 0 },
		{ "a slow trend", 0, 0.002f, 0 },
		{ "a fast trend, and noise", 0.01f, 0.02f, 0.01f },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++) {
		struct series *s = series_make(&drifts[i], 100 + i);
		unsigned keys;
		uint64_t ours = pushed(s, &keys), least = best(s);
		print_message("%s: %u keys, %llu bytes, the best keys %llu: %+.1f %%\n",
		              drifts[i].name, keys, (unsigned long long)ours,
		              (unsigned long long)least,
		              100.0 * ((double)ours / (double)least - 1));
		assert_true(ours <= least + least / 20);
		series_free(s);
	}
}

static void a_delta_is_dear_when_it_costs_more_than_the_average(void **state)
{
	static const struct {
		struct base_series series;
		unsigned delta;
		bool dear;
	} cases[] = {
		{ { 1, 600 }, 599, false },
		{ { 2, 700 }, 500, false },
		{ { 3, 900 }, 300, false },
		{ { 3, 900 }, 301, true },
		{ { 10, 2000 }, 200, false },
		{ { 10, 2000 }, 201, true },
		{ { 65535, 4000000000u }, 61037, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(base_series_is_dear(&cases[i].series, cases[i].delta),
		                 cases[i].dear);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			fifty_checkpoints_take_at_most_5_percent_more_than_the_best_keys),
		cmocka_unit_test(a_delta_is_dear_when_it_costs_more_than_the_average),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
