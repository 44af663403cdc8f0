#include "index/manifest/manifest_witness.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/manifest/manifest.h"
#include "index/model/tensor_sketch.h"
#include "index/work/file_range.h"

enum { WINDOW = 1024 * 1024 };

struct comparing {
	const struct manifest_witness *witness;
	const struct manifest *manifest;
	uint8_t *window;
	struct sha256 *hash;
	struct xxh128_state *sum;
	size_t known_at;    /* where in the known extents we are */
	uint64_t inline_at; /* and in the inline bytes */
	uint64_t every;     /* one of so many extents with records is hashed */
};

/* ---------------------------------------------------------------- one extent */

/* All of these return 0 when it is the file's, 1 when it is not. */

static int compare_inline(struct comparing *c, const struct extent *x, struct err *err)
{
	const uint8_t *bytes = c->manifest->inline_bytes + c->inline_at;

	for (uint64_t at = 0; at < x->size;) {
		size_t n = x->size - at < WINDOW ? (size_t)(x->size - at) : WINDOW;
		int rc = file_range_read(c->witness->fd, x->offset + at, c->window, n,
		                         err);
		if (rc)
			return rc;
		if (memcmp(bytes + at, c->window, n) != 0)
			return 1;
		at += n;
	}
	return 0;
}

static int compare_hash(struct comparing *c, const struct extent *x, struct err *err)
{
	struct oid found;

	for (uint64_t at = 0; at < x->size;) {
		size_t n = x->size - at < WINDOW ? (size_t)(x->size - at) : WINDOW;
		int rc = file_range_read(c->witness->fd, x->offset + at, c->window, n,
		                         err);
		if (rc)
			return rc;
		sha256_add(c->hash, c->window, n);
		xxh128_add(c->sum, c->window, n);
		at += n;
	}
	sha256_finish(c->hash, &found);
	struct xxh128 sum = xxh128_finish(c->sum);
	return !oid_equal(&found, &x->id) || !xxh128_equal(&sum, &x->sum);
}

struct place {
	int fd;
	uint64_t offset;
};

static int read_place(void *ctx, uint64_t offset, void *dst, size_t n, struct err *err)
{
	const struct place *place = ctx;

	return file_range_read(place->fd, place->offset + offset, dst, n, err);
}

static int compare_sketch(const struct comparing *c, const struct extent *x,
                          struct err *err)
{
	struct place place = { c->witness->fd, x->offset };
	struct tensor_sketch found = { .known = false };

	if (x->kind != EXTENT_TENSOR || !extent_finding(x)->sketch.known)
		return 0;
	int rc = tensor_sketch_make(x, read_place, &place, &found, err);
	if (rc || !found.known)
		return rc;
	const struct tensor_sketch *told = &extent_finding(x)->sketch;
	return found.band != told->band ||
	       memcmp(found.values, told->values, SKETCH_BYTES) != 0;
}

/* The extent that was hashed already of just this range, or NULL. */
static const struct extent *find_known(struct comparing *c, const struct extent *x)
{
	const struct extents *known = c->witness->known;

	while (known && c->known_at < known->count &&
	       known->list[c->known_at].offset < x->offset)
		c->known_at++;
	for (size_t i = c->known_at; known && i < known->count; i++) {
		const struct extent *one = &known->list[i];
		if (one->offset != x->offset)
			break;
		if (one->size == x->size)
			return one;
	}
	return NULL;
}

static int compare_extent(struct comparing *c, size_t i, struct err *err)
{
	const struct extent *x = &c->manifest->extents.list[i];
	const struct extent *known = find_known(c, x);

	if (known)
		return !oid_equal(&known->id, &x->id) ||
		       !xxh128_equal(&known->sum, &x->sum);
	if (x->inlined)
		return compare_inline(c, x, err);
	if (i % c->every == 0 && x->size <= c->witness->budget)
		return compare_hash(c, x, err);
	return compare_sketch(c, x, err);
}

/* ---------------------------------------------------------------- the manifest */

static int compare_all(struct comparing *c, struct err *err)
{
	const struct extents *x = &c->manifest->extents;
	uint64_t records = 0;
	int rc = 0;

	for (size_t i = 0; i < x->count; i++)
		records += !x->list[i].inlined && x->list[i].size <= c->witness->budget
		                   ? x->list[i].size
		                   : 0;
	c->every = records / c->witness->budget + 1;
	for (size_t i = 0; i < x->count && !rc; i++) {
		rc = compare_extent(c, i, err);
		c->inline_at += x->list[i].inlined ? x->list[i].size : 0;
	}
	return rc;
}

int manifest_compare_file(const struct manifest *m, const struct manifest_witness *w,
                          struct err *err)
{
	struct comparing c = { .witness = w, .manifest = m };

	if (m->extents.size != w->size)
		return 1;
	c.window = malloc(WINDOW);
	c.hash = sha256_new();
	c.sum = xxh128_new();
	int rc = c.window && c.hash && c.sum ? compare_all(&c, err)
	                                     : err_nomem(err, "a window");
	free(c.window);
	xxh128_free(c.sum);
	sha256_free(c.hash);
	return rc;
}
