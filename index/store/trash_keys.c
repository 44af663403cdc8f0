/*
 * An entry's name holds all of the key that it had. That key is spelled from the name, and
 * from that the entry's name again: where the two are equal it was one of ours.
 */
#include "index/store/trash_keys.h"

#include <stdio.h>
#include <string.h>

#include "codec/common/hex.h"

#define TRASH "trash/"
#define EXPIRED "expired-"

enum {
	NAME_AT = sizeof(TRASH "aa/bb/") - 1, /* where an entry's name begins */
	NONCE_SIZE = 1 + KEY_NONCE_HEX,       /* "@" and digits */
	NAME_HEX = 2 * KEY_NAME_HASH,
	ANNEX_SIZE = sizeof("annexes-") - 1 + 2 * (SHA256_HEX + 1) + REPO_ID_HEX,
	BASE_SIZE = sizeof("bases-") - 1 + SHA256_HEX + 1 + SHA256_HEX
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* "<word><id of `id_size` digits>-<repo>": where the repository's id begins; NULL when it is
 * not that. */
static const char *repo_in(const char *name, const char *word, size_t id_size)
{
	size_t at = strlen(word) + id_size;

	if (!begins(name, word) || strlen(name) != at + 1 + REPO_ID_HEX ||
	    name[at] != '-' || !key_repo_id_valid(name + at + 1))
		return NULL;
	return name + at + 1;
}

/* The trace of an expired owner is not the key of a value that was moved. */
static bool parse_expired(const char *name, struct trash_key *out)
{
	const char *repo = repo_in(name, EXPIRED, SHA256_HEX);
	uint8_t id[SHA256_SIZE];

	if (!repo || !hex_parse(name + strlen(EXPIRED), SHA256_SIZE, id))
		return false;
	out->kind = TRASH_EXPIRED;
	memcpy(out->id.bytes, id, SHA256_SIZE);
	memcpy(out->repo, repo, REPO_ID_HEX + 1);
	return true;
}

static bool parse_marker(const char *name, struct trash_key *out)
{
	uint8_t object[SHA256_SIZE];

	if (!begins(name, "bases-") || strlen(name) != BASE_SIZE ||
	    !hex_parse(name + 6, SHA256_SIZE, out->id.bytes) ||
	    name[6 + SHA256_HEX] != '~' ||
	    !hex_parse(name + 7 + SHA256_HEX, SHA256_SIZE, object))
		return false;
	out->kind = TRASH_MARKER;
	return true;
}

/* The key that the value had, by the word that its name begins with. */
static void spell_key(const char *name, struct trash_key *out)
{
	const char *repo;

	if (begins(name, "objects-")) {
		out->kind = TRASH_OBJECT;
		snprintf(out->key, KEY_MAX, "objects/%.2s/%.*s", name + 8, SHA256_HEX + 1,
		         name + 8);
	} else if ((repo = repo_in(name, "owners-", SHA256_HEX))) {
		out->kind = TRASH_OWNER;
		snprintf(out->key, KEY_MAX, "owners/%s/%.*s", repo, SHA256_HEX, name + 7);
	} else if ((repo = repo_in(name, "names-", NAME_HEX))) {
		out->kind = TRASH_NAME;
		snprintf(out->key, KEY_MAX, "names/%.*s/%s", NAME_HEX, name + 6, repo);
	} else if (begins(name, "annexes-") && strlen(name) == ANNEX_SIZE) {
		out->kind = TRASH_ANNEX;
		snprintf(out->key, KEY_MAX, "annexes/%.*s/%.2s/%.*s", REPO_ID_HEX,
		         name + ANNEX_SIZE - REPO_ID_HEX, name + 8, 2 * SHA256_HEX + 1,
		         name + 8);
	} else {
		out->kind = TRASH_RECORD;
		snprintf(out->key, KEY_MAX, "blobs/%.2s/%.2s/%.*s", name, name + 2,
		         KEY_MAX - 16, name);
	}
}

/* What the key says, when it is one of the kind that its entry's name says. */
static bool read_key(struct trash_key *t)
{
	switch (t->kind) {
	case TRASH_OBJECT:
		return key_parse_object(t->key, &t->id);
	case TRASH_OWNER:
		return key_parse_owner(t->key, t->repo, &t->id);
	case TRASH_NAME:
		return key_parse_name(t->key, t->repo);
	case TRASH_ANNEX:
		return key_parse_annex(t->key, &t->annex, &t->id);
	case TRASH_RECORD:
		if (!key_parse_record(t->key, &t->record))
			return false;
		t->id = t->record.id;
		return true;
	default:
		return false;
	}
}

/* Whether an entry of kinds that have no key lies where it belongs. */
static bool in_place(const char *trash, const struct oid *id)
{
	char hex[SHA256_HEX + 1];

	oid_format(id, hex);
	return !strncmp(trash + NAME_AT - 6, hex, 2) && trash[NAME_AT - 4] == '/' &&
	       !strncmp(trash + NAME_AT - 3, hex + 2, 2) && trash[NAME_AT - 1] == '/';
}

bool trash_key_parse(const char *trash, struct trash_key *out)
{
	uint8_t nonce[KEY_NONCE_HEX / 2];
	char name[KEY_MAX], again[KEY_MAX];
	size_t n = strnlen(trash, KEY_MAX);

	*out = (struct trash_key){ .kind = TRASH_KINDS };
	if (n == KEY_MAX || n <= NAME_AT + NONCE_SIZE || !begins(trash, TRASH) ||
	    trash[n - NONCE_SIZE] != '@' ||
	    !hex_parse(trash + n - KEY_NONCE_HEX, sizeof(nonce), nonce))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(n - NONCE_SIZE - NAME_AT),
	         trash + NAME_AT);
	if (parse_expired(name, out) || parse_marker(name, out))
		return in_place(trash, &out->id);
	spell_key(name, out);
	return read_key(out) && key_trash(out->key, trash + n - KEY_NONCE_HEX, again) &&
	       strcmp(again, trash) == 0;
}

/* trash/<aa>/<bb>/<word><oid> */
static void spell_of(const struct oid *oid, const char *word, char prefix[KEY_MAX])
{
	char hex[SHA256_HEX + 1];

	oid_format(oid, hex);
	snprintf(prefix, KEY_MAX, TRASH "%.2s/%.2s/%s%s", hex, hex + 2, word, hex);
}

void trash_key_expired_of(const struct oid *oid, char prefix[KEY_MAX])
{
	spell_of(oid, EXPIRED, prefix);
}

void trash_key_owners_of(const struct oid *oid, char prefix[KEY_MAX])
{
	spell_of(oid, "owners-", prefix);
}

void trash_key_expired(const struct oid *oid, const char *repo_id, const char *nonce,
                       char trash[KEY_MAX])
{
	char prefix[KEY_MAX];

	spell_of(oid, EXPIRED, prefix);
	snprintf(trash, KEY_MAX, "%.*s-%.*s@%.*s", KEY_MAX - 80, prefix, REPO_ID_HEX,
	         repo_id, KEY_NONCE_HEX, nonce);
}
