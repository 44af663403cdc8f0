#include "index/batch/batch_part.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/batch/batch_plan.h"
#include "index/batch/batch_scan.h"
#include "index/work/work_part.h"

/* A cut family has pieces of half a worker's share, so that they can be spread evenly. */
enum { PIECES_OF_A_SHARE = 2 };

/* A run of plan->order that goes to one worker. */
struct piece {
	size_t first, end;
	uint64_t bytes;
	uint32_t worker;
};

/* The largest first. */
static int by_bytes(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static uint64_t bytes_at(const struct batch_scan *s, const struct batch_plan *plan,
                         size_t turn)
{
	return batch_unit(s, plan->order[turn])->bytes;
}

static size_t family_end(const struct batch_plan *plan, size_t first)
{
	size_t end = first + 1;

	while (end < plan->count &&
	       plan->family[plan->order[end]] == plan->family[plan->order[first]])
		end++;
	return end;
}

/* The family order[first ... end), in one piece or, above `most` bytes, in several. */
static void cut_family(const struct batch_scan *s, const struct batch_plan *plan,
                       struct piece whole, uint64_t most, struct buf *out)
{
	struct piece one = { whole.first, whole.first, 0, 0 };
	uint64_t enough = most / PIECES_OF_A_SHARE;

	for (size_t i = whole.first; i < whole.end; i++)
		whole.bytes += bytes_at(s, plan, i);
	if (whole.bytes <= most) {
		buf_add(out, &whole, sizeof(whole));
		return;
	}
	for (size_t i = whole.first; i < whole.end; i++) {
		one.bytes += bytes_at(s, plan, i);
		one.end = i + 1;
		if (one.bytes < enough && one.end < whole.end)
			continue;
		buf_add(out, &one, sizeof(one));
		one = (struct piece){ i + 1, i + 1, 0, 0 };
	}
}

static void give_out(struct piece *list, size_t count, uint64_t *loads, uint32_t workers)
{
	if (count)
		qsort(list, count, sizeof(*list), by_bytes);
	for (size_t i = 0; i < count; i++) {
		uint32_t least = 0;
		for (uint32_t w = 1; w < workers; w++)
			if (loads[w] < loads[least])
				least = w;
		list[i].worker = least;
		loads[least] += list[i].bytes;
	}
}

static void mark_shares(const struct batch_plan *plan, const struct piece *list,
                        size_t count, uint32_t worker, uint8_t *shares)
{
	memset(shares, BATCH_OTHERS, plan->count);
	for (size_t i = 0; i < count; i++)
		for (size_t k = list[i].first; k < list[i].end; k++)
			if (list[i].worker == worker)
				shares[plan->order[k]] = BATCH_OURS;
	for (size_t i = 0; i < plan->count; i++)
		if (shares[i] == BATCH_OURS && shares[plan->base[i]] == BATCH_OTHERS)
			shares[plan->base[i]] = BATCH_LENT;
}

int batch_part_choose(const struct batch_scan *s, const struct batch_plan *plan,
                      const struct work_part *part, uint8_t *shares, struct err *err)
{
	uint64_t *loads = calloc(part->of, sizeof(*loads)), total = 0;
	struct buf pieces = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; i < plan->count; i++)
		total += batch_unit(s, i)->bytes;
	for (size_t i = 0, end; i < plan->count; i = end) {
		end = family_end(plan, i);
		cut_family(s, plan, (struct piece){ i, end, 0, 0 }, total / part->of,
		           &pieces);
	}
	if (!loads || pieces.failed)
		rc = err_nomem(err, "a share of the work");
	if (!rc) {
		struct piece *list = (struct piece *)(void *)pieces.data;
		size_t count = pieces.size / sizeof(*list);
		give_out(list, count, loads, part->of);
		mark_shares(plan, list, count, part->nth, shares);
	}
	buf_wipe(&pieces);
	free(loads);
	return rc;
}
