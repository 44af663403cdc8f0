/*
 * The file of trials in the cache's folder, which anything may have written: its head and
 * sum are made right first, since whoever forges it can do so too. What was read, written
 * and read again, says the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/xxh128.h"
#include "index/recompact/trial_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* The entries, as a whole file. */
static void wrap(const uint8_t *data, size_t size, struct buf *out)
{
	struct xxh128 version = xxh128_of(ZLLM_VERSION, strlen(ZLLM_VERSION));

	buf_add(out, "ZLLMTRI", 8);
	buf_add(out, version.bytes, sizeof(version.bytes));
	buf_add(out, data, size);
	struct xxh128 sum = xxh128_of(out->data, out->size);
	buf_add(out, sum.bytes, sizeof(sum.bytes));
	require(!out->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trial_memory *m;
	struct buf whole = BUF_INIT;

	require(trial_memory_new(&m, NULL) == 0);
	trial_memory_parse(m, data, size);
	wrap(data, size, &whole);
	trial_memory_parse(m, whole.data, whole.size);
	require(trial_memory_count(m) <= size / 36);
	require(size % 36 != 0 || size == 0 || trial_memory_count(m) > 0);
	for (size_t at = 0; size % 36 == 0 && at + 36 <= size; at += 36) {
		struct oid blob = { { 0 } }, base = { { 0 } };
		uint32_t permille;
		memcpy(blob.bytes, data + at, 16);
		memcpy(base.bytes, data + at + 16, 16);
		require(trial_memory_find(m, &blob, &base, &permille));
	}
	buf_wipe(&whole);
	trial_memory_free(m);
	return 0;
}
