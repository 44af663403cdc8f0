/*
 * One pass, two buffers in turn. What a cut still needs to see goes along: the
 * bytes not used yet are copied in front of the fresh ones of the next buffer.
 *
 *     buffer 0   [            |fresh ............ unused]
 *     buffer 1   [      unused|fresh .....................]
 *
 * While this thread reads and hashes one buffer's extents, the side hash may
 * still be reading the fresh bytes of the other.
 */
#include "index/model/extents_hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/model/chunker.h"
#include "index/model/extent.h"
#include "index/model/format_table.h"
#include "index/model/side_hash.h"

enum { FRESH_MAX = 4 * 1024 * 1024, BUFFER_SIZE = CHUNK_MAX + FRESH_MAX };

struct pass {
	struct extents *in;
	size_t next;      /* the extent of `in` that is being hashed */
	uint64_t done;    /* bytes of it that are hashed */
	uint64_t piece;   /* bytes of those that are in no piece of the outcome yet */
	uint64_t inlined; /* bytes that will travel in the manifest */

	struct extent *pieces; /* of the extents that are cut; owned */
	size_t count, cap;
	size_t cut; /* how many extents are */

	struct sha256 *sha;
	struct xxh128_state *xxh;
	struct side_hash *whole;
	uint8_t *buffers; /* two */
};

static int pass_init(struct pass *p, struct extents *in, struct err *err)
{
	*p = (struct pass){ .in = in };
	p->sha = sha256_new();
	p->xxh = xxh128_new();
	p->whole = side_hash_new();
	p->buffers = malloc(2 * (size_t)BUFFER_SIZE);
	if (!p->sha || !p->xxh || !p->whole || !p->buffers)
		return err_nomem(err, "hashing a file");
	return 0;
}

static void pass_wipe(struct pass *p)
{
	side_hash_free(p->whole); /* first: it may be reading the buffers */
	free(p->buffers);
	xxh128_free(p->xxh);
	sha256_free(p->sha);
	free(p->pieces);
}

/* -------------------------------------------------------------- one extent */

/* Bytes below which an extent, or a whole opaque file, may be inline. */
static uint64_t inline_limit(const struct extents *x)
{
	return format_of(x->model)->has_tensors ? EXTENT_INLINE_TENSOR
	                                        : EXTENT_INLINE_CHUNK;
}

static bool is_cut(const struct pass *p, const struct extent *x)
{
	uint64_t limit = inline_limit(p->in);

	return x->kind != EXTENT_TENSOR && x->size >= limit;
}

bool extents_all_inline(const struct extents *x)
{
	uint64_t limit = inline_limit(x);
	bool all = x->size <= EXTENT_INLINE_TOTAL;

	for (size_t i = 0; i < x->count && all; i++)
		all = x->list[i].size < limit;
	return all;
}

static bool is_inlined(const struct pass *p, uint64_t size)
{
	if (size == 0)
		return true;
	if (!format_of(p->in->model)->has_tensors)
		return p->in->size < inline_limit(p->in);
	return size < inline_limit(p->in) && size <= EXTENT_INLINE_TOTAL - p->inlined;
}

/* Fills in what the pass has found of an extent, or of a piece of one. */
static void describe(struct pass *p, struct extent *x)
{
	x->inlined = is_inlined(p, x->size);
	if (x->inlined)
		p->inlined += x->size;
	sha256_finish(p->sha, &x->id);
	x->sum = xxh128_finish(p->xxh);
	p->piece = 0;
}

/* Adds the piece of a cut extent that ends here. */
static int add_piece(struct pass *p, struct err *err)
{
	const struct extent *from = &p->in->list[p->next];

	if (p->count == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 64;
		struct extent *list = realloc(p->pieces, cap * sizeof(*list));
		if (!list)
			return err_nomem(err, "a list of extents");
		p->pieces = list;
		p->cap = cap;
	}
	struct extent *x = &p->pieces[p->count++];
	*x = *from;
	x->offset = from->offset + p->done - p->piece;
	x->size = p->piece;
	describe(p, x);
	return 0;
}

/* The bytes before `done` are those of a whole extent, or of a piece of one. */
static int end_piece(struct pass *p, struct err *err)
{
	struct extent *x = &p->in->list[p->next];
	bool ends = p->done == x->size;
	int rc = 0;

	if (is_cut(p, x)) {
		rc = add_piece(p, err);
		p->cut += ends;
	} else if (ends) {
		describe(p, x);
	}
	if (ends) {
		p->next++;
		p->done = 0;
	}
	return rc;
}

/* How many of the next `n` bytes belong to the current piece. False when that
 * cannot be told before more bytes have come. */
