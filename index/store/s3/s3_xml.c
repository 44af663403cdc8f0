#include "index/store/s3/s3_xml.h"

#include <string.h>

void xml_begin(struct xml *x, const void *text, size_t size)
{
	const char *start = size ? text : ""; /* of no bytes it may be NULL */

	size_t mark = size >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	*x = (struct xml){ .at = start + mark, .end = start + size };
}

bool xml_is(const struct xml_word *word, const char *name)
{
	return word->size == strlen(name) && memcmp(word->text, name, word->size) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool begins_with(const struct xml *x, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(x->end - x->at) >= n && memcmp(x->at, text, n) == 0;
}

/* Past the next `mark`; false when there is none. */
static bool skip_past(struct xml *x, const char *mark)
{
	size_t n = strlen(mark);
	const char *found = memmem(x->at, (size_t)(x->end - x->at), mark, n);

	if (!found)
		return false;
	x->at = found + n;
	return true;
}

/* A name, without the prefix of a namespace. */
static bool take_name(struct xml *x, struct xml_word *name)
{
	const char *start = x->at;

	while (x->at < x->end && !is_blank(*x->at) && !strchr("/><=\"'&!?", *x->at)) {
		if (*x->at == ':')
			start = x->at + 1;
		x->at++;
	}
	*name = (struct xml_word){ start, (size_t)(x->at - start) };
	return name->size > 0;
}

/* Past the attributes and the '>' of a tag. */
static bool skip_attributes(struct xml *x, bool *empty)
{
	*empty = false;
	while (x->at < x->end) {
		char c = *x->at++;
		if (c == '>')
			return true;
		*empty = c == '/';
		if (c == '<')
			return false;
		if (c != '"' && c != '\'')
			continue;
		const char *close = memchr(x->at, c, (size_t)(x->end - x->at));
		if (!close)
			return false;
		x->at = close + 1;
	}
	return false;
}

static void close_element(struct xml *x, struct xml_item *out)
{
	out->name = x->open[--x->depth];
	out->parent = x->depth ? x->open[x->depth - 1] : (struct xml_word){ "", 0 };
	x->leaf = false;
}

/* After "<". 1: *event happened; 0: go on; -1: bad. */
static int open_tag(struct xml *x, struct xml_item *out)
{
	struct xml_word name;
	bool empty;

	if (x->depth == XML_DEPTH_MAX || !take_name(x, &name) ||
	    !skip_attributes(x, &empty))
		return -1;
	x->open[x->depth++] = name;
	x->leaf = true;
	x->text = x->at;
	if (!empty)
		return 0;
	out->raw = (struct xml_word){ x->at, 0 };
	close_element(x, out);
	return 1;
}

/* After "</". `tag` is where that stood. */
static enum xml_event close_tag(struct xml *x, const char *tag, struct xml_item *out)
{
	struct xml_word name;
	bool empty, leaf = x->leaf;

	if (!x->depth || !take_name(x, &name) || !skip_attributes(x, &empty))
		return XML_BAD;
	const struct xml_word *open = &x->open[x->depth - 1];
	if (name.size != open->size || memcmp(name.text, open->text, name.size) != 0)
		return XML_BAD;
	if (leaf)
		out->raw = (struct xml_word){ x->text, (size_t)(tag - x->text) };
	close_element(x, out);
	return leaf ? XML_LEAF : XML_CLOSE;
}

/* Text before the next tag; only inside an element may it be more than blanks. */
static bool skip_text(struct xml *x)
{
	const char *next = memchr(x->at, '<', (size_t)(x->end - x->at));
	const char *stop = next ? next : x->end;

	for (; !x->depth && x->at < stop; x->at++)
		if (!is_blank(*x->at))
			return false;
	x->at = stop;
	return true;
}

enum xml_event xml_next(struct xml *x, struct xml_item *out)
{
	*out = (struct xml_item){ .raw = { "", 0 } };
	for (;;) {
		if (!skip_text(x))
			return XML_BAD;
		if (x->at == x->end)
			return x->depth ? XML_BAD : XML_END;
		const char *tag = x->at++;
		if (begins_with(x, "?")) {
			if (!skip_past(x, "?>"))
				return XML_BAD;
		} else if (begins_with(x, "!--")) {
			if (x->leaf || !skip_past(x, "-->"))
				return XML_BAD; /* none within a text */
		} else if (begins_with(x, "/")) {
			x->at++;
			return close_tag(x, tag, out);
		} else {
			int rc = open_tag(x, out);
			if (rc)
				return rc > 0 ? XML_LEAF : XML_BAD;
		}
	}
}

struct xml_word xml_trimmed(const struct xml_word *word)
{
	struct xml_word w = *word;

	for (; w.size && is_blank(w.text[0]); w.size--)
		w.text++;
	while (w.size && is_blank(w.text[w.size - 1]))
		w.size--;
	return w;
}

/* The number of "&#..;" at `at`; 0 when it is not one. */
static uint32_t reference(const char *at, size_t left, size_t *used)
{
	bool hex = left > 2 && (at[2] | 32) == 'x';
	uint32_t value = 0;

	for (size_t i = hex ? 3 : 2; i < left; i++) {
		char c = at[i];
		*used = i + 1;
		if (c == ';')
			return value;
		if (c >= '0' && c <= '9')
			value = value * (hex ? 16 : 10) + (uint32_t)(c - '0');
		else if (hex && ((c | 32) >= 'a' && (c | 32) <= 'f'))
			value = value * 16 + (uint32_t)((c | 32) - 'a' + 10);
		else
			return 0;
		if (value > 0x10ffff)
			return 0;
	}
	return 0;
}

/* The character of "&...;" at `at`; 0 when it is not one of ours. */
static uint32_t entity(const char *at, size_t left, size_t *used)
{
	static const struct {
		const char *name;
		char c;
	} five[] = { { "&lt;", '<' },
		     { "&gt;", '>' },
		     { "&amp;", '&' },
		     { "&quot;", '"' },
		     { "&apos;", '\'' } };

	for (size_t i = 0; i < sizeof(five) / sizeof(five[0]); i++) {
		*used = strlen(five[i].name);
		if (left >= *used && memcmp(at, five[i].name, *used) == 0)
			return (uint32_t)five[i].c;
	}
	*used = 1;
	return left >= 4 && at[1] == '#' ? reference(at, left, used) : 0;
}

/* `c` in UTF-8; how many bytes. */
static size_t utf8(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t marks[] = { 0, 0xc0, 0xe0, 0xf0 };

	out[0] = (char)(marks[more] | c >> 6 * more);
	for (size_t i = 1; i <= more; i++)
		out[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3f));
	return more + 1;
}

