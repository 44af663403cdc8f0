/*
 * One pass over the header's text, and no tree. It keeps 32 bytes a tensor, its shape,
 * and its name, which is written over the text: a name is shorter than its quotes and
 * what they hold, so it never comes to what is not read yet. Sorting finds doubles,
 * overlaps and gaps, and so how many extents there will be.
 */
#include "index/model/safetensors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/checked.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/dtype.h"
#include "index/model/extent.h"
#include "index/model/json_cursor.h"

enum {
	LENGTH_SIZE = 8, /* bytes of the length field in front of the text */
	NOT_VALID = 1    /* this file's other answer; the reason is in the reader */
};

struct entry {
	uint64_t begin, end;         /* in the data, bytes */
	uint32_t name_at, name_size; /* in `names` */
	uint32_t dims_at;            /* in `dims` */
	enum dtype dtype : 8;
	unsigned dim_count : 8;
};

struct reader {
	uint8_t *bytes; /* owned: the length field and the text */
	const uint8_t *text;
	size_t text_size;
	uint64_t data_size; /* bytes after the text */
	struct json_cursor json;
	char *names; /* over the text, one after another, each with a NUL */
	size_t names_size;
	uint64_t *dims;
	size_t dims_count, dims_cap;
	struct entry *list;
	size_t count, cap;
	bool has_others;    /* members that are neither tensors nor __metadata__ */
	const char *reason; /* why it is not valid, where the JSON is */
};

static int refuse(struct reader *r, const char *reason)
{
	r->reason = reason;
	return NOT_VALID;
}

/* ------------------------------------------------------- one tensor's entry */

struct shape {
	uint64_t dims[TENSOR_DIMS_MAX]; /* the first ones */
	size_t dim_count;
	uint64_t elements;
	bool overflow; /* more elements than 64 bits can count */
};

static bool read_shape(struct json_cursor *json, struct shape *s)
{
	bool empty = false;
	uint64_t dim;

	*s = (struct shape){ .elements = 1 };
	json_cursor_array(json);
	while (json_cursor_item(json)) {
		if (!json_cursor_u64(json, &dim))
			return false;
		if (s->dim_count < TENSOR_DIMS_MAX)
			s->dims[s->dim_count] = dim;
		s->dim_count++;
		empty |= dim == 0;
		s->overflow = s->overflow || checked_mul(s->elements, dim, &s->elements);
	}
	if (empty) { /* a zero makes it empty, whatever the others are */
		s->elements = 0;
		s->overflow = false;
	}
	return !json->fault;
}

static bool read_offsets(struct json_cursor *json, uint64_t *begin, uint64_t *end)
{
	return json_cursor_array(json) && json_cursor_item(json) &&
	       json_cursor_u64(json, begin) && json_cursor_item(json) &&
	       json_cursor_u64(json, end) && !json_cursor_item(json) && !json->fault;
}

static bool read_dtype(struct json_cursor *json, enum dtype *out)
{
	char bytes[32];
	struct json_text text = { bytes, sizeof(bytes), 0 };

	*out = DTYPE_BYTES;
	if (!json_cursor_is(json, '"'))
		return json_cursor_pass(json);
	if (!json_cursor_string(json, &text))
		return false;
	int dtype = text.size > text.cap ? -1 : dtype_from_name(bytes, text.size);
	*out = dtype < 0 ? DTYPE_BYTES : (enum dtype)dtype;
	return true;
}

enum { HAS_DTYPE = 1, HAS_SHAPE = 2, HAS_OFFSETS = 4, HAS_ALL = 7 };

static unsigned field_of(const struct json_text *key)
{
	static const struct {
		const char *name;
		unsigned field;
	} fields[] = { { "dtype", HAS_DTYPE },
		       { "shape", HAS_SHAPE },
		       { "data_offsets", HAS_OFFSETS } };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (key->size == strlen(fields[i].name) &&
		    memcmp(key->bytes, fields[i].name, key->size) == 0)
			return fields[i].field;
	return 0;
}

