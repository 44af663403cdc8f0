/*
 * JSON values: messages from git-lfs, and what --json prints. json.c is the only
 * file that includes cJSON.
 */
#ifndef ZLLM_JSON_H
#define ZLLM_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;

/* The value that `n` bytes of text hold, and nothing after it; NULL when they are
 * no JSON. */
struct json *json_parse(const char *text, size_t n);
struct json *json_object(void);
struct json *json_array(void);
void json_free(struct json *j); /* NULL is fine; a child goes with its parent */

/* A member that is a string, or NULL. Valid as long as `j`. */
const char *json_get_str(const struct json *j, const char *key);

/* A member that is a whole number from 0 to 2^53; false when it is not there. */
bool json_get_u64(const struct json *j, const char *key, uint64_t *out);

void json_put_str(struct json *j, const char *key, const char *value); /* NULL: null */
void json_put_u64(struct json *j, const char *key, uint64_t value);
void json_put_bool(struct json *j, const char *key, bool value);

/* With three decimals; no member at all where `value` is not finite. */
void json_put_real(struct json *j, const char *key, double value);

/* Gives `child` to the object, or to the array. */
void json_put(struct json *j, const char *key, struct json *child);
void json_add(struct json *array, struct json *child);
void json_add_u64(struct json *array, uint64_t value);
void json_add_str(struct json *array, const char *value);

/* One line of text, no newline; NULL when memory ran out. The caller frees. What a
 * terminal would obey or hide (printable.h) is written \uXXXX; a byte that is not UTF-8
 * becomes U+FFFD. */
char *json_text(const struct json *j);

#endif
