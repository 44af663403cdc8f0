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
#include "index/manifest/manifest_model.h"

struct head {
	uint16_t version;
	uint8_t model, packing;
	uint32_t flags;
	struct oid oid;
	uint64_t size; /* of the object, bytes */
	uint64_t body_size;
	uint32_t note_count;
	uint32_t extent_count;
	uint64_t inline_size;
};

/* All the bytes, or a text in the body. */
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
		return damaged(err, "this is not a manifest");
	struct xxh128 sum = xxh128_of(bytes, n - MANIFEST_SUM_SIZE);
	if (memcmp(sum.bytes, bytes + n - MANIFEST_SUM_SIZE, XXH128_SIZE) != 0)
		return damaged(err, "its checksum is wrong");
	return 0;
}

/* `stored` is the body's size as it lies there. */
static int check_head(const struct head *h, uint64_t stored, const struct oid *oid,
                      struct err *err)
{
	if (!manifest_version_known(h->version))
		return h->version ? too_new(err, "a version") : damaged(err, "version 0");
	if (h->flags || manifest_model_kind(h->model, NULL) < 0 ||
	    h->packing > MANIFEST_ZSTD)
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
	    h->extent_count > manifest_extents_limit(h->size) ||
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
	    !manifest_version_known(h.version) ||
	    manifest_model_kind(h.model, NULL) < 0 || !oid_equal(&h.oid, oid) ||
	    h.extent_count > MANIFEST_EXTENTS_MAX)
		return false;
	enum model_kind kind = (enum model_kind)manifest_model_kind(h.model, NULL);
	*out = (struct manifest_outline){ kind, h.size, h.extent_count };
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

/* An extent as it stands in the body; its pointers go to what is here. */
struct entry {
	struct extent extent;
	struct span name;
	uint64_t dims[TENSOR_DIMS_MAX];
	struct extent_finding finding;
};

/* What follows a record's place in the body. */
static void read_record(struct cursor *c, unsigned flags, struct entry *e)
{
	struct extent_finding *f = &e->finding;

	*f = (struct extent_finding){
		.base_count = (flags & MANIFEST_BASES) >> MANIFEST_BASES_SHIFT,
		.tried_count = (flags & MANIFEST_TRIED) >> MANIFEST_TRIED_SHIFT,
	};
	cursor_copy(c, e->extent.id.bytes, SHA256_SIZE);
	cursor_copy(c, e->extent.sum.bytes, XXH128_SIZE);
	cursor_copy(c, f->bases, f->base_count * sizeof(f->bases[0]));
	for (unsigned i = 0; i < f->tried_count; i++) {
		f->tried[i].codec = cursor_u8(c);
		f->tried[i].permille = cursor_u16(c);
	}
	if (flags & MANIFEST_FINDING)
		manifest_read_finding(c, f);
	e->extent.finding = f;
}

/* Reads an extent that begins at `offset`. 0 even where the cursor went bad. */
static int read_extent(struct cursor *c, uint64_t offset, struct entry *e,
                       struct err *err)
{
	unsigned kind = cursor_u8(c), dtype = cursor_u8(c), flags = cursor_u8(c);
	unsigned dim_count = cursor_u8(c);

	if (kind > EXTENT_GAP || dtype >= DTYPE_COUNT ||
	    flags & ~(unsigned)(MANIFEST_INLINED | MANIFEST_BASES | MANIFEST_TRIED |
	                        MANIFEST_FINDING))
		return too_new(err, "an extent");
	if (flags & MANIFEST_INLINED && flags & ~(unsigned)MANIFEST_INLINED)
		return damaged(err, "an inline extent with a record");
	if (dim_count > TENSOR_DIMS_MAX)
		return damaged(err, "a tensor with too many dimensions");
	e->extent = (struct extent){ .kind = (enum extent_kind)kind,
		                     .dtype = (enum dtype)dtype,
		                     .dim_count = dim_count,
		                     .dims = e->dims,
		                     .inlined = flags & MANIFEST_INLINED,
		                     .offset = offset,
		                     .size = cursor_u64(c) };
	for (unsigned i = 0; i < dim_count; i++)
		e->dims[i] = cursor_u64(c);
	e->name = read_span(c, cursor_u16(c));
	if (!e->extent.inlined)
		read_record(c, flags, e);
	return 0;
}

/* ------------------------------------------------------- what is kept of it */

enum keep { KEEP_ALL, KEEP_BASES, KEEP_PLACES };

static bool is_kept(const struct extent *x, enum keep keep)
{
	return keep != KEEP_BASES || !x->inlined || x->size >= MANIFEST_SMALL;
}