/* Marks in *seen what was read; a shape that is no list is none. */
static bool read_field(struct reader *r, unsigned *seen, struct entry *e,
                       struct shape *shape)
{
	char bytes[16];
	struct json_text key = { bytes, sizeof(bytes), 0 };
	enum dtype dtype;

	if (!json_cursor_key(&r->json, &key))
		return false;
	unsigned field = field_of(&key);
	if (field == HAS_SHAPE && !json_cursor_is(&r->json, '[')) {
		*seen &= ~(unsigned)HAS_SHAPE;
		return json_cursor_pass(&r->json);
	}
	*seen |= field;
	switch (field) {
	case HAS_DTYPE:
		if (!read_dtype(&r->json, &dtype))
			return false;
		e->dtype = dtype;
		return true;
	case HAS_SHAPE:
		return read_shape(&r->json, shape);
	case HAS_OFFSETS:
		return read_offsets(&r->json, &e->begin, &e->end);
	default:
		return json_cursor_pass(&r->json);
	}
}

/* Whether shape times dtype is the length the offsets give. */
static int check_size(struct reader *r, const struct entry *e, const struct shape *shape)
{
	uint64_t bits;

	if (e->begin > e->end || e->end > r->data_size)
		return refuse(r, "a tensor's offsets do not lie within the file");
	if (e->dtype == DTYPE_BYTES)
		return 0;
	if (shape->overflow || checked_mul(shape->elements, dtype_bits(e->dtype), &bits))
		return refuse(r, "a tensor's shape is beyond 64 bits");
	if (bits % 8)
		return refuse(r, "a tensor ends within a byte");
	if (bits / 8 != e->end - e->begin)
		return refuse(r, "a tensor's shape does not fit its length");
	return 0;
}

static int keep_entry(struct reader *r, const struct entry *e)
{
	if (r->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 256;
		struct entry *list = realloc(r->list, cap * sizeof(*list));
		if (!list)
			return ERR_NOMEM;
		r->list = list;
		r->cap = cap;
	}
	r->list[r->count++] = *e;
	return 0;
}

static int keep_dims(struct reader *r, const struct shape *shape, struct entry *e)
{
	size_t n = shape->dim_count > TENSOR_DIMS_MAX ? 0 : shape->dim_count;

	if (r->dims_cap - r->dims_count < n) {
		size_t cap = r->dims_cap ? 2 * r->dims_cap : 512;
		uint64_t *dims = realloc(r->dims, cap * sizeof(*dims));
		if (!dims)
			return ERR_NOMEM;
		r->dims = dims;
		r->dims_cap = cap;
	}
	e->dims_at = (uint32_t)r->dims_count;
	e->dim_count = (unsigned)n;
	if (n)
		memcpy(r->dims + r->dims_count, shape->dims, n * sizeof(*r->dims));
	r->dims_count += n;
	return 0;
}

/* An object, whose name of `name_size` bytes is last in `names`: it is a tensor when it
 * says where its bytes are. */
static int read_tensor(struct reader *r, size_t name_size)
{
	struct entry e = { .name_at = (uint32_t)r->names_size,
		           .name_size = (uint32_t)name_size };
	struct shape shape = { .elements = 0 };
	unsigned seen = 0;

	json_cursor_object(&r->json);
	while (read_field(r, &seen, &e, &shape))
		;
	if (r->json.fault)
		return NOT_VALID;
	if (!(seen & HAS_OFFSETS)) {
		r->has_others = true;
		return 0;
	}
	if (seen != HAS_ALL) {
		e.dtype = DTYPE_BYTES;
		shape = (struct shape){ .elements = 0 };
	}
	r->names[r->names_size + name_size] = 0;
	r->names_size += name_size + 1;
	int rc = check_size(r, &e, &shape);
	if (!rc)
		rc = keep_dims(r, &shape, &e);
	return rc ? rc : keep_entry(r, &e);
}

/* -------------------------------------------------------------- whole header */

static int pass_over(struct reader *r)
{
	return json_cursor_pass(&r->json) ? 0 : NOT_VALID;
}

