#include "agent/hints/front_matter.h"

#include <stdbool.h>
#include <string.h>

#include <yaml.h>

#include "agent/hints/model_name.h"

enum { DEPTH_MAX = 32, EVENTS_MAX = 20000 };

#define BASE_KEY "base_model"

/* ---------------------------------------------------------------- the block */

/* The line at `at` without its end; *next is where the following one begins. */
static size_t line_length(const char *text, size_t n, size_t at, size_t *next)
{
	const char *lf = memchr(text + at, '\n', n - at);
	size_t end = lf ? (size_t)(lf - text) : n;

	*next = lf ? end + 1 : n;
	while (end > at && (text[end - 1] == '\r' || text[end - 1] == ' '))
		end--;
	return end - at;
}

static bool line_is(const char *line, size_t n, const char *what)
{
	return n == strlen(what) && memcmp(line, what, n) == 0;
}

/* Where the block lies between its two marks; false when there is none. */
static bool find_block(const char *text, size_t n, size_t *begin, size_t *size)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t at = n >= 3 && memcmp(text, bom, 3) == 0 ? 3 : 0, next;

	if (n < strlen("---"))
		return false;
	if (!line_is(text + at, line_length(text, n, at, &next), "---"))
		return false;
	*begin = next;
	for (at = next; at < n && at - *begin <= FRONT_MATTER_MAX; at = next) {
		size_t length = line_length(text, n, at, &next);
		if (line_is(text + at, length, "---") ||
		    line_is(text + at, length, "...")) {
			*size = at - *begin;
			return *size <= FRONT_MATTER_MAX;
		}
	}
	return false;
}

/* ---------------------------------------------------------------- its events */

/* Where the reader is in the outermost mapping. */
enum place { AT_KEY, AT_BASE, IN_BASE_LIST, AT_OTHER };

struct reading {
	struct model_names *names;
	unsigned depth; /* of mappings and lists that are open */
	enum place place;
};

/* `base_model: null` and `base_model: ~` name nothing, unless in quotes. */
static bool is_null(const yaml_event_t *event)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (event->data.scalar.plain_implicit &&
		    line_is((const char *)event->data.scalar.value,
		            event->data.scalar.length, nulls[i]))
			return true;
	return false;
}

static void take_scalar(struct reading *r, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t n = event->data.scalar.length;

	if (r->depth == 1 && r->place == AT_KEY) {
		r->place = line_is(text, n, BASE_KEY) ? AT_BASE : AT_OTHER;
		return;
	}
	if (((r->depth == 1 && r->place == AT_BASE) ||
	     (r->depth == 2 && r->place == IN_BASE_LIST)) &&
	    !is_null(event))
		model_names_add(r->names, text, n);
	if (r->depth == 1)
		r->place = AT_KEY;
}

static void begin_block(struct reading *r, bool list)
{
	if (r->depth == 1)
		r->place = list && r->place == AT_BASE ? IN_BASE_LIST : AT_OTHER;
	r->depth++;
}

static void end_block(struct reading *r)
{
	r->depth--;
	if (r->depth == 1)
		r->place = AT_KEY;
}

/* False where reading ends. */
static bool take_event(struct reading *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		take_scalar(r, event);
		return r->depth > 0;
	case YAML_ALIAS_EVENT:
		if (r->depth == 1)
			r->place = r->place == AT_KEY ? AT_OTHER : AT_KEY;
		return r->depth > 0;
	case YAML_MAPPING_START_EVENT:
		begin_block(r, false);
		return r->depth < DEPTH_MAX;
	case YAML_SEQUENCE_START_EVENT:
		begin_block(r, true);
		return r->depth > 1 && r->depth < DEPTH_MAX;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		end_block(r);
		return r->depth > 0;
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		return true;
	default:
		return false;
	}
}

void front_matter_bases(const char *text, size_t n, struct model_names *out)
{
	struct reading r = { .names = out, .place = AT_KEY };
	size_t begin, size;
	yaml_parser_t parser;
	bool more = true;

	if (!find_block(text, n, &begin, &size) || !yaml_parser_initialize(&parser))
		return;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text + begin, size);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	for (unsigned i = 0; more && i < EVENTS_MAX; i++) {
		yaml_event_t event;
		if (!yaml_parser_parse(&parser, &event))
			break;
		more = take_event(&r, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}
