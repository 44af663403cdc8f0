/*
 * The body is walked twice: first to see that counts and lengths are true to
 * the bytes that are there, then to fill a list of exactly that size. So no
 * count is believed, and memory follows the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/common/cursor.h"
#include "codec/common/err.h"
#include "codec/common/xxh128.h"
#include "codec/zstd_box.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_layout.h"

struct head {
	uint16_t version;
	uint8_t model;
	uint8_t packing;
	uint32_t flags;
	struct oid oid;
	uint64_t size; /* of the object, bytes */
	uint64_t body_size;
	uint32_t note_count;
	uint32_t extent_count;
	uint64_t inline_size;
};

/* A text in the body. */
struct span {
	const uint8_t *bytes;
	size_t size;
};

static int damaged(struct err *err, const char *what)
{
	return err_set(err, ERR_DAMAGED, "damaged manifest: %s", what);
}

static int too_new(struct err *err, const char *what)
{
	return err_set(err, ERR_FORMAT,
	               "the manifest has %s that only a newer git-zllm knows", what);
}

/* -------------------------------------------------------------------- head */

static struct head read_head(struct cursor *c)
{
	struct head h;

	cursor_take(c, MANIFEST_MAGIC_SIZE);
	h.version = cursor_u16(c);
	h.model = cursor_u8(c);
	h.packing = cursor_u8(c);
	h.flags = cursor_u32(c);
	cursor_copy(c, h.oid.bytes, SHA256_SIZE);
	h.size = cursor_u64(c);
	h.body_size = cursor_u64(c);
	h.note_count = cursor_u32(c);
	h.extent_count = cursor_u32(c);
	h.inline_size = cursor_u64(c);
	return h;
}

/* Magic and sum are in their places in every version. */
static int check_frame(const uint8_t *bytes, size_t n, struct err *err)
{
	if (n < MANIFEST_HEAD_SIZE + MANIFEST_SUM_SIZE || n > MANIFEST_MAX ||
	    memcmp(bytes, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE) != 0)
		return damaged(err, "this is none");
	struct xxh128 sum = xxh128_of(bytes, n - MANIFEST_SUM_SIZE);
	if (memcmp(sum.bytes, bytes + n - MANIFEST_SUM_SIZE, XXH128_SIZE) != 0)
		return damaged(err, "its checksum is wrong");
	return 0;
}

/* `stored` is the body's size as it lies there. */
static int check_head(const struct head *h, uint64_t stored, const struct oid *oid,
                      struct err *err)
{
	if (h->version != MANIFEST_VERSION)
		return h->version ? too_new(err, "a version") : damaged(err, "version 0");
	if (h->flags || h->model > MODEL_SAFETENSORS || h->packing > MANIFEST_ZSTD)
		return too_new(err, "a flag, model or packing");
	if (!oid_equal(&h->oid, oid))
		return damaged(err, "it is that of another object");
	if (h->body_size > MANIFEST_MAX ||
	    (h->packing == MANIFEST_STORED && h->body_size != stored) ||
	    (h->packing == MANIFEST_ZSTD &&
	     h->body_size > manifest_unpacked_limit(stored)))
		return damaged(err, "its body cannot be that large");
	if (h->note_count > MANIFEST_NOTES_MAX ||
	    h->extent_count > MANIFEST_EXTENTS_MAX ||
	    h->note_count > h->body_size / MANIFEST_NOTE_MIN ||
	    h->extent_count > h->body_size / MANIFEST_EXTENT_MIN ||
	    h->inline_size > h->body_size)
		return damaged(err, "its counts do not fit its body");
	return 0;
}

bool manifest_parse_outline(const uint8_t bytes[MANIFEST_OUTLINE_SIZE],
                            const struct oid *oid, struct manifest_outline *out)
{
	struct cursor c = cursor_over(bytes, MANIFEST_OUTLINE_SIZE);
	struct head h = read_head(&c);

	if (memcmp(bytes, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE) != 0 ||
	    h.version != MANIFEST_VERSION || h.model > MODEL_SAFETENSORS ||
	    !oid_equal(&h.oid, oid) || h.extent_count > MANIFEST_EXTENTS_MAX)
		return false;
	*out = (struct manifest_outline){ (enum model_kind)h.model, h.size,
		                          h.extent_count };
	return true;
}