/* One member, whose name of `name_size` bytes is behind those of the tensors. */
static int read_member(struct reader *r, size_t name_size)
{
	static const char metadata[] = "__metadata__";

	if (name_size == strlen(metadata) &&
	    memcmp(r->names + r->names_size, metadata, name_size) == 0)
		return pass_over(r);
	if (json_cursor_is(&r->json, '{'))
		return read_tensor(r, name_size);
	r->has_others = true;
	return pass_over(r);
}

static void pass_mark(struct json_cursor *json)
{
	static const char mark[] = "\xEF\xBB\xBF"; /* of UTF-8; some editors set it */

	if (json->end - json->at >= 3 && memcmp(json->at, mark, 3) == 0)
		json->at += 3;
}

/* What C programs put behind a text to make it as long as they said. */
static void drop_padding(struct json_cursor *json)
{
	while (json->at < json->end && memchr(" \t\r\n", json->end[-1], 5))
		json->end--;
}

static int read_header(struct reader *r)
{
	r->json = json_cursor_over(r->text, r->text_size);
	pass_mark(&r->json);
	drop_padding(&r->json);
	if (!json_cursor_is(&r->json, '{'))
		return refuse(r, "the header does not begin with {");
	json_cursor_object(&r->json);
	for (;;) {
		/* A name is shorter than its text: quotes make room for its NUL. */
		char *room = r->names + r->names_size;
		struct json_text key = { room, r->text_size - r->names_size, 0 };
		if (!json_cursor_key(&r->json, &key))
			break;
		int rc = read_member(r, key.size);
		if (rc)
			return rc;
	}
	if (!json_cursor_end(&r->json))
		return NOT_VALID;
	if (!r->count && r->has_others && r->data_size)
		return refuse(r, "the header names no tensor");
	return 0;
}

/* ------------------------------------------------------------ order and gaps */

static int compare_names(const void *a, const void *b, void *names)
{
	const struct entry *x = a, *y = b;
	uint32_t n = x->name_size < y->name_size ? x->name_size : y->name_size;
	int order = memcmp((const char *)names + x->name_at,
	                   (const char *)names + y->name_at, n);

	if (order)
		return order;
	return (x->name_size > y->name_size) - (x->name_size < y->name_size);
}

/* By name; of the same name, in the order of the text. */
static int compare_entries(const void *a, const void *b, void *names)
{
	const struct entry *x = a, *y = b;
	int order = compare_names(x, y, names);

	return order ? order : (x->name_at > y->name_at) - (x->name_at < y->name_at);
}

/* Of the tensors of one name the last one is kept. */
static void drop_doubles(struct reader *r)
{
	size_t kept = 0;

	if (r->count)
		qsort_r(r->list, r->count, sizeof(r->list[0]), compare_entries, r->names);
	for (size_t i = 0; i < r->count; i++) {
		bool last = i + 1 == r->count ||
		            compare_names(&r->list[i], &r->list[i + 1], r->names) != 0;
		if (last)
			r->list[kept++] = r->list[i];
	}
	r->count = kept;
}

/* By place; an empty tensor goes before the one that begins where it lies. */
static int compare_places(const void *a, const void *b, void *names)
{
	const struct entry *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return compare_names(a, b, names);
}

/* Sorts the tensors by place and counts the gaps, the tail among them. */
static int order_entries(struct reader *r, size_t *gaps)
{
	uint64_t at = 0;

	*gaps = 0;
	if (r->count)
		qsort_r(r->list, r->count, sizeof(r->list[0]), compare_places, r->names);
	for (size_t i = 0; i < r->count; i++) {
		if (r->list[i].begin < at)
			return refuse(r, "tensors overlap");
		*gaps += r->list[i].begin > at;
		at = r->list[i].end;
	}
	*gaps += r->data_size > at;
	return 0;
}

/* ------------------------------------------------------------------ extents */

static void fill_tensor(const struct reader *r, const struct entry *e, uint64_t data,
                        struct extent *x)
{
	*x = (struct extent){ .kind = EXTENT_TENSOR,
		              .dtype = e->dtype,
		              .offset = data + e->begin,
		              .size = e->end - e->begin,
		              .name = r->names + e->name_at,
		              .dims = e->dim_count ? r->dims + e->dims_at : NULL,
		              .dim_count = e->dim_count };
	if (e->name_size > TENSOR_NAME_MAX || memchr(x->name, 0, e->name_size))
		x->name = r->names + e->name_at + e->name_size;
}

