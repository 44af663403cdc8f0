#include "index/store/remote_marks.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"

/* No URL has this hash. */
static const struct oid whole_list = { { 0 } };

void remote_marks_wipe(struct remote_marks *m)
{
	free(m->list);
	*m = (struct remote_marks)REMOTE_MARKS_INIT;
}

static bool is_whole_list(const uint8_t url[KEY_NAME_HASH])
{
	return memcmp(url, whole_list.bytes, KEY_NAME_HASH) == 0;
}

/* ---------------------------------------------------------------- reading */

struct listing {
	struct remote_marks *marks;
	struct err *err;
};

static int note_mark(void *ctx, const struct store_entry *entry)
{
	struct listing *l = ctx;
	struct remote_marks *m = l->marks;
	struct remote_mark mark = { .name = "" };
	char repo[REPO_ID_HEX + 1];

	if (!key_parse_remote(entry->key, repo, mark.url))
		return 0;
	if (is_whole_list(mark.url)) {
		m->whole = true;
		return 0;
	}
	if (m->count == REMOTE_MARKS_MAX)
		return err_set(l->err, ERR_INPUT,
		               "the store names more than %d remotes of this repository",
		               REMOTE_MARKS_MAX);
	struct remote_mark *list = realloc(m->list, (m->count + 1) * sizeof(*list));
	if (!list)
		return err_nomem(l->err, "a list of remotes");
	m->list = list;
	list[m->count++] = mark;
	return 0;
}

/* A key of ours whose hash begins as `url`. */
static void spell(const char *repo_id, const uint8_t url[KEY_NAME_HASH],
                  char key[KEY_MAX])
{
	struct oid hash = { { 0 } };

	memcpy(hash.bytes, url, KEY_NAME_HASH);
	key_remote(repo_id, &hash, key);
}

/* A name that cannot be read is none: the marker counts all the same. */
static int read_name(struct store *s, const char *repo_id, struct remote_mark *mark,
                     struct err *err)
{
	struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	char key[KEY_MAX];

	spell(repo_id, mark->url, key);
	int rc = store_get_all(s, key, REMOTE_MARK_NAME, &text, &why);
	if (!rc)
		memcpy(mark->name, buf_text(&text), text.size);
	mark->name[rc ? 0 : text.size] = 0;
	buf_wipe(&text);
	if (rc == ERR_IO || rc == ERR_CONFIG || rc == ERR_NOMEM) {
		*err = why;
		return rc;
	}
	return 0;
}

int remote_marks_read(struct store *s, const char *repo_id, struct remote_marks *out,
                      struct err *err)
{
	struct remote_marks marks = REMOTE_MARKS_INIT;
	struct listing listing = { &marks, err };
	char prefix[KEY_MAX];

	key_remotes(repo_id, prefix);
	int rc = store_list(s, prefix, note_mark, &listing, err);
	for (size_t i = 0; !rc && i < marks.count; i++)
		rc = read_name(s, repo_id, &marks.list[i], err);
	if (rc)
		remote_marks_wipe(&marks);
	else
		*out = marks;
	return rc;
}

const struct remote_mark *remote_marks_find(const struct remote_marks *m,
                                            const struct oid *hash)
{
	for (size_t i = 0; i < m->count; i++)
		if (memcmp(m->list[i].url, hash->bytes, KEY_NAME_HASH) == 0)
			return &m->list[i];
	return NULL;
}

/* ---------------------------------------------------------------- putting */

static int stop_at_first(void *ctx, const struct store_entry *entry)
{
	(void)ctx;
	(void)entry;
	return 1;
}

/* Whether some key begins so. */
static int is_there(struct store *s, const char *prefix, bool *there, struct err *err)
{
	int rc = store_list(s, prefix, stop_at_first, NULL, err);

	*there = rc > 0;
	return rc < 0 ? rc : 0;
}

/* While nothing is owned and no remote is known, all are. */
static int begin_list(struct store *s, const char *repo_id, struct err *err)
{
	char remotes[KEY_MAX], owners[KEY_MAX];
	bool there;

	key_remotes(repo_id, remotes);
	key_owners(repo_id, owners);
	int rc = is_there(s, remotes, &there, err);
	if (!rc && !there)
		rc = is_there(s, owners, &there, err);
	return rc || there ? rc : remote_marks_say_whole(s, repo_id, err);
}

int remote_marks_has(struct store *s, const char *repo_id, const struct oid *hash,
                     bool *there, struct err *err)
{
	char key[KEY_MAX];

	key_remote(repo_id, hash, key);
	return is_there(s, key, there, err);
}

int remote_marks_put(struct store *s, const char *repo_id, const struct oid *hash,
                     const char *name, struct err *err)
{
	char key[KEY_MAX];
	bool there;

	int rc = remote_marks_has(s, repo_id, hash, &there, err);
	if (rc || there)
		return rc;
	key_remote(repo_id, hash, key);
	rc = begin_list(s, repo_id, err);
	if (!rc)
		rc = store_put_all(s, key, name, strnlen(name, REMOTE_MARK_NAME), err);
	return rc;
}

int remote_marks_say_whole(struct store *s, const char *repo_id, struct err *err)
{
	char key[KEY_MAX];

	key_remote(repo_id, &whole_list, key);
	return store_put_all(s, key, NULL, 0, err);
}

int remote_marks_forget(struct store *s, const char *repo_id,
                        const uint8_t url[KEY_NAME_HASH], struct err *err)
{
	char key[KEY_MAX];

	spell(repo_id, url, key);
	int rc = store_remove(s, key, err);
	return rc > 0 ? 0 : rc;
}

int remote_marks_copy(struct store *from, struct store *to, const char *repo_id,
                      struct err *err)
{
	struct remote_marks marks = REMOTE_MARKS_INIT;
	char key[KEY_MAX];

	int rc = remote_marks_read(from, repo_id, &marks, err);
	if (!rc)
		rc = marks.whole
		             ? begin_list(to, repo_id, err)
		             : remote_marks_forget(to, repo_id, whole_list.bytes, err);
	for (size_t i = 0; !rc && i < marks.count; i++) {
		spell(repo_id, marks.list[i].url, key);
		rc = store_put_all(to, key, marks.list[i].name,
		                   strlen(marks.list[i].name), err);
	}
	remote_marks_wipe(&marks);
	return rc;
}