static int unpack(const struct head *h, const uint8_t *stored, size_t n, uint8_t *body,
                  struct err *err)
{
	if (h->packing == MANIFEST_STORED) {
		if (n)
			memcpy(body, stored, n);
		return 0;
	}
	struct zstd_box *box = zstd_box_new();
	if (!box)
		return err_nomem(err, "a manifest");
	bool ok = zstd_box_decode(box, stored, n, body, (size_t)h->body_size);
	zstd_box_free(box);
	return ok ? 0 : damaged(err, "its body does not unpack");
}

/* -------------------------------------------------------------------- body */

static struct span read_span(struct cursor *c, size_t n)
{
	return (struct span){ cursor_take(c, n), n };
}

/* A NUL inside would make another text of it. */
static bool is_text(const struct span *s)
{
	return s->bytes && !memchr(s->bytes, 0, s->size);
}

static void read_note(struct cursor *c, struct span *key, struct span *value)
{
	*key = read_span(c, cursor_u16(c));
	*value = read_span(c, cursor_u32(c));
}

/* Reads all of an extent but its offset and its name's place. 0 even where the
 * cursor went bad. */
static int read_extent(struct cursor *c, struct extent *x, struct span *name,
                       struct err *err)
{
	unsigned kind = cursor_u8(c), dtype = cursor_u8(c), flags = cursor_u8(c);

	*x = (struct extent){ .dim_count = cursor_u8(c) };
	if (kind > EXTENT_GAP || dtype >= DTYPE_COUNT ||
	    flags & ~(unsigned)(MANIFEST_INLINED | MANIFEST_BASES | MANIFEST_TRIED |
	                        MANIFEST_FINDING))
		return too_new(err, "an extent");
	x->base_count = (flags & MANIFEST_BASES) >> MANIFEST_BASES_SHIFT;
	x->tried_count = (flags & MANIFEST_TRIED) >> MANIFEST_TRIED_SHIFT;
	if (flags & MANIFEST_INLINED && flags & ~(unsigned)MANIFEST_INLINED)
		return damaged(err, "an inline extent with a record");
	if (x->dim_count > TENSOR_DIMS_MAX)
		return damaged(err, "a tensor with too many dimensions");
	x->kind = (enum extent_kind)kind;
	x->dtype = (enum dtype)dtype;
	x->inlined = flags & MANIFEST_INLINED;
	x->size = cursor_u64(c);
	for (unsigned i = 0; i < x->dim_count; i++)
		x->dims[i] = cursor_u64(c);
	*name = read_span(c, cursor_u16(c));
	if (!x->inlined) {
		cursor_copy(c, x->id.bytes, SHA256_SIZE);
		cursor_copy(c, x->sum.bytes, XXH128_SIZE);
		cursor_copy(c, x->bases, x->base_count * sizeof(x->bases[0]));
	}
	for (unsigned i = 0; i < x->tried_count; i++) {
		x->tried[i].codec = cursor_u8(c);
		x->tried[i].permille = cursor_u16(c);
	}
	if (flags & MANIFEST_FINDING)
		manifest_read_finding(c, x);
	return 0;
}

/* How much memory the texts need, each with a NUL. */
struct room {
	size_t notes;
	size_t names;
};

/* The first walk: everything is there, and nothing else. */
static int measure(const struct head *h, struct cursor c, struct room *room,
                   struct err *err)
{
	struct span a, b;
	struct extent x;

	*room = (struct room){ 0, 1 };
	for (uint32_t i = 0; i < h->note_count; i++) {
		read_note(&c, &a, &b);
		if (!cursor_ok(&c) || !is_text(&a) || !is_text(&b))
			return damaged(err, "a note is cut off, or no text");
		room->notes += a.size + b.size + 2;
	}
	for (uint32_t i = 0; i < h->extent_count; i++) {
		int rc = read_extent(&c, &x, &a, err);
		if (rc)
			return rc;
		if (!cursor_ok(&c) || !is_text(&a) || (a.size && x.kind != EXTENT_TENSOR))
			return damaged(err,
			               "an extent is cut off, or its name is no text");
		room->names += x.kind == EXTENT_TENSOR ? a.size + 1 : 0;
	}
	if (c.left != h->inline_size)
		return damaged(err, "its inline bytes are cut off or too many");
	return 0;
}

