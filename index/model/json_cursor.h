/*
 * A strict JSON reader (RFC 8259) over bytes from outside. The caller says what
 * it expects next and pulls it; nothing is built, nothing is allocated. What says
 * nothing to the caller is passed over without a look.
 *
 *     json_cursor_object(&c);
 *     while (json_cursor_key(&c, &key))
 *             json_cursor_pass(&c);
 *     if (!json_cursor_end(&c))
 *             ... c.fault says why, c.at where
 *
 * The first thing that is not as expected sets `fault`; from then on every call
 * returns false, so one test at the end suffices. Each call but item() and
 * key() must be made where a value may stand.
 */
#ifndef ZLLM_JSON_CURSOR_H
#define ZLLM_JSON_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_DEPTH_MAX = 128 }; /* containers within containers */

struct json_cursor {
	const uint8_t *at;
	const uint8_t *end;
	unsigned depth;    /* containers open */
	bool fresh;        /* the innermost of them has had no item yet */
	const char *fault; /* what is wrong near `at`, or NULL */
};

/* A string, decoded into the caller's `bytes`: UTF-8, without a final NUL,
 * possibly with NULs inside. `size` is what all of it takes; when that is more
 * than `cap`, only the first `cap` bytes were kept. */
struct json_text {
	char *bytes; /* may be NULL when cap is 0 */
	size_t cap;
	size_t size;
};

struct json_cursor json_cursor_over(const void *bytes, size_t n);

/* Enters an object or an array. */
bool json_cursor_object(struct json_cursor *c);
bool json_cursor_array(struct json_cursor *c);

/* Goes to the next member of the innermost container, an object or an array.
 * False when there is none: the container is then left. The member's value
 * must be taken before the next call. Keys are not compared with each other. */
bool json_cursor_key(struct json_cursor *c, struct json_text *key);
bool json_cursor_item(struct json_cursor *c);

bool json_cursor_string(struct json_cursor *c, struct json_text *text);

/* A whole number written with digits alone: no sign, fraction or exponent. */
bool json_cursor_u64(struct json_cursor *c, uint64_t *out);

/* Whether the value here begins with this byte: '{', '[' or '"'. Nothing is taken. */
bool json_cursor_is(struct json_cursor *c, char byte);

/* Goes past any value by its quotes and brackets alone, however deep: it need not be JSON
 * in between (NaN, bytes that are not UTF-8, half of a surrogate pair). */
bool json_cursor_pass(struct json_cursor *c);

/* True when all containers are left and only white space remains. */
bool json_cursor_end(struct json_cursor *c);

#endif
