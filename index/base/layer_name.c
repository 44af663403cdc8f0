#include "index/base/layer_name.h"

#include <string.h>

enum { DIGITS_MAX = 9 };

/* The digits at the beginning of `s` that are a part of a name: how many. */
static size_t whole_number(const char *s, uint32_t *out)
{
	size_t n = 0;

	for (*out = 0; s[n] >= '0' && s[n] <= '9' && n <= DIGITS_MAX; n++)
		*out = n < DIGITS_MAX ? 10 * *out + (uint32_t)(s[n] - '0') : 0;
	return n <= DIGITS_MAX && (s[n] == '.' || !s[n]) ? n : 0;
}

bool layer_name_of(const char *name, struct layer_name *out)
{
	for (const char *part = name; part;) {
		uint32_t layer;
		size_t digits = whole_number(part, &layer);
		if (digits) {
			*out = (struct layer_name){ name, (size_t)(part - name), layer,
				                    part + digits };
			return true;
		}
		part = strchr(part, '.');
		part = part ? part + 1 : NULL;
	}
	return false;
}

int layer_name_compare_head(const struct layer_name *a, const struct layer_name *b)
{
	if (a->head_length != b->head_length)
		return a->head_length < b->head_length ? -1 : 1;
	return memcmp(a->head, b->head, a->head_length);
}

int layer_name_compare_layer(const struct layer_name *a, const struct layer_name *b)
{
	int order = layer_name_compare_head(a, b);

	if (order)
		return order;
	return a->layer < b->layer ? -1 : a->layer > b->layer;
}

int layer_name_compare_role(const struct layer_name *a, const struct layer_name *b)
{
	int order = layer_name_compare_head(a, b);

	return order ? order : strcmp(a->tail, b->tail);
}
