#include "agent/annex/annex_log.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"

enum { NUMBER_MAX = 32 }; /* bytes of a timestamp */

struct text {
	const char *at;
	size_t n;
};

static struct text cut(struct text *rest, char separator)
{
	const char *end = memchr(rest->at, separator, rest->n);
	struct text word = { rest->at, end ? (size_t)(end - rest->at) : rest->n };
	size_t used = word.n + (end ? 1 : 0);

	rest->at += used;
	rest->n -= used;
	return word;
}

/* The value of `key` ("store=") among the words of a line. */
static bool value_of(struct text line, const char *key, struct text *out)
{
	size_t n = strlen(key);

	while (line.n) {
		struct text word = cut(&line, ' ');
		if (word.n < n || memcmp(word.at, key, n) != 0)
			continue;
		*out = (struct text){ word.at + n, word.n - n };
		return true;
	}
	return false;
}

static double time_of(struct text line)
{
	char number[NUMBER_MAX] = "";
	struct text value;

	if (value_of(line, "timestamp=", &value) && value.n < NUMBER_MAX)
		memcpy(number, value.at, value.n);
	return strtod(number, NULL);
}

/* "&32;" is a blank: what would not stand in such a line is written by its number. */
static void add_decoded(struct text value, struct buf *out)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned code = 0;
		size_t k = i + 1;
		while (value.at[i] == '&' && k < value.n && k < i + 4 &&
		       value.at[k] >= '0' && value.at[k] <= '9')
			code = 10 * code + (unsigned)(value.at[k++] - '0');
		if (k > i + 1 && k < value.n && value.at[k] == ';' && code &&
		    code < 256) {
			buf_add_u8(out, (uint8_t)code);
			i = k;
		} else {
			buf_add_u8(out, (uint8_t)value.at[i]);
		}
	}
}

int annex_log_store(const char *text, size_t n, const char *uuid, struct buf *out)
{
	struct text rest = { text, n }, best = { NULL, 0 };
	double newest = -1;

	while (rest.n) {
		struct text line = cut(&rest, '\n'), words = line;
		struct text who = cut(&words, ' '), value;
		if (who.n != strlen(uuid) || memcmp(who.at, uuid, who.n) != 0 ||
		    time_of(words) < newest || !value_of(words, "store=", &value))
			continue;
		newest = time_of(words);
		best = value;
	}
	if (best.at)
		add_decoded(best, out);
	return best.at && best.n ? 0 : 1;
}