/* What stands at `at`, decoded into `out`: how many bytes, 0 where it is not understood;
 * and *used the bytes that say it. */
static size_t decode_one(const char *at, size_t left, char out[4], size_t *used)
{
	*used = 1;
	out[0] = *at;
	if (*at != '&')
		return *at ? 1 : 0;
	uint32_t c = entity(at, left, used);
	return c ? utf8(c, out) : 0;
}

bool xml_text(const struct xml_word *raw, char *out, size_t room)
{
	size_t n = 0, used;

	for (size_t i = 0; i < raw->size; i += used) {
		char bytes[4];
		size_t size = decode_one(raw->text + i, raw->size - i, bytes, &used);
		if (!size || n + size >= room)
			return false;
		memcpy(out + n, bytes, size);
		n += size;
	}
	if (!room)
		return false;
	out[n] = 0;
	return true;
}

void xml_text_shown(const struct xml_word *raw, char *out, size_t room)
{
	size_t n = 0, used;

	for (size_t i = 0; i < raw->size; i += used) {
		char bytes[4];
		size_t size = decode_one(raw->text + i, raw->size - i, bytes, &used);
		if (!size)
			bytes[size++] = '?';
		if (n + size >= room)
			break;
		memcpy(out + n, bytes, size);
		n += size;
	}
	out[n] = 0;
}