/* Copies a text to *at, and moves *at behind its NUL. */
static const char *keep_text(char **at, const struct span *s)
{
	char *text = *at;

	if (s->size)
		memcpy(text, s->bytes, s->size);
	text[s->size] = 0;
	*at += s->size + 1;
	return text;
}

/* Points an inlined extent's hashes at what its bytes really are. */
static int hash_inlined(struct extent *x, struct cursor *inlined, struct err *err)
{
	const uint8_t *bytes = cursor_take(inlined, x->size);

	if (!bytes)
		return damaged(err, "an extent's inline bytes are not there");
	x->sum = xxh128_of(bytes, (size_t)x->size);
	if (!sha256_of(bytes, (size_t)x->size, &x->id))
		return err_nomem(err, "a manifest");
	return 0;
}

/* The second walk; measure() has seen that nothing is missing. `notes` has room
 * for the notes' texts. */
static int fill(struct manifest *m, struct cursor c, char *notes, struct err *err)
{
	struct cursor inlined = cursor_over(m->inline_bytes, (size_t)m->inline_size);
	char *names = m->extents.names;
	uint64_t offset = 0;
	struct span a, b;

	for (size_t i = 0; i < m->note_count; i++) {
		read_note(&c, &a, &b);
		m->notes[i].key = keep_text(&notes, &a);
		m->notes[i].value = keep_text(&notes, &b);
	}
	for (size_t i = 0; i < m->extents.count; i++) {
		struct extent *x = &m->extents.list[i];
		int rc = read_extent(&c, x, &a, err);
		if (!rc && x->inlined)
			rc = hash_inlined(x, &inlined, err);
		if (rc)
			return rc;
		if (x->kind == EXTENT_TENSOR)
			x->name = keep_text(&names, &a);
		x->offset = offset;
		offset += x->size; /* a sum that wraps is found by manifest_check() */
	}
	return 0;
}

/* m->memory holds the body; notes' texts are put behind it. */
static int parse_body(const struct head *h, struct manifest *m, struct err *err)
{
	size_t size = (size_t)h->body_size;
	struct room room;
	int rc = measure(h, cursor_over(m->memory, size), &room, err);

	if (rc)
		return rc;
	uint8_t *memory = realloc(m->memory, size + room.notes + 1);
	if (memory)
		m->memory = memory;
	m->extents.list = calloc(h->extent_count + (size_t)1, sizeof(*m->extents.list));
	m->extents.names = malloc(room.names);
	if (!memory || !m->extents.list || !m->extents.names)
		return err_nomem(err, "a manifest");
	m->oid = h->oid;
	m->note_count = h->note_count;
	m->extents.model = (enum model_kind)h->model;
	m->extents.size = h->size;
	m->extents.count = h->extent_count;
	m->inline_size = h->inline_size;
	m->inline_bytes = memory + size - h->inline_size;
	rc = fill(m, cursor_over(memory, size), (char *)memory + size, err);
	return rc ? rc : manifest_check(m, ERR_DAMAGED, err);
}

int manifest_parse(const uint8_t *bytes, size_t n, const struct oid *oid,
                   struct manifest *out, struct err *err)
{
	struct manifest m = { .note_count = 0 };
	int rc = check_frame(bytes, n, err);

	if (rc)
		return rc;
	struct cursor c = cursor_over(bytes, n - MANIFEST_SUM_SIZE);
	struct head h = read_head(&c);
	rc = check_head(&h, c.left, oid, err);
	if (rc)
		return rc;
	m.memory = malloc((size_t)h.body_size + 1);
	rc = m.memory ? unpack(&h, c.at, c.left, m.memory, err)
	              : err_nomem(err, "a manifest");
	if (!rc)
		rc = parse_body(&h, &m, err);
	if (rc)
		manifest_wipe(&m);
	else
		*out = m;
	return rc;
}