/* Makes an inline extent a part of a nameless run; true where it goes on with the one
 * before it. `*run` is whether that was such a part, and is kept up to date. */
static bool joins(struct entry *e, enum keep keep, bool *run)
{
	struct extent *x = &e->extent;
	bool before = *run;

	*run = keep == KEEP_PLACES && x->inlined;
	if (!*run)
		return false;
	x->kind = EXTENT_CHUNK;
	x->dtype = DTYPE_BYTES;
	x->dim_count = 0;
	return before;
}

static bool has_finding(const struct extent *x)
{
	const struct extent_finding *f = extent_finding(x);

	return f->base_count || f->tried_count || manifest_has_finding(f);
}

/* How much memory is needed; texts have a NUL each. */
struct room {
	size_t notes, names; /* bytes */
	size_t extents, dims, findings;
};

static void make_room(struct room *room, const struct entry *e)
{
	const struct extent *x = &e->extent;

	room->extents++;
	room->names += x->kind == EXTENT_TENSOR ? e->name.size + 1 : 0;
	room->dims += x->dim_count;
	room->findings += has_finding(x);
}

static int measure_notes(const struct head *h, struct cursor *c, struct room *room,
                         struct err *err)
{
	struct span key, value;

	for (uint32_t i = 0; i < h->note_count; i++) {
		read_note(c, &key, &value);
		if (!cursor_ok(c) || !is_text(&key) || !is_text(&value))
			return damaged(err, "a note is cut off, or no text");
		room->notes += key.size + value.size + 2;
	}
	return 0;
}

/* The first walk: everything is there, nothing else, and it adds up. */
static int measure(const struct head *h, struct cursor c, enum keep keep,
                   struct room *room, struct err *err)
{
	struct manifest_tally tally = { .version = h->version };
	const char *fault;
	struct entry e;
	bool run = false;

	*room = (struct room){ .names = 1 };
	int rc = measure_notes(h, &c, room, err);
	for (uint32_t i = 0; i < h->extent_count && !rc; i++) {
		rc = read_extent(&c, tally.end, &e, err);
		if (rc)
			return rc;
		if (!cursor_ok(&c) || !is_text(&e.name))
			return damaged(err,
			               "an extent is cut off, or its name is not text");
		/* The text itself comes later; here matters only whether there is one. */
		if (e.name.size || e.extent.kind == EXTENT_TENSOR)
			e.extent.name = "";
		fault = manifest_tally_add(&tally, &e.extent);
		if (fault)
			return err_set(err, ERR_DAMAGED, "damaged manifest: extent %u %s",
			               (unsigned)i, fault);
		if (is_kept(&e.extent, keep) && !joins(&e, keep, &run))
			make_room(room, &e);
	}
	fault = rc ? NULL : manifest_tally_end(&tally, h->size, h->inline_size);
	if (fault)
		return damaged(err, fault);
	if (!rc && c.left != h->inline_size)
		return damaged(err, "its inline bytes are cut off or too many");
	return rc;
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
static int hash_inlined(struct extent *x, const uint8_t *bytes, struct err *err)
{
	x->sum = xxh128_of(bytes, (size_t)x->size);
	if (!sha256_of(bytes, (size_t)x->size, &x->id))
		return err_nomem(err, "a manifest");
	return 0;
}

/* Where the next extent that is kept goes, and what belongs to it. */
struct filling {
	struct extent *extent;
	char *names;
	uint64_t *dims;
	struct extent_finding *finding;
};

static void keep_entry(struct filling *to, const struct entry *e)
{
	struct extent *x = to->extent++;

	*x = e->extent;
	x->name = NULL;
	if (x->kind == EXTENT_TENSOR)
		x->name = keep_text(&to->names, &e->name);
	memcpy(to->dims, e->dims, x->dim_count * sizeof(*to->dims));
	x->dims = x->dim_count ? to->dims : NULL;
	to->dims += x->dim_count;
	if (has_finding(x)) {
		*to->finding = e->finding;
		x->finding = to->finding++;
	} else {
		x->finding = NULL;
	}
}

/* The second walk; measure() has seen that nothing is missing. */
static int fill(const struct head *h, struct manifest *m, struct cursor c, enum keep keep,
                struct err *err)
{
	struct filling to = { m->extents.list, m->extents.names, m->extents.dims,
		              m->extents.findings };
	const uint8_t *inlined = c.at + c.left - h->inline_size;
	uint64_t offset = 0;
	struct entry e;
	bool run = false;
	int rc = 0;

