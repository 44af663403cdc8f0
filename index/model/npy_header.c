#include "index/model/npy_header.h"

#include <string.h>

#include "codec/common/checked.h"
#include "codec/common/le.h"

enum { LENGTH_AT = 8, VERSION_MAX = 3, WORD_MAX = 16 };

/* ------------------------------------------------------------- the length */

/* Bytes in front of the text; 0 where this is not a header. */
static size_t text_at(const uint8_t *start)
{
	static const uint8_t magic[] = { 0x93, 'N', 'U', 'M', 'P', 'Y' };
	unsigned major = start[sizeof(magic)], minor = start[sizeof(magic) + 1];

	if (memcmp(start, magic, sizeof(magic)) != 0 || minor != 0 || major < 1 ||
	    major > VERSION_MAX)
		return 0;
	return major == 1 ? LENGTH_AT + 2 : LENGTH_AT + 4;
}

size_t npy_header_size(const uint8_t start[NPY_START])
{
	size_t at = text_at(start);
	uint32_t length = at == LENGTH_AT + 2 ? le16_load(start + LENGTH_AT)
	                                      : le32_load(start + LENGTH_AT);

	if (!at || length > NPY_HEADER_MAX - at || at + length < NPY_START)
		return 0;
	return at + length;
}

/* --------------------------------------------------------------- the text */

/* What of the text is not read yet. */
struct text {
	const char *at, *end;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct text *t)
{
	while (t->at < t->end && is_space(*t->at))
		t->at++;
}

/* Takes the character `c`, and white space before it; false where another stands there. */
static bool take(struct text *t, char c)
{
	skip_space(t);
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

static bool take_word(struct text *t, const char *word)
{
	size_t n = strlen(word);

	skip_space(t);
	if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0)
		return false;
	t->at += n;
	return true;
}

/* A string without escapes, of fewer than WORD_MAX bytes. */
static bool take_string(struct text *t, char out[WORD_MAX])
{
	char quote = take(t, '\'') ? '\'' : '"';
	size_t n = 0;

	if (quote == '"' && !take(t, '"'))
		return false;
	while (t->at < t->end && *t->at != quote && *t->at != '\\' && *t->at != 0 &&
	       n < WORD_MAX - 1)
		out[n++] = *t->at++;
	out[n] = 0;
	if (t->at == t->end || *t->at != quote)
		return false;
	t->at++;
	return true;
}

/* Digits, without a zero in front. */
static bool take_number(struct text *t, uint64_t *out)
{
	const char *start;

	skip_space(t);
	*out = 0;
	for (start = t->at; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
		if (checked_mul(*out, 10, out) ||
		    checked_add(*out, (uint64_t)(*t->at - '0'), out))
			return false;
	return t->at > start && (*start != '0' || t->at == start + 1);
}

/* -------------------------------------------------------------- the values */

struct values {
	enum dtype dtype;
	uint64_t size; /* bytes of one */
};

static const struct {
	char kind;
	unsigned size;
	enum dtype dtype;
} known[] = {
	{ 'b', 1, DTYPE_BOOL }, { 'i', 1, DTYPE_I8 },   { 'i', 2, DTYPE_I16 },
	{ 'i', 4, DTYPE_I32 },  { 'i', 8, DTYPE_I64 },  { 'u', 1, DTYPE_U8 },
	{ 'u', 2, DTYPE_U16 },  { 'u', 4, DTYPE_U32 },  { 'u', 8, DTYPE_U64 },
	{ 'f', 2, DTYPE_F16 },  { 'f', 4, DTYPE_F32 },  { 'f', 8, DTYPE_F64 },
	{ 'c', 8, DTYPE_C64 },  { 'V', 2, DTYPE_BF16 },
};

/* "<f4": order, kind and size. */
static bool read_descr(struct text *t, struct values *v)
{
	enum { CHARACTER = 4 }; /* bytes of one in a string of kind U */
	char word[WORD_MAX];

	if (!take_string(t, word) || !strchr("<>|", word[0]) || !word[0] ||
	    !strchr("biufcVSU", word[1]) || !word[1])
		return false;
	struct text digits = { word + 2, word + strlen(word) };
	if (!take_number(&digits, &v->size) || digits.at != digits.end)
		return false;
	v->dtype = DTYPE_BYTES;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (word[1] == known[i].kind && v->size == known[i].size &&
		    (word[0] != '>' || v->size == 1))
			v->dtype = known[i].dtype;
	return word[1] != 'U' || !checked_mul(v->size, CHARACTER, &v->size);
}

struct shape {
	uint64_t dims[TENSOR_DIMS_MAX]; /* the first ones */
	size_t count;
	uint64_t values;
};

/* "()", "(3,)" or "(3, 4)", with or without a comma at the end, and with the L that
 * Python 2 wrote behind some numbers. */
static bool read_shape(struct text *t, struct shape *s)
{
	bool comma = true, empty = false, overflow = false;
	uint64_t dim;

	*s = (struct shape){ .values = 1 };
	if (!take(t, '('))
		return false;
	while (!take(t, ')')) {
		if (!comma || !take_number(t, &dim))
			return false;
		(void)take_word(t, "L");
		comma = take(t, ',');
		if (s->count < TENSOR_DIMS_MAX)
			s->dims[s->count] = dim;
		s->count++;
		empty |= dim == 0;
		overflow = overflow || checked_mul(s->values, dim, &s->values);
	}
	if (empty)
		s->values = 0;
	return (empty || !overflow) && (s->count != 1 || comma);
}

static bool read_order(struct text *t, bool *fortran)
{
	*fortran = take_word(t, "True");
	return *fortran || take_word(t, "False");
}

/* ---------------------------------------------------------------- the whole */

enum { HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4, HAS_ALL = 7 };

struct array {
	struct values values;
	struct shape shape;
	bool fortran;
};

/* The next key and its value; 0 where that is not valid. */
static unsigned read_item(struct text *t, struct array *a)
{
	char key[WORD_MAX];

	if (!take_string(t, key) || !take(t, ':'))
		return 0;
	if (strcmp(key, "descr") == 0)
		return read_descr(t, &a->values) ? HAS_DESCR : 0;
	if (strcmp(key, "fortran_order") == 0)
		return read_order(t, &a->fortran) ? HAS_ORDER : 0;
	if (strcmp(key, "shape") == 0)
		return read_shape(t, &a->shape) ? HAS_SHAPE : 0;
	return 0;
}

static bool read_dict(struct text *t, struct array *a)
{
	unsigned seen = 0;
	bool comma = true;

	if (!take(t, '{'))
		return false;
	while (!take(t, '}')) {
		unsigned item = comma ? read_item(t, a) : 0;
		if (!item || seen & item)
			return false;
		seen |= item;
		comma = take(t, ',');
	}
	skip_space(t);
	return seen == HAS_ALL && t->at == t->end;
}

bool npy_header_parse(const uint8_t *bytes, size_t n, struct npy_header *out)
{
	const char *text = (const char *)bytes;
	struct text t = { text + text_at(bytes), text + n };
	struct array a;

	if (!read_dict(&t, &a) ||
	    checked_mul(a.values.size, a.shape.values, &out->data_size))
		return false;
	out->dtype = a.values.dtype;
	out->dim_count = a.shape.count > TENSOR_DIMS_MAX ? 0 : (unsigned)a.shape.count;
	for (unsigned i = 0; i < out->dim_count; i++)
		out->dims[i] = a.shape.dims[a.fortran ? out->dim_count - 1 - i : i];
	return true;
}
