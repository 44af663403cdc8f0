#include "agent/annex/annex_message.h"

#include <stdbool.h>
#include <string.h>

#include "codec/common/err.h"

struct verb_row {
	const char *word;
	enum annex_verb verb;
	bool has_key;  /* a key follows */
	bool has_rest; /* and something must follow that */
};

static const struct verb_row verbs[] = {
	{ "EXTENSIONS", ANNEX_EXTENSIONS, false, false },
	{ "LISTCONFIGS", ANNEX_LISTCONFIGS, false, false },
	{ "INITREMOTE", ANNEX_INITREMOTE, false, false },
	{ "PREPARE", ANNEX_PREPARE, false, false },
	{ "TRANSFER STORE", ANNEX_STORE, true, true },
	{ "TRANSFER RETRIEVE", ANNEX_RETRIEVE, true, true },
	{ "CHECKPRESENT", ANNEX_CHECKPRESENT, true, false },
	{ "REMOVE", ANNEX_REMOVE, true, false },
	{ "GETCOST", ANNEX_GETCOST, false, false },
	{ "GETAVAILABILITY", ANNEX_GETAVAILABILITY, false, false },
	{ "GETORDERED", ANNEX_GETORDERED, false, false },
	{ "GETINFO", ANNEX_GETINFO, false, false },
	{ "WHEREIS", ANNEX_WHEREIS, true, false },
	{ "EXPORTSUPPORTED", ANNEX_EXPORTSUPPORTED, false, false },
	{ "VALUE", ANNEX_VALUE, false, false },
	{ "ERROR", ANNEX_ERROR, false, false },
	{ NULL, ANNEX_UNKNOWN, false, false },
};

/* The row of the verb that the line begins with, and in *rest what follows its blank. */
static const struct verb_row *find_verb(char *line, char **rest)
{
	const struct verb_row *row = verbs;

	for (; row->word; row++) {
		size_t n = strlen(row->word);
		if (strncmp(line, row->word, n) == 0 && (!line[n] || line[n] == ' ')) {
			*rest = line + n + (line[n] == ' ');
			return row;
		}
	}
	*rest = line + strlen(line);
	return row;
}

/* "J 12 ": where what follows begins; NULL where it is no number of a job. */
static char *take_job(char *line, unsigned *job)
{
	char *at = line + 2;
	unsigned n = 0;

	for (; *at >= '0' && *at <= '9' && at - line < 2 + 9; at++)
		n = n * 10 + (unsigned)(*at - '0');
	*job = n;
	return n && *at == ' ' ? at + 1 : NULL;
}

static int bad(const char *line, const char *why, struct err *err)
{
	return err_set(err, ERR_INPUT, "git-annex sent a line that %s: %.80s", why, line);
}

int annex_message_parse(char *line, size_t n, struct annex_message *out, struct err *err)
{
	struct annex_message m = { .key = NULL };
	char *at = line, *rest;

	if (strlen(line) != n)
		return bad(line, "has a byte 0", err);
	if (strncmp(line, "J ", 2) == 0)
		at = take_job(line, &m.job);
	if (!at)
		return bad(line, "names no job", err);
	const struct verb_row *row = find_verb(at, &rest);
	m.verb = row->verb;
	if (row->has_key) {
		char *end = row->has_rest ? strchr(rest, ' ') : rest + strlen(rest);
		if (!*rest || end == rest)
			return bad(line, "names no key", err);
		if (!end || (row->has_rest && !end[1]))
			return bad(line, "names no file", err);
		m.key = rest;
		rest = end + row->has_rest;
		*end = 0;
	}
	m.rest = rest;
	*out = m;
	return 0;
}
