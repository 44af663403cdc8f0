#include "agent/hints/model_name.h"

#include <string.h>

enum { SEGMENTS_MAX = 4, HUB_SEGMENTS = 2 };

/* A piece of somebody's text. */
struct slice {
	const char *at;
	size_t n;
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct slice trim(struct slice s)
{
	while (s.n && is_space(*s.at)) {
		s.at++;
		s.n--;
	}
	while (s.n && is_space(s.at[s.n - 1]))
		s.n--;
	return s;
}

static bool ends_in(const struct slice *s, const char *end)
{
	size_t n = strlen(end);

	return s->n >= n && memcmp(s->at + s->n - n, end, n) == 0;
}

/* Whether `s` begins with "<scheme>://"; then it is cut to what follows the host. */
static bool cut_host(struct slice *s)
{
	size_t i = 0;

	while (i < s->n && s->at[i] != ':' && s->at[i] != '/')
		i++;
	if (i == 0 || i + 3 > s->n || memcmp(s->at + i, "://", 3) != 0)
		return false;
	for (i += 3; i < s->n && s->at[i] != '/';)
		i++;
	s->at += i;
	s->n -= i;
	while (s->n && *s->at == '/') {
		s->at++;
		s->n--;
	}
	return true;
}

static void cut_at_any(struct slice *s, const char *stops)
{
	size_t i = 0;

	while (i < s->n && !strchr(stops, s->at[i]))
		i++;
	s->n = i;
}

/* "org/model/tree/main" is the page of "org/model". */
static void cut_to_segments(struct slice *s, unsigned segments)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->at[i] == '/' && --segments == 0) {
			s->n = i;
			return;
		}
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._-+", c));
}

/* Normalises, and holds the result to the rules. */
static bool take_name(const struct slice *s, struct model_name *out)
{
	struct model_name name = { "" };
	unsigned segments = 1;
	char before = '/';

	if (s->n == 0 || s->n > MODEL_NAME_MAX)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		char c = lower(s->at[i]);
		/* no segment is empty or hidden: "a//b", "../b", "~" */
		if (before == '/' && (c == '/' || c == '.'))
			return false;
		if (c != '/' && !name_char(c))
			return false;
		segments += c == '/';
		name.text[i] = before = c;
	}
	if (before == '/' || segments > SEGMENTS_MAX)
		return false;
	*out = name;
	return true;
}

bool model_name_parse(const char *text, size_t n, struct model_name *out)
{
	struct slice s = trim((struct slice){ text, n });

	if (cut_host(&s)) {
		cut_at_any(&s, "?#");
		cut_to_segments(&s, HUB_SEGMENTS);
	}
	return take_name(&s, out);
}

bool model_name_from_url(const char *url, struct model_name *out)
{
	struct slice s = trim((struct slice){ url, strlen(url) });
	unsigned slashes = 0;

	if (cut_host(&s))
		cut_at_any(&s, "?#");
	while (s.n && s.at[s.n - 1] == '/')
		s.n--;
	if (ends_in(&s, "/.git"))
		s.n -= strlen("/.git");
	else if (ends_in(&s, ".git"))
		s.n -= strlen(".git");
	for (size_t i = s.n; i-- > 0;) {
		/* "git@host:org/model": what stands before the colon is the host */
		if (s.at[i] == ':' || (s.at[i] == '/' && ++slashes == HUB_SEGMENTS)) {
			s.at += i + 1;
			s.n -= i + 1;
			break;
		}
	}
	if (s.n && *s.at == '/') {
		s.at++;
		s.n--;
	}
	return take_name(&s, out);
}

void model_names_add(struct model_names *names, const char *text, size_t n)
{
	struct model_name name;

	if (names->count == MODEL_NAMES_MAX || !model_name_parse(text, n, &name))
		return;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->list[i].text, name.text) == 0)
			return;
	names->list[names->count++] = name;
}
