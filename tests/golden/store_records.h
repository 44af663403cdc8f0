/*
 * The golden records of tests/golden/good in a golden store (make_store.c), with their bases,
 * as pieces of three objects.
 */
#ifndef ZLLM_STORE_RECORDS_H
#define ZLLM_STORE_RECORDS_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "codec/codec_table.h"
#include "index/blob/blob_put.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "tests/golden/golden_record.h"
#include "tests/golden/golden_store.h"
#include "tests/golden/store_maker.h"
#include "index/work/work_meter.h"
#include "tests/unit/memory_file.h"

enum { GROUP_MAX = 64, BASE_MAX = 20000 /* bytes: a few are large */ };

struct group {
	const char *what;
	struct extent list[GROUP_MAX];
	struct extent_finding findings[GROUP_MAX];
	size_t count;
	struct buf bytes;
};

static inline void read_golden(const char *name, const char *end, struct buf *out)
{
	struct err err = ERR_INIT;
	char path[256];

	snprintf(path, sizeof(path), "tests/golden/good/%s%s", name, end);
	FILE *f = fopen(path, "rb");
	if (!f)
		die(path, &err);
	for (size_t n = 1; n; out->size += n) {
		if (!buf_reserve(out, 65536))
			die(path, &err);
		n = fread(out->data + out->size, 1, 65536, f);
	}
	fclose(f);
}

/* A base as its own push would put it, solo. */
static inline void put_base(struct maker *m, const struct buf *base, enum dtype dtype)
{
	struct blob_file file = { .sum = xxh128_of(base->data, base->size),
		                  .dtype = dtype,
		                  .fd = memory_file_of(base->data, base->size),
		                  .size = base->size };
	struct work_meter meter = { .per_byte = 1 };
	struct blob_plan plan = { .codec = codec_by_id(CODEC_ZSTD), .meter = &meter };
	struct err err = ERR_INIT;
	uint64_t stored = 0;

	sha256_of(base->data, base->size, &file.id);
	must(blob_put(&m->transfer, &file, &plan, &stored, &err), "a base", &err);
	close(file.fd);
}

/* The record under its key, and the extent that it is. */
static inline void put_record(struct maker *m, struct group *g, const char *name,
                              const struct buf *base)
{
	struct buf record = BUF_INIT, content = BUF_INIT;
	struct extent *x = &g->list[g->count];
	struct extent_finding *finding = &g->findings[g->count];
	struct record_head head;
	struct err err = ERR_INIT;
	char key[KEY_MAX];
	uint64_t body;
	size_t size;

	read_golden(name, ".rec", &record);
	must(golden_decode(&record, base, &content, &err), name, &err);
	must(record_head_measure(record.data, record.size, &size, &err), name, &err);
	must(record_head_parse(record.data, size, &head, &body, &err), name, &err);
	*x = (struct extent){ .kind = EXTENT_CHUNK,
		              .offset = g->bytes.size,
		              .size = content.size,
		              .finding = finding,
		              .sum = xxh128_of(content.data, content.size) };
	sha256_of(content.data, content.size, &x->id);
	struct key_record at = { .id = x->id, .base_count = head.basis.base_count };
	finding->base_count = at.base_count;
	finding->stored = record.size;
	for (unsigned i = 0; i < at.base_count; i++) {
		memcpy(at.bases[i], head.basis.bases[i].id.bytes, KEY_BASE_PREFIX);
		memcpy(finding->bases[i], at.bases[i], KEY_BASE_PREFIX);
	}
	if (at.base_count)
		put_base(m, base, head.basis.bases[0].dtype);
	key_record(&at, key);
	put_value(m, key, record.data, record.size);
	if (!strcmp(name, "bitx-bf16")) /* a blob of two records */
		put_base(m, &content, head.dtype);
	if (!strcmp(name, "ulp-f16")) /* one whose live twin came back */
		put_entry(m, key, record.data, record.size);
	buf_add(&g->bytes, content.data, content.size);
	g->count++;
	record_head_wipe(&head);
	buf_wipe(&record);
	buf_wipe(&content);
}

static inline void put_group(struct maker *m, struct group *g)
{
	struct manifest manifest = { .extents = { .model = MODEL_OPAQUE,
		                                  .size = g->bytes.size,
		                                  .list = g->list,
		                                  .count = g->count } };
	struct err err = ERR_INIT;

	sha256_of(g->bytes.data, g->bytes.size, &manifest.oid);
	own(m, GOLDEN_OURS, &manifest.oid);
	must(manifest_put(m->store, &manifest, NULL, &err), g->what, &err);
	note(m, &manifest.oid, "kept", g->what);
	buf_wipe(&g->bytes);
}

static inline void put_goldens(struct maker *m)
{
	static struct group solos = { .what = "golden records, solo" },
			    deltas = { .what = "golden records, deltas" },
			    parts = { .what = "golden records, parts and products" };
	char name[128], based[128], sum[128];
	struct err err = ERR_INIT;
	FILE *f = fopen("tests/golden/good/list.tsv", "r");

	if (!f)
		die("tests/golden/good/list.tsv", &err);
	while (fscanf(f, "%127s %127s %127s", name, based, sum) == 3) {
		struct group *g = !strcmp(based, "-")          ? &solos
		                  : !strncmp(name, "parts", 5) ? &parts
		                  : !strncmp(name, "rank", 4)  ? &parts
		                                               : &deltas;
		struct buf base = BUF_INIT;
		if (g != &solos)
			read_golden(based, ".base", &base);
		/* What is empty never has a record, and a few are large. */
		if (strcmp(name, "raw-empty") != 0 && base.size <= BASE_MAX)
			put_record(m, g, name, &base);
		buf_wipe(&base);
	}
	fclose(f);
	put_group(m, &solos);
	put_group(m, &deltas);
	put_group(m, &parts);
}

#endif