static bool measure_piece(const struct pass *p, const uint8_t *bytes, size_t n,
                          size_t *take)
{
	const struct extent *x = &p->in->list[p->next];
	uint64_t left = x->size - p->done;

	*take = n < left ? n : (size_t)left;
	if (!is_cut(p, x))
		return left == 0 || n > 0;
	if (*take < left && *take < CHUNK_MAX)
		return false;
	*take = chunk_cut(bytes, *take);
	return true;
}

/* Hashes the extents that lie in the next `n` bytes. *used is how many of them
 * it got through. */
static int hash_extents(struct pass *p, const uint8_t *bytes, size_t n, size_t *used,
                        struct err *err)
{
	size_t take;

	*used = 0;
	while (p->next < p->in->count &&
	       measure_piece(p, bytes + *used, n - *used, &take)) {
		sha256_add(p->sha, bytes + *used, take);
		xxh128_add(p->xxh, bytes + *used, take);
		*used += take;
		p->done += take;
		p->piece += take;
		int rc = end_piece(p, err);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---------------------------------------------------------------- the file */

/* Reads up to `n` bytes at `offset`: how many, fewer only where the file ends; or
 * negative. */
static ssize_t read_at(int fd, uint8_t *bytes, size_t n, uint64_t offset, struct err *err)
{
	size_t got = 0;

	while (got < n) {
		ssize_t k = pread(fd, bytes + got, n - got, (off_t)(offset + got));
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_errno(err, "cannot read at byte %llu",
			                 (unsigned long long)(offset + got));
		if (k == 0)
			break;
		got += (size_t)k;
	}
	return (ssize_t)got;
}

static int changed(uint64_t size, const char *how, struct err *err)
{
	return err_set(err, ERR_MISMATCH,
	               "the file is %s than the %llu bytes it had: "
	               "something writes to it",
	               how, (unsigned long long)size);
}

static int check_end(int fd, uint64_t size, struct err *err)
{
	uint8_t more;
	ssize_t got = read_at(fd, &more, 1, size, err);

	return got > 0 ? changed(size, "longer", err) : (int)got;
}

static int hash_file(struct pass *p, int fd, const struct extents_progress *progress,
                     struct err *err)
{
	const uint8_t *unused = NULL;
	size_t kept = 0, used;
	int rc = 0;

	for (uint64_t offset = 0, turn = 0; !rc && offset < p->in->size; turn ^= 1) {
		uint8_t *fresh = p->buffers + turn * BUFFER_SIZE + CHUNK_MAX;
		uint64_t left = p->in->size - offset;
		size_t n = left < FRESH_MAX ? (size_t)left : FRESH_MAX;
		ssize_t got = read_at(fd, fresh, n, offset, err);
		if (got < 0)
			return (int)got;
		if ((size_t)got < n)
			return changed(p->in->size, "shorter", err);
		side_hash_add(p->whole, fresh, n);
		if (kept)
			memcpy(fresh - kept, unused, kept);
		rc = hash_extents(p, fresh - kept, kept + n, &used, err);
		unused = fresh - kept + used;
		kept = kept + n - used;
		offset += n;
		if (progress)
			progress->told(progress->ctx, offset);
	}
	return rc ? rc : check_end(fd, p->in->size, err);
}

/* Puts the pieces in the place of the extents that were cut, from the end on, so that
 * the list need not be there twice. */
static int place_pieces(struct pass *p, struct err *err)
{
	struct extents *x = p->in;
	size_t total = x->count - p->cut + p->count, to = total, piece = p->count;

	if (!p->cut)
		return 0;
	struct extent *list = realloc(x->list, total * sizeof(*list));
	if (!list)
		return err_nomem(err, "a list of extents");
	x->list = list;
	for (size_t i = x->count; i-- > 0;) {
		struct extent one = list[i];
		if (!is_cut(p, &one))
			list[--to] = one;
		while (is_cut(p, &one) && piece &&
		       p->pieces[piece - 1].offset >= one.offset)
			list[--to] = p->pieces[--piece];
	}
	x->count = total;
	return 0;
}

int extents_hash(int fd, struct extents *x, struct oid *whole,
                 const struct extents_progress *progress, struct err *err)
{
	struct pass p;
	int rc = pass_init(&p, x, err);

	if (!rc)
		rc = hash_file(&p, fd, progress, err);
	if (!rc && p.next < x->count)
		rc = err_set(err, ERR_INPUT, "the extents go beyond the file's end");
	if (!rc) {
		side_hash_finish(p.whole, whole);
		rc = place_pieces(&p, err);
	}
	if (!rc)
		rc = extents_add_findings(x, err);
	pass_wipe(&p);
	return rc;
}
