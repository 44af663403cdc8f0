/*
 *   commit   "tree <hex>\n", "parent <hex>\n" ..., "author ...\n",
 *            "committer <name> <<mail>> <seconds> <zone>\n", further lines, "\n", a message
 *   tree     "<octal mode> <name>\0<id>" ..., in the order of git_tree_entry_compare()
 */
#include "agent/git/git_object.h"

#include <limits.h>
#include <string.h>

enum {
	MODE_KIND = 0170000,
	MODE_FILE = 0100000,
	MODE_LINK = 0120000,
	MODE_TREE = 0040000
};
enum { MODE_DIGITS_MAX = 7 };

/* ---------------------------------------------------------------- commits */

/* The lines of a commit's head. */
struct lines {
	const char *at, *end;
};

/* Takes the line that begins with `word`, which *value then follows up to the newline. */
static bool take_line(struct lines *l, const char *word, const char **value, size_t *size)
{
	size_t n = strlen(word);
	const char *end = memchr(l->at, '\n', (size_t)(l->end - l->at));

	if (!end || (size_t)(end - l->at) < n || memcmp(l->at, word, n) != 0)
		return false;
	*value = l->at + n;
	*size = (size_t)(end - *value);
	l->at = end + 1;
	return true;
}

static bool parse_id(const char *text, size_t size, size_t id_size, struct commit_id *out)
{
	if (size != 2 * id_size || size > COMMIT_HEX)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!strchr("0123456789abcdef", text[i]) || !text[i])
			return false;
	memset(out, 0, sizeof(*out));
	memcpy(out->hex, text, size);
	return true;
}

/* The seconds after the last '>'; 0 where there are none, as git has it. */
static int64_t parse_time(const char *text, size_t size)
{
	const char *at = memrchr(text, '>', size), *end = text + size;
	int64_t seconds = 0;

	for (at = at ? at + 1 : end; at < end && *at == ' '; at++)
		;
	for (; at < end && *at >= '0' && *at <= '9'; at++) {
		if (seconds > (INT64_MAX - 9) / 10)
			return 0;
		seconds = 10 * seconds + (*at - '0');
	}
	return seconds;
}

bool git_commit_parse(const void *bytes, size_t n, size_t id_size, struct git_commit *out)
{
	struct lines l = { bytes, (const char *)bytes + n };
	struct git_commit c = { .all_parents = 0 };
	struct commit_id parent;
	const char *value;
	size_t size;

	if (!n || !take_line(&l, "tree ", &value, &size) ||
	    !parse_id(value, size, id_size, &c.tree))
		return false;
	while (take_line(&l, "parent ", &value, &size)) {
		if (!parse_id(value, size, id_size, &parent))
			return false;
		if (c.all_parents < COMMIT_PARENTS_MAX)
			c.facts.parents[c.facts.parent_count++] = parent;
		c.all_parents++;
	}
	while (take_line(&l, "author ", &value, &size))
		;
	if (take_line(&l, "committer ", &value, &size))
		c.facts.time = parse_time(value, size);
	*out = c;
	return true;
}

/* ---------------------------------------------------------------- trees */

struct git_tree_cursor git_tree_cursor_over(const void *bytes, size_t n, size_t id_size)
{
	const uint8_t *at = bytes;

	return (struct git_tree_cursor){ at, at ? at + n : at, id_size };
}

static enum git_mode mode_of(unsigned bits)
{
	switch (bits & MODE_KIND) {
	case MODE_FILE:
		return GIT_MODE_FILE;
	case MODE_LINK:
		return GIT_MODE_LINK;
	case MODE_TREE:
		return GIT_MODE_TREE;
	default:
		return GIT_MODE_OTHER; /* a submodule */
	}
}

/* The octal digits before a space; false when they are none. */
static bool parse_mode(struct git_tree_cursor *c, enum git_mode *out)
{
	unsigned bits = 0, digits = 0;

	for (; c->at < c->end && *c->at >= '0' && *c->at <= '7'; c->at++, digits++) {
		if (digits == MODE_DIGITS_MAX)
			return false;
		bits = 8 * bits + (*c->at - '0');
	}
	if (!digits || c->at == c->end || *c->at != ' ')
		return false;
	c->at++;
	*out = mode_of(bits);
	return true;
}

bool git_tree_cursor_next(struct git_tree_cursor *c, struct git_tree_entry *out)
{
	struct git_tree_entry entry;

	if (c->at == c->end || !parse_mode(c, &entry.mode))
		goto end;
	const uint8_t *nul = memchr(c->at, 0, (size_t)(c->end - c->at));
	if (!nul || nul == c->at || (size_t)(c->end - nul) - 1 < c->id_size ||
	    memchr(c->at, '/', (size_t)(nul - c->at)))
		goto end;
	entry.name = (const char *)c->at;
	entry.id = nul + 1;
	c->at = entry.id + c->id_size;
	*out = entry;
	return true;
end:
	c->at = c->end;
	return false;
}

/* A folder's name is compared as if '/' followed. */
static unsigned char byte_at(const struct git_tree_entry *e, size_t size, size_t i)
{
	return i < size ? (unsigned char)e->name[i] : e->mode == GIT_MODE_TREE ? '/' : 0;
}

int git_tree_entry_compare(const struct git_tree_entry *a, const struct git_tree_entry *b)
{
	size_t n = strlen(a->name), m = strlen(b->name), least = n < m ? n : m;
	int order = memcmp(a->name, b->name, least);

	return order ? order : byte_at(a, n, least) - byte_at(b, m, least);
}

void git_id_format(const uint8_t *id, size_t id_size, struct commit_id *out)
{
	static const char digits[] = "0123456789abcdef";

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < id_size && 2 * i < COMMIT_HEX; i++) {
		out->hex[2 * i] = digits[id[i] >> 4];
		out->hex[2 * i + 1] = digits[id[i] & 15];
	}
}
