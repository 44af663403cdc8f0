#include "agent/moving/source_name.h"

#include <stdio.h>
#include <string.h>

#include "codec/common/sha256.h"

enum { SEGMENTS = 2, SEGMENT_MAX = 96 };

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._-+", c));
}

/* Where the last SEGMENTS segments begin. */
static const char *tail_of(const char *text)
{
	const char *at = text + strlen(text);

	for (int slashes = 0; at > text; at--) {
		slashes += at[-1] == '/' && *at && *at != '/';
		if (slashes == SEGMENTS)
			break;
	}
	return at;
}

static void add_segment(const char *from, size_t n, char *out, size_t *used)
{
	if (*used)
		out[(*used)++] = '/';
	for (size_t i = 0; i < n && i < SEGMENT_MAX; i++) {
		char c = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] + 32)
		                                          : from[i];
		bool fits = is_name_char(c) && !(i == 0 && c == '.');
		out[(*used)++] = fits ? c : '-';
	}
}

void source_name_make(const char *text, struct model_name *out)
{
	char made[SEGMENTS * (SEGMENT_MAX + 1) + 1];
	size_t used = 0;

	if (model_name_parse(text, strlen(text), out) && !strchr(text, ':'))
		return;
	for (const char *at = tail_of(text); *at;) {
		size_t n = strcspn(at, "/");
		if (n && used + n < sizeof(made))
			add_segment(at, n, made, &used);
		at += n + (at[n] == '/');
	}
	made[used] = 0;
	if (!model_name_parse(made, used, out))
		snprintf(out->text, sizeof(out->text), "import");
}

void source_owner_id(const char *name, char out[REPO_ID_HEX + 1])
{
	char text[MODEL_NAME_MAX + 32], hex[SHA256_HEX + 1];
	int n = snprintf(text, sizeof(text), "git-zllm import %s", name);
	struct oid hash = { { 0 } };

	sha256_of(text, (size_t)n, &hash);
	oid_format(&hash, hex);
	snprintf(out, REPO_ID_HEX + 1, "%.*s", REPO_ID_HEX, hex);
}
