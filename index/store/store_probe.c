#include "index/store/store_probe.h"

#include <stdio.h>
#include <string.h>

#include "codec/common/buf.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

enum { LEFT_SECONDS = 3600 }; /* an older probe is a leftover */

struct probing {
	struct store *store;
	struct store_probe *out;
	const char *key;
	int64_t now;
	struct buf left; /* keys of old probes, each with its NUL */
};

static int note_probe(void *ctx, const struct store_entry *entry)
{
	struct probing *p = ctx;

	if (strcmp(entry->key, p->key) == 0) {
		p->out->clock_known = true;
		p->out->clock_ahead = entry->mtime - p->now;
	} else if (entry->mtime < p->now - LEFT_SECONDS) {
		buf_add(&p->left, entry->key, strlen(entry->key) + 1);
	}
	return 0;
}

/* What was put comes back as it was. */
static int read_back(struct probing *p, const char *bytes, struct err *err)
{
	struct buf got = BUF_INIT;
	int rc = store_get_all(p->store, p->key, PROBE_NONCE_HEX, &got, err);

	if (rc > 0 || (!rc && (got.size != strlen(bytes) ||
	                       memcmp(got.data, bytes, got.size) != 0)))
		rc = err_set(err, ERR_MISMATCH,
		             "store %s does not give back what was put", p->store->name);
	buf_wipe(&got);
	return rc;
}

static void remove_old(struct probing *p)
{
	const char *key = (const char *)p->left.data, *end = key + p->left.size;

	for (; key < end; key += strlen(key) + 1)
		store_remove(p->store, key, NULL);
}

static void try_remove(struct probing *p, bool was_put)
{
	struct err *err = &p->out->verbs[VERB_REMOVE];

	if (!was_put) {
		p->out->removed_none = true;
		store_remove(p->store, p->key, NULL);
		return;
	}
	store_remove(p->store, p->key, err);
	if (!err->code)
		remove_old(p);
}

void store_probe(struct store *s, const char *nonce, int64_t now, struct store_probe *out)
{
	char key[KEY_MAX];
	struct probing p = { s, out, key, now, BUF_INIT };
	struct store_reader *reader = NULL;
	struct err *verbs = out->verbs;

	*out = (struct store_probe){ .clock_known = false };
	snprintf(key, sizeof(key), KEY_PROBE "%.*s", PROBE_NONCE_HEX, nonce);
	store_get(s, KEY_STORE_FILE, 0, &reader, &verbs[VERB_GET]);
	store_reader_close(reader);
	int rc = store_put_all(s, key, nonce, strlen(nonce), &verbs[VERB_PUT]);
	if (!rc && !verbs[VERB_GET].code)
		read_back(&p, nonce, &verbs[VERB_GET]);
	store_list(s, KEY_PROBE, note_probe, &p, &verbs[VERB_LIST]);
	try_remove(&p, rc == 0);
	buf_wipe(&p.left);
}