	for (uint32_t i = 0; i < h->extent_count && !rc; i++) {
		rc = read_extent(&c, offset, &e, err);
		if (rc)
			break;
		offset += e.extent.size;
		if (joins(&e, keep, &run)) {
			to.extent[-1].size += e.extent.size;
		} else if (is_kept(&e.extent, keep)) {
			keep_entry(&to, &e);
			if (e.extent.inlined && keep != KEEP_PLACES)
				rc = hash_inlined(to.extent - 1, inlined, err);
		}
		inlined += e.extent.inlined ? e.extent.size : 0;
	}
	return rc;
}

/* `texts` has room for them. */
static void fill_notes(const struct head *h, struct manifest *m, struct cursor *c,
                       char *texts)
{
	struct span key, value;

	for (uint32_t i = 0; i < h->note_count; i++) {
		read_note(c, &key, &value);
		m->notes[i].key = keep_text(&texts, &key);
		m->notes[i].value = keep_text(&texts, &value);
	}
	m->note_count = h->note_count;
}

static int allocate(const struct room *room, struct extents *x, struct err *err)
{
	x->count = room->extents;
	x->list = calloc(room->extents + 1, sizeof(*x->list));
	x->names = malloc(room->names);
	x->dims = calloc(room->dims + 1, sizeof(*x->dims));
	x->findings = calloc(room->findings + 1, sizeof(*x->findings));
	return x->list && x->names && x->dims && x->findings
	               ? 0
	               : err_nomem(err, "a manifest");
}

/* m->memory holds the body; notes' texts are put behind it. */
static int parse_body(const struct head *h, struct manifest *m, enum keep keep,
                      struct err *err)
{
	size_t size = (size_t)h->body_size;
	struct room room;
	int rc = measure(h, cursor_over(m->memory, size), keep, &room, err);

	if (!rc)
		rc = allocate(&room, &m->extents, err);
	if (rc)
		return rc;
	uint8_t *memory = realloc(m->memory, size + room.notes + 1);
	if (!memory)
		return err_nomem(err, "a manifest");
	m->memory = memory;
	struct cursor c = cursor_over(memory, size);
	fill_notes(h, m, &c, (char *)memory + size);
	m->oid = h->oid;
	m->extents.model = (enum model_kind)manifest_model_kind(
		h->model, manifest_note(m, MANIFEST_NOTE_FORMAT));
	m->extents.size = h->size;
	m->inline_size = h->inline_size;
	m->inline_bytes = memory + size - h->inline_size;
	rc = fill(h, m, c, keep, err);
	for (size_t i = 0; i < m->note_count && !rc; i++)
		if (!m->notes[i].key[0])
			rc = damaged(err, "a note has no key");
	return rc;
}

/* What points into the body goes with it. */
static void drop_body(struct manifest *m)
{
	free(m->memory);
	m->memory = NULL;
	m->inline_bytes = NULL;
	m->inline_size = 0;
	m->note_count = 0;
}

static int parse(struct span all, const struct oid *oid, enum keep keep,
                 struct manifest *out, struct err *err)
{
	struct manifest m = { .stored = all.size };
	int rc = check_frame(all.bytes, all.size, err);

	if (rc)
		return rc;
	struct cursor c = cursor_over(all.bytes, all.size - MANIFEST_SUM_SIZE);
	struct head h = read_head(&c);
	rc = check_head(&h, c.left, oid, err);
	if (rc)
		return rc;
	m.memory = malloc((size_t)h.body_size + 1);
	rc = m.memory ? unpack(&h, c.at, c.left, m.memory, err)
	              : err_nomem(err, "a manifest");
	if (!rc)
		rc = parse_body(&h, &m, keep, err);
	if (!rc && keep == KEEP_BASES)
		drop_body(&m);
	if (rc)
		manifest_wipe(&m);
	else
		*out = m;
	return rc;
}

int manifest_parse(const uint8_t *bytes, size_t n, const struct oid *oid,
                   struct manifest *out, struct err *err)
{
	return parse((struct span){ bytes, n }, oid, KEEP_ALL, out, err);
}

int manifest_parse_places(const uint8_t *bytes, size_t n, const struct oid *oid,
                          struct manifest *out, struct err *err)
{
	return parse((struct span){ bytes, n }, oid, KEEP_PLACES, out, err);
}

int manifest_parse_bases(const uint8_t *bytes, size_t n, const struct oid *oid,
                         struct manifest *out, struct err *err)
{
	return parse((struct span){ bytes, n }, oid, KEEP_BASES, out, err);
}
