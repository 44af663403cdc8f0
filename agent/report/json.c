#include "agent/report/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

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

char *json_text(const struct json *j)
{
	return j ? cJSON_PrintUnformatted(inner(j)) : NULL;
}
