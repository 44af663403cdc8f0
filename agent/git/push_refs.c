#include "agent/git/push_refs.h"

#include <stdlib.h>
#include <string.h>

#include "agent/git/git_repo.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { WORDS_MAX = 4 };

#define TOLD "ZLLM_PUSHED" /* "<id> <id> ..." */

void push_refs_wipe(struct push_refs *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->list[i].name);
		free(r->list[i].new_id);
		free(r->list[i].old_id);
	}
	free(r->list);
	*r = (struct push_refs)PUSH_REFS_INIT;
}

static int is_id(const char *word, size_t n)
{
	return (n == 40 || n == COMMIT_HEX) && strspn(word, "0123456789abcdef") >= n;
}

static int is_zero(const char *word, size_t n)
{
	return strspn(word, "0") >= n;
}

struct word {
	const char *at;
	size_t n;
};

/* The words of a line, cut at single blanks; their number. */
static int cut_words(const char *line, size_t n, struct word words[WORDS_MAX])
{
	int count = 0;

	while (count < WORDS_MAX) {
		const char *end = memchr(line, ' ', n);
		size_t used = end && count < WORDS_MAX - 1 ? (size_t)(end - line) : n;
		words[count++] = (struct word){ line, used };
		if (used == n)
			break;
		line += used + 1;
		n -= used + 1;
	}
	return count;
}

static int add_ref(struct push_refs *refs, struct word name, struct word new_id,
                   struct word old_id, struct err *err)
{
	struct push_ref *list = realloc(refs->list, (refs->count + 1) * sizeof(*list));

	if (!list)
		return err_nomem(err, "the refs of a push");
	refs->list = list;
	struct push_ref ref = { strndup(name.at, name.n), strndup(new_id.at, new_id.n),
		                is_zero(old_id.at, old_id.n)
		                        ? strdup("")
		                        : strndup(old_id.at, old_id.n) };
	list[refs->count++] = ref;
	if (!ref.name || !ref.new_id || !ref.old_id)
		return err_nomem(err, "the refs of a push");
	return 0;
}

static int take_line(struct push_refs *refs, const char *line, size_t n,
                     enum push_refs_form form, struct err *err)
{
	struct word w[WORDS_MAX] = { { 0 } };
	int count = cut_words(line, n, w);
	struct word old_id = w[0], new_id = w[1], name = w[2];

	if (form == PUSH_REFS_CLIENT) {
		old_id = w[3];
		new_id = w[1];
	}
	if (count != (form == PUSH_REFS_CLIENT ? 4 : 3) || !is_id(old_id.at, old_id.n) ||
	    !is_id(new_id.at, new_id.n) || !name.n)
		return err_set(err, ERR_INPUT,
		               "'%.*s' is not a line that git gives to its hooks", (int)n,
		               line);
	if (is_zero(new_id.at, new_id.n))
		return 0;
	return add_ref(refs, name, new_id, old_id, err);
}

int push_refs_parse(const char *text, enum push_refs_form form, struct push_refs *out,
                    struct err *err)
{
	struct push_refs refs = PUSH_REFS_INIT;

	while (*text) {
		size_t n = strcspn(text, "\n");
		int rc = n ? take_line(&refs, text, n, form, err) : 0;
		if (rc) {
			push_refs_wipe(&refs);
			return rc;
		}
		text += n + (text[n] == '\n');
	}
	*out = refs;
	return 0;
}

/* ---------------------------------------------------------------- telling */

void push_refs_tell(const struct push_refs *refs)
{
	struct buf ids = BUF_INIT;

	for (size_t i = 0; i < refs->count; i++)
		buf_addf(&ids, "%s ", refs->list[i].new_id);
	if (!refs->count || refs->count > PUSH_REFS_TOLD_MAX || ids.failed)
		unsetenv(TOLD);
	else
		setenv(TOLD, buf_text(&ids), 1);
	buf_wipe(&ids);
}

void push_refs_told(struct buf *out)
{
	const char *ids = getenv(TOLD);

	for (size_t n; ids && *ids; ids += n + (ids[n] == ' ')) {
		n = strcspn(ids, " ");
		if (is_id(ids, n))
			buf_addf(out, "%.*s\n", (int)n, ids);
	}
}
