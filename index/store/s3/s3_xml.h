/*
 * The little of XML that S3 answers with, pulled out piece by piece: elements,
 * text, the five entities and character references. No DTD, no CDATA, no
 * namespaces; declarations and comments are passed over. Works in place, allocates
 * nothing, and is bounded by the text and a depth.
 *
 *     <List><Key>a</Key></List>    gives    leaf "Key" = "a" in "List"; end of "List"
 */
#ifndef ZLLM_S3_XML_H
#define ZLLM_S3_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { XML_DEPTH_MAX = 16 };

struct xml_word {
	const char *text; /* within what is parsed; no NUL at its end */
	size_t size;
};

struct xml {
	const char *at, *end;
	struct xml_word open[XML_DEPTH_MAX];
	unsigned depth;
	bool leaf; /* the innermost element has no element in it so far */
	const char *text; /* where its text begins */
};

enum xml_event {
	XML_BAD = -1, /* not well-formed, or more than we take */
	XML_END = 0,  /* of the document, which was whole */
	XML_LEAF = 1, /* an element without elements: name, parent, raw */
	XML_CLOSE = 2 /* the end of an element with elements: name, parent */
};

struct xml_item {
	struct xml_word name;
	struct xml_word parent; /* of the element around it; size 0 at the top */
	struct xml_word raw;    /* text with its entities: xml_text() */
};

void xml_begin(struct xml *x, const void *text, size_t size);
enum xml_event xml_next(struct xml *x, struct xml_item *out);

bool xml_is(const struct xml_word *word, const char *name);

/* The text of a leaf, decoded, with a NUL. False when it does not fit, holds a NUL, or an
 * entity that is not one of ours. */
bool xml_text(const struct xml_word *raw, char *out, size_t room);

/* The same for people: cut where it does not fit, a '?' for what is not understood. */
void xml_text_shown(const struct xml_word *raw, char *out, size_t room);

/* Without blanks and ends of lines around it, as pretty printers put them there. */
struct xml_word xml_trimmed(const struct xml_word *word);

#endif
