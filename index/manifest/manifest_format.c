#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/xxh128.h"
#include "codec/zstd_box.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_layout.h"
#include "index/manifest/manifest_model.h"

static void add_note(struct buf *body, const struct manifest_note *note)
{
	size_t key = strlen(note->key), value = strlen(note->value);

	buf_add_u16(body, (uint16_t)key);
	buf_add(body, note->key, key);
	buf_add_u32(body, (uint32_t)value);
	buf_add(body, note->value, value);
}

static void add_extent(struct buf *body, const struct extent *x)
{
	const struct extent_finding *f = extent_finding(x);
	size_t name = x->name ? strlen(x->name) : 0;

	buf_add_u8(body, (uint8_t)x->kind);
	buf_add_u8(body, (uint8_t)x->dtype);
	buf_add_u8(body, (uint8_t)((x->inlined ? MANIFEST_INLINED : 0) |
	                           f->base_count << MANIFEST_BASES_SHIFT |
	                           f->tried_count << MANIFEST_TRIED_SHIFT |
	                           (manifest_has_finding(f) ? MANIFEST_FINDING : 0)));
	buf_add_u8(body, (uint8_t)x->dim_count);
	buf_add_u64(body, x->size);
	for (unsigned i = 0; i < x->dim_count; i++)
		buf_add_u64(body, x->dims[i]);
	buf_add_u16(body, (uint16_t)name);
	buf_add(body, x->name, name);
	if (!x->inlined) {
		buf_add(body, x->id.bytes, SHA256_SIZE);
		buf_add(body, x->sum.bytes, XXH128_SIZE);
		buf_add(body, f->bases, f->base_count * sizeof(f->bases[0]));
	}
	for (unsigned i = 0; i < f->tried_count; i++) {
		buf_add_u8(body, f->tried[i].codec);
		buf_add_u16(body, f->tried[i].permille);
	}
	if (manifest_has_finding(f))
		manifest_add_finding(body, f);
}

static int format_body(const struct manifest *m, struct buf *body, struct err *err)
{
	for (size_t i = 0; i < m->note_count; i++)
		add_note(body, &m->notes[i]);
	for (size_t i = 0; i < m->extents.count; i++)
		add_extent(body, &m->extents.list[i]);
	if (m->inline_size < MANIFEST_MAX)
		buf_add(body, m->inline_bytes, (size_t)m->inline_size);
	if (body->failed)
		return err_nomem(err, "a manifest");
	if (m->inline_size >= MANIFEST_MAX ||
	    body->size > MANIFEST_MAX - MANIFEST_HEAD_SIZE - MANIFEST_SUM_SIZE)
		return err_set(err, ERR_INPUT, "a manifest of more than %d bytes",
		               MANIFEST_MAX);
	return 0;
}

static void add_head(struct buf *out, const struct manifest *m,
                     enum manifest_packing packing, size_t body_size)
{
	buf_add(out, MANIFEST_MAGIC, MANIFEST_MAGIC_SIZE);
	buf_add_u16(out, (uint16_t)manifest_version(&m->extents));
	buf_add_u8(out, manifest_model_number(m->extents.model));
	buf_add_u8(out, (uint8_t)packing);
	buf_add_u32(out, 0);
	buf_add(out, m->oid.bytes, SHA256_SIZE);
	buf_add_u64(out, m->extents.size);
	buf_add_u64(out, body_size);
	buf_add_u32(out, (uint32_t)m->note_count);
	buf_add_u32(out, (uint32_t)m->extents.count);
	buf_add_u64(out, m->inline_size);
}

/* Packs `body` into `packed`; leaves that empty where packing does not pay, or
 * would look like a bomb to a reader. */
static int pack(const struct buf *body, struct buf *packed, struct err *err)
{
	struct zstd_box *box = zstd_box_new();

	if (!box || !buf_reserve(packed, body->size)) {
		zstd_box_free(box);
		return err_nomem(err, "a manifest");
	}
	if (body->size > 1)
		packed->size = zstd_box_encode(box, MANIFEST_ZSTD_LEVEL, body->data,
		                               body->size, packed->data, body->size - 1);
	if (body->size > manifest_unpacked_limit(packed->size))
		packed->size = 0;
	zstd_box_free(box);
	return 0;
}

int manifest_format(const struct manifest *m, struct buf *out, struct err *err)
{
	struct buf body = BUF_INIT, packed = BUF_INIT;
	size_t start = out->size;
	int rc = manifest_check(m, ERR_INPUT, err);

	if (!rc)
		rc = format_body(m, &body, err);
	if (!rc)
		rc = pack(&body, &packed, err);
	if (!rc) {
		bool pays = packed.size > 0;
		const struct buf *stored = pays ? &packed : &body;
		add_head(out, m, pays ? MANIFEST_ZSTD : MANIFEST_STORED, body.size);
		buf_add(out, stored->data, stored->size);
		if (out->failed)
			rc = err_nomem(err, "a manifest");
	}
	if (!rc) {
		struct xxh128 sum = xxh128_of(out->data + start, out->size - start);
		buf_add(out, sum.bytes, XXH128_SIZE);
		if (out->failed)
			rc = err_nomem(err, "a manifest");
	}
	if (rc)
		out->size = start;
	buf_wipe(&packed);
	buf_wipe(&body);
	return rc;
}
