#include "index/mirror/trash_wanted.h"

#include <stdbool.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/store.h"
#include "index/store/trash_keys.h"
#include "index/work/blob_set.h"

struct looking {
	const char *repo_id;
	struct blob_set *hidden; /* objects whose manifest is in trash */
	bool any;                /* whether there are any */
	struct buf *wanted;
	struct err err;
};

static int note_manifest(void *ctx, const struct store_entry *entry)
{
	struct looking *l = ctx;
	struct trash_key t;

	if (!trash_key_parse(entry->key, &t) || t.kind != TRASH_OBJECT)
		return 0;
	l->any = true;
	return blob_set_add(l->hidden, &t.id, &l->err) < 0 ? ERR_NOMEM : 0;
}

/* Of everything, what would not be seen else; of a repository all that it owns. */
static int take(struct looking *l, const struct oid *oid)
{
	if (*l->repo_id || blob_set_has(l->hidden, oid))
		buf_add(l->wanted, oid, sizeof(*oid));
	return l->wanted->failed ? ERR_NOMEM : 0;
}

static int note_owner(void *ctx, const struct store_entry *entry)
{
	char repo[REPO_ID_HEX + 1];
	struct oid oid;

	return key_parse_owner(entry->key, repo, &oid) ? take(ctx, &oid) : 0;
}

static int note_moved_owner(void *ctx, const struct store_entry *entry)
{
	struct looking *l = ctx;
	struct trash_key t;

	if (!trash_key_parse(entry->key, &t) || t.kind != TRASH_OWNER ||
	    (*l->repo_id && strcmp(t.repo, l->repo_id) != 0))
		return 0;
	return take(l, &t.id);
}

/* Live things are listed before trash: what is moved between the two is seen, and a restore
 * leaves its entry. So trash is listed once for manifests, and once more for owners. */
int trash_wanted_add(struct store *s, const char *repo_id, struct buf *oids,
                     struct err *err)
{
	struct looking l = { .repo_id = repo_id, .wanted = oids };
	int rc = blob_set_new(&l.hidden, err);

	if (!rc && !*repo_id)
		rc = store_list(s, "trash/", note_manifest, &l, err);
	if (!rc && l.any)
		rc = store_list(s, "owners/", note_owner, &l, err);
	if (!rc && (l.any || *repo_id))
		rc = store_list(s, "trash/", note_moved_owner, &l, err);
	if (rc == ERR_NOMEM)
		rc = err_nomem(err, "a list of objects");
	blob_set_free(l.hidden);
	return rc;
}