static struct extent *fill_gap(struct extent *x, uint64_t from, uint64_t to)
{
	if (from < to)
		*x++ = (struct extent){ .kind = EXTENT_GAP,
			                .offset = from,
			                .size = to - from };
	return x;
}

/* Lets go of the text behind the names, and of what `dims` has too much. */
static void shrink(struct reader *r)
{
	uint8_t *bytes = realloc(r->bytes, LENGTH_SIZE + r->names_size);
	uint64_t *dims = realloc(r->dims, (r->dims_count + 1) * sizeof(*dims));

	r->bytes = bytes ? bytes : r->bytes;
	r->names = (char *)r->bytes + LENGTH_SIZE;
	r->dims = dims ? dims : r->dims;
}

/* Header, then tensors with the gaps in front of them, then the tail. The
 * extents own names and dims from here on. */
static int fill_extents(struct reader *r, size_t gaps, struct extents *out)
{
	uint64_t data = LENGTH_SIZE + r->text_size;
	size_t count = 1 + r->count + gaps;

	shrink(r);
	struct extent *list = calloc(count, sizeof(*list));
	struct extent *x = list;
	uint64_t at = data;
	if (!list)
		return ERR_NOMEM;
	*x++ = (struct extent){ .kind = EXTENT_HEADER, .size = data };
	for (size_t i = 0; i < r->count; i++) {
		x = fill_gap(x, at, data + r->list[i].begin);
		fill_tensor(r, &r->list[i], data, x++);
		at = data + r->list[i].end;
	}
	fill_gap(x, at, data + r->data_size);
	*out = (struct extents){ .model = MODEL_SAFETENSORS,
		                 .size = data + r->data_size,
		                 .list = list,
		                 .count = count,
		                 .names = (char *)r->bytes,
		                 .dims = r->dims };
	r->bytes = NULL;
	r->dims = NULL;
	return 0;
}

static int parse_text(struct reader *r, struct extents *out)
{
	size_t gaps;
	int rc = read_header(r);

	if (!rc)
		drop_doubles(r);
	if (!rc)
		rc = order_entries(r, &gaps);
	if (!rc)
		rc = fill_extents(r, gaps, out);
	return rc;
}

/* Whether the length field fits; else the reason. */
static bool check_length(const uint8_t *bytes, uint64_t n, uint64_t file_size,
                         struct err *why)
{
	if (n < LENGTH_SIZE || file_size < n) {
		err_set(why, ERR_INPUT, "shorter than a length field");
		return false;
	}
	uint64_t length = le64_load(bytes);
	if (length > SAFETENSORS_HEADER_MAX || length > n - LENGTH_SIZE) {
		err_set(why, ERR_INPUT, "a header of %llu bytes does not fit",
		        (unsigned long long)length);
		return false;
	}
	return true;
}

int safetensors_parse(uint8_t *bytes, uint64_t n, uint64_t file_size, struct extents *out,
                      struct err *why)
{
	struct reader r = { .bytes = bytes };
	int rc = NOT_VALID;

	if (!check_length(bytes, n, file_size, why))
		goto out;
	r.text = bytes + LENGTH_SIZE;
	r.text_size = (size_t)le64_load(bytes);
	r.data_size = file_size - LENGTH_SIZE - r.text_size;
	r.names = (char *)bytes + LENGTH_SIZE;
	rc = parse_text(&r, out);
	if (rc == ERR_NOMEM)
		err_nomem(why, "the header of a safetensors file");
	else if (rc)
		err_set(why, ERR_INPUT, "%s near byte %zu of the header",
		        r.reason ? r.reason : r.json.fault,
		        r.json.at ? (size_t)(r.json.at - r.text) : 0);
out:
	free(r.bytes);
	free(r.dims);
	free(r.list);
	return rc;
}
