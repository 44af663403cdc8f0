#include "index/mirror/content_hash.h"

#include <stdlib.h>

#include "codec/common/err.h"
#include "codec/common/pool.h"
#include "index/blob/transfer.h"
#include "index/work/turns.h"

enum { HELD_MAX = 64 * 1024 * 1024 }; /* bytes, in all lanes together */

struct content_hash {
	const struct transfer *transfer;
	struct turns *turns;
	struct sha256 *whole; /* whose turn it is has it */
};

int content_hash_new(const struct transfer *t, struct content_hash **out, struct err *err)
{
	struct content_hash *h = calloc(1, sizeof(*h));
	int rc = h ? turns_new(&h->turns, err) : err_nomem(err, "a hash");

	if (!rc) {
		h->transfer = t;
		h->whole = sha256_new();
		rc = h->whole ? 0 : err_nomem(err, "a hash");
	}
	if (rc)
		content_hash_free(h);
	else
		*out = h;
	return rc;
}

void content_hash_free(struct content_hash *h)
{
	if (!h)
		return;
	turns_free(h->turns);
	sha256_free(h->whole);
	free(h);
}

void content_hash_finish(struct content_hash *h, struct oid *out)
{
	sha256_finish(h->whole, out);
}

/* ---------------------------------------------------------------- a part */

/* Hashes what was held. */
static void wait_for_turn(struct content_part *p)
{
	if (p->first)
		return;
	turns_wait(p->hash->turns, p->number);
	p->first = true;
	sha256_add(p->hash->whole, p->held.data, p->held.size);
	buf_wipe(&p->held);
}

void content_part_begin(struct content_hash *h, size_t number, uint64_t size,
                        struct content_part *out)
{
	*out = (struct content_part){ .hash = h, .number = number, .held = BUF_INIT };
	if (size > HELD_MAX / h->transfer->lanes)
		wait_for_turn(out);
}

/* The same bytes into two hashes at once. */
struct twice {
	struct sha256 *hashes[2];
	const uint8_t *bytes;
	size_t n;
};

static void hash_one(void *ctx, size_t i)
{
	const struct twice *t = ctx;

	sha256_add(t->hashes[i], t->bytes, t->n);
}

int content_part_add(struct content_part *p, struct sha256 *own, const uint8_t *bytes,
                     size_t n, struct err *err)
{
	struct twice twice = { { p->hash->whole, own }, bytes, n };

	if (p->first) {
		pool_run(p->hash->transfer->pool, own ? 2 : 1, hash_one, &twice);
		return 0;
	}
	if (own)
		sha256_add(own, bytes, n);
	buf_add(&p->held, bytes, n);
	return p->held.failed ? err_nomem(err, "an extent") : 0;
}

void content_part_end(struct content_part *p)
{
	wait_for_turn(p);
	turns_end(p->hash->turns, p->number);
}
