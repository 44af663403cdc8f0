#include "agent/report/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "agent/report/printable.h"
#include "codec/common/buf.h"

/* struct json is cJSON under our own name; the casts stay in these two. */
static cJSON *inner(const struct json *j)
{
	return (cJSON *)j;
}

static struct json *outer(cJSON *c)
{
	return (struct json *)c;
}

struct json *json_parse(const char *text, size_t n)
{
	const char *end = NULL;
	cJSON *c = cJSON_ParseWithLengthOpts(text, n, &end, 0);

	for (; c && end < text + n; end++)
		if (*end != ' ' && *end != '\n' && *end != '\r' && *end != '\t' && *end) {
			cJSON_Delete(c);
			return NULL;
		}
	return outer(c);
}

struct json *json_object(void)
{
	return outer(cJSON_CreateObject());
}

struct json *json_array(void)
{
	return outer(cJSON_CreateArray());
}

void json_free(struct json *j)
{
	cJSON_Delete(inner(j));
}

const char *json_get_str(const struct json *j, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(inner(j), key));
}

bool json_get_u64(const struct json *j, const char *key, uint64_t *out)
{
	const double limit = 9007199254740992.0; /* 2^53: beyond, doubles skip numbers */
	cJSON *item = cJSON_GetObjectItemCaseSensitive(inner(j), key);

	if (!cJSON_IsNumber(item))
		return false;
	double value = cJSON_GetNumberValue(item);
	if (!(value >= 0 && value <= limit) || (double)(uint64_t)value != value)
		return false;
	*out = (uint64_t)value;
	return true;
}

void json_put_str(struct json *j, const char *key, const char *value)
{
	json_put(j, key, outer(value ? cJSON_CreateString(value) : cJSON_CreateNull()));
}

/* Not cJSON's number, which is a double: sizes are printed exactly. */
static cJSON *exact_number(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return cJSON_CreateRaw(text);
}

void json_put_u64(struct json *j, const char *key, uint64_t value)
{
	json_put(j, key, outer(exact_number(value)));
}

void json_put_real(struct json *j, const char *key, double value)
{
	char text[64];

	snprintf(text, sizeof(text), "%.3f", value);
	json_put(j, key, isfinite(value) ? outer(cJSON_CreateRaw(text)) : NULL);
}

void json_put_bool(struct json *j, const char *key, bool value)
{
	json_put(j, key, outer(cJSON_CreateBool(value)));
}

void json_put(struct json *j, const char *key, struct json *child)
{
	if (!child || !cJSON_AddItemToObject(inner(j), key, inner(child)))
		cJSON_Delete(inner(child));
}

void json_add(struct json *array, struct json *child)
{
	if (!child || !cJSON_AddItemToArray(inner(array), inner(child)))
		cJSON_Delete(inner(child));
}

void json_add_u64(struct json *array, uint64_t value)
{
	json_add(array, outer(exact_number(value)));
}

void json_add_str(struct json *array, const char *value)
{
	json_add(array, outer(cJSON_CreateString(value)));
}

/* cJSON escapes what is below a space. What else a terminal would obey or hide gets
 * JSON's escapes too, and a byte that is not UTF-8, which JSON cannot hold, becomes
 * U+FFFD. All of them stand within strings: the rest of the text is ASCII. */
static void add_escaped(struct buf *out, const char *text)
{
	for (size_t left = strlen(text), n; left; text += n, left -= n) {
		int32_t code;
		n = printable_next(text, left, &code);

		if (printable_is_plain(code))
			buf_add(out, text, n);
		else if (code < 0)
			buf_add_str(out, "\\ufffd");
		else if (code < 0x10000)
			buf_addf(out, "\\u%04x", (unsigned)code);
		else
			buf_addf(out, "\\u%04x\\u%04x",
			         0xd800U + ((unsigned)(code - 0x10000) >> 10),
			         0xdc00U + ((unsigned)code & 0x3ff));
	}
}

char *json_text(const struct json *j)
{
	char *raw = j ? cJSON_PrintUnformatted(inner(j)) : NULL;
	struct buf text = BUF_INIT;

	if (!raw)
		return NULL;
	add_escaped(&text, raw);
	buf_add(&text, "", 1);
	cJSON_free(raw);
	if (!text.failed)
		return (char *)text.data;
	buf_wipe(&text);
	return NULL;
}
