/*
 * Trash's keys are made here and read back here, and nowhere else. An entry's name holds all
 * of the key that it had. That key is spelled from the name, and from that the entry's name
 * again: where the two are equal it was one of ours.
 */
#include "index/store/trash_keys.h"

#include <stdio.h>
#include <string.h>

#include "codec/common/hex.h"

#define TRASH "trash/"

/* What begins a name in trash/ of anything but a record. */
#define OBJECT "objects-"
#define OWNER "owners-"
#define NAME "names-"
#define ANNEX "annexes-"
#define BASE "bases-"
#define EXPIRED "expired-"

enum {
	NAME_AT = sizeof(TRASH "aa/bb/") - 1, /* where an entry's name begins */
	NONCE_SIZE = 1 + KEY_NONCE_HEX,       /* "@" and digits */
	NAME_HEX = 2 * KEY_NAME_HASH,
	ANNEX_ID_SIZE = SHA256_HEX + 1 + SHA256_HEX, /* "<key>-<oid>" */
	BASE_AT = sizeof(BASE) - 1,
	BASE_SIZE = BASE_AT + SHA256_HEX + 1 + SHA256_HEX
};

bool key_is_trash(const char *key)
{
	return strncmp(key, TRASH, strlen(TRASH)) == 0;
}

/* ---------------------------------------------------------------- made */

static const char *last_part(const char *key)
{
	return strrchr(key, '/') + 1;
}

/* The name in trash/, without its nonce, of what was at `key`. */
static bool trash_name(const char *key, char name[KEY_MAX])
{
	char id[SHA256_HEX + 1], object[SHA256_HEX + 1], repo[REPO_ID_HEX + 1];
	struct key_record record;
	struct key_marker marker;
	struct key_annex annex;
	struct oid oid;

	if (key_parse_record(key, &record)) {
		snprintf(name, KEY_MAX, "%s", last_part(key));
	} else if (key_parse_object(key, &oid)) {
		snprintf(name, KEY_MAX, OBJECT "%s", last_part(key));
	} else if (key_parse_owner(key, repo, &oid)) {
		snprintf(name, KEY_MAX, OWNER "%s-%s", last_part(key), repo);
	} else if (key_parse_name(key, repo)) {
		snprintf(name, KEY_MAX, NAME "%.*s-%s", NAME_HEX,
		         last_part(key) - 1 - NAME_HEX, repo);
	} else if (key_parse_annex(key, &annex, &oid)) {
		snprintf(name, KEY_MAX, ANNEX "%s-%s", last_part(key), annex.annex);
	} else if (key_parse_marker(key, &marker)) {
		oid_format(&marker.id, id);
		oid_format(&marker.object, object);
		snprintf(name, KEY_MAX, BASE "%s~%s", id, object);
	} else {
		return false;
	}
	return true;
}

/* The first digits of the id in such a name: behind the word, if there is one. */
static const char *trash_digits(const char *name)
{
	const char *word_end = strchr(name, '-');

	return word_end && word_end < name + SHA256_HEX ? word_end + 1 : name;
}

bool key_trash(const char *key, const char *nonce, char trash[KEY_MAX])
{
	char name[KEY_MAX];

	if (!trash_name(key, name))
		return false;
	const char *digits = trash_digits(name);
	int n = snprintf(trash, KEY_MAX, TRASH "%.2s/%.2s/%s@%.*s", digits, digits + 2,
	                 name, KEY_NONCE_HEX, nonce);
	return n < KEY_MAX;
}

/* trash/<aa>/<bb>/<word><oid><end> */
static void spell_of(const struct oid *oid, const char *word, const char *end,
                     char prefix[KEY_MAX])
{
	char hex[SHA256_HEX + 1];

	oid_format(oid, hex);
	snprintf(prefix, KEY_MAX, TRASH "%.2s/%.2s/%s%s%s", hex, hex + 2, word, hex, end);
}

void key_trash_objects(const struct oid *oid, char prefix[KEY_MAX])
{
	spell_of(oid, OBJECT, "@", prefix);
}

void key_trash_blobs(const struct oid *id, char prefix[KEY_MAX])
{
	spell_of(id, "", "", prefix);
}

void key_trash_annex(const struct key_annex *k, char prefix[KEY_MAX])
{
	spell_of(&k->key, ANNEX, "-", prefix);
}

void trash_key_expired_of(const struct oid *oid, char prefix[KEY_MAX])
{
	spell_of(oid, EXPIRED, "", prefix);
}

void trash_key_owners_of(const struct oid *oid, char prefix[KEY_MAX])
{
	spell_of(oid, OWNER, "", prefix);
}

void trash_key_expired(const struct oid *oid, const char *repo_id, const char *nonce,
                       char trash[KEY_MAX])
{
	char prefix[KEY_MAX];

	trash_key_expired_of(oid, prefix);
	snprintf(trash, KEY_MAX, "%.*s-%.*s@%.*s", KEY_MAX - 80, prefix, REPO_ID_HEX,
	         repo_id, KEY_NONCE_HEX, nonce);
}

/* ---------------------------------------------------------------- read */

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

	if (!begins(name, BASE) || strlen(name) != BASE_SIZE ||
	    !hex_parse(name + BASE_AT, SHA256_SIZE, out->id.bytes) ||
	    name[BASE_AT + SHA256_HEX] != '~' ||
	    !hex_parse(name + BASE_AT + SHA256_HEX + 1, SHA256_SIZE, object))
		return false;
	out->kind = TRASH_MARKER;
	return true;
}

/* The digits of an id, at most `size` bytes of it, the rest of which is 0; all of it is 0
 * where they are none, and then the key that is made of it is not the entry's. */
static struct oid id_in(const char *digits, size_t size)
{
	struct oid id = { { 0 } };

	if (!hex_parse(digits, size, id.bytes))
		memset(&id, 0, sizeof(id));
	return id;
}

/* The key that the value had, by the word that its name begins with. */
static void spell_key(const char *name, struct trash_key *out)
{
	const char *repo;
	struct oid id;

	if (begins(name, OBJECT)) {
		out->kind = TRASH_OBJECT;
		id = id_in(name + strlen(OBJECT), SHA256_SIZE);
		key_object(&id, out->key);
	} else if ((repo = repo_in(name, OWNER, SHA256_HEX))) {
		out->kind = TRASH_OWNER;
		id = id_in(name + strlen(OWNER), SHA256_SIZE);
		key_owner(repo, &id, out->key);
	} else if ((repo = repo_in(name, NAME, NAME_HEX))) {
		out->kind = TRASH_NAME;
		id = id_in(name + strlen(NAME), KEY_NAME_HASH);
		key_name(&id, repo, out->key);
	} else if ((repo = repo_in(name, ANNEX, ANNEX_ID_SIZE))) {
		struct key_annex annex = { .key = id_in(name + strlen(ANNEX),
			                                SHA256_SIZE) };
		out->kind = TRASH_ANNEX;
		id = id_in(name + strlen(ANNEX) + SHA256_HEX + 1, SHA256_SIZE);
		memcpy(annex.annex, repo, REPO_ID_HEX + 1);
		key_annex(&annex, &id, out->key);
	} else {
		out->kind = TRASH_RECORD;
		id = id_in(name, SHA256_SIZE);
		key_blob(&id, out->key);
		if (strlen(name) > SHA256_HEX) /* its bases */
			snprintf(out->key + strlen(out->key), KEY_MAX - strlen(out->key),
			         "%s", name + SHA256_HEX);
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
	if (n == KEY_MAX || n <= NAME_AT + NONCE_SIZE || !key_is_trash(trash) ||
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
