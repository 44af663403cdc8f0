/* Every key is made here and read back here, and nowhere else. */
#include "index/store/store_keys.h"

#include <stdio.h>
#include <string.h>

#include "codec/common/hex.h"

#define BLOBS "blobs/"
#define OBJECTS "objects/"
#define OWNERS "owners/"
#define NAMES "names/"
#define REMOTES "remotes/"
#define ANNEXES "annexes/"
#define BASES "bases/"

enum {
	BLOB_ID_AT = sizeof(BLOBS "aa/bb/") - 1,
	OBJECT_ID_AT = sizeof(OBJECTS "aa/") - 1,
	BASE_HEX = 2 * KEY_BASE_PREFIX,
	NAME_HEX = 2 * KEY_NAME_HASH,
	OWNER_REPO_AT = sizeof(OWNERS) - 1,
	OWNER_ID_AT = OWNER_REPO_AT + REPO_ID_HEX + 1,
	NAME_HASH_AT = sizeof(NAMES) - 1,
	NAME_REPO_AT = NAME_HASH_AT + NAME_HEX + 1,
	REMOTE_REPO_AT = sizeof(REMOTES) - 1,
	REMOTE_URL_AT = REMOTE_REPO_AT + REPO_ID_HEX + 1,
	ANNEX_AT = sizeof(ANNEXES) - 1,
	ANNEX_KEY_AT = ANNEX_AT + REPO_ID_HEX + 1 + 3,
	ANNEX_OID_AT = ANNEX_KEY_AT + SHA256_HEX + 1,
	NAME_BYTES = 8,
	NAME_AT = sizeof(BASES) - 1,
	BAND_AT = NAME_AT + 2 * NAME_BYTES + 1,
	SKETCH_AT = BAND_AT + 3,
	MARKED_ID_AT = SKETCH_AT + 2 * KEY_SKETCH + 1,
	MARKED_OBJECT_AT = MARKED_ID_AT + SHA256_HEX + 1,
	MARKER_SIZE = MARKED_OBJECT_AT + SHA256_HEX
};

void key_object(const struct oid *oid, char key[KEY_MAX])
{
	char hex[SHA256_HEX + 1];

	oid_format(oid, hex);
	snprintf(key, KEY_MAX, OBJECTS "%.2s/%s", hex, hex);
}

void key_blob(const struct oid *id, char key[KEY_MAX])
{
	char hex[SHA256_HEX + 1];

	oid_format(id, hex);
	snprintf(key, KEY_MAX, BLOBS "%.2s/%.2s/%s", hex, hex + 2, hex);
}

void key_blobs_of_base(const uint8_t base[KEY_BASE_PREFIX], char prefix[KEY_MAX])
{
	char hex[BASE_HEX + 1];

	hex_format(base, KEY_BASE_PREFIX, hex);
	snprintf(prefix, KEY_MAX, BLOBS "%.2s/%.2s/%s", hex, hex + 2, hex);
}

void key_record(const struct key_record *record, char key[KEY_MAX])
{
	key_blob(&record->id, key);
	char *end = key + BLOB_ID_AT + SHA256_HEX;
	for (unsigned i = 0; i < record->base_count; i++, end += 1 + BASE_HEX) {
		*end = '~';
		hex_format(record->bases[i], KEY_BASE_PREFIX, end + 1);
	}
}

void key_delta(const struct oid *id, const struct oid *base, char key[KEY_MAX])
{
	struct key_record record = { .id = *id, .base_count = 1 };

	memcpy(record.bases[0], base->bytes, KEY_BASE_PREFIX);
	key_record(&record, key);
}

void key_owner(const char *repo_id, const struct oid *oid, char key[KEY_MAX])
{
	char hex[SHA256_HEX + 1];

	oid_format(oid, hex);
	snprintf(key, KEY_MAX, OWNERS "%.*s/%s", REPO_ID_HEX, repo_id, hex);
}

void key_owners(const char *repo_id, char prefix[KEY_MAX])
{
	snprintf(prefix, KEY_MAX, OWNERS "%.*s/", REPO_ID_HEX, repo_id);
}

void key_name(const struct oid *hash, const char *repo_id, char key[KEY_MAX])
{
	char prefix[KEY_MAX];

	key_names(hash, prefix);
	snprintf(key, KEY_MAX, "%.*s%.*s", NAME_REPO_AT, prefix, REPO_ID_HEX, repo_id);
}

void key_names(const struct oid *hash, char prefix[KEY_MAX])
{
	char hex[NAME_HEX + 1];

	hex_format(hash->bytes, KEY_NAME_HASH, hex);
	snprintf(prefix, KEY_MAX, NAMES "%s/", hex);
}

unsigned key_bases_max(unsigned name_max)
{
	const unsigned one = 1 + 2 * KEY_BASE_PREFIX; /* "~" and digits */
	unsigned room = name_max < SHA256_HEX ? 0 : (name_max - SHA256_HEX) / one;

	return !name_max || room > KEY_BASES_MAX ? KEY_BASES_MAX : room;
}

bool key_marker_fits(unsigned name_max)
{
	return !name_max || name_max >= KEY_MARKER_NAME;
}

/* The id is read from where it must stand; what comes before it then has only
 * one right spelling, that of the key made from the id. */
bool key_parse_record(const char *key, struct key_record *out)
{
	struct key_record found = { .base_count = 0 };
	char solo[KEY_MAX];

	if (strlen(key) < BLOB_ID_AT + SHA256_HEX ||
	    !hex_parse(key + BLOB_ID_AT, SHA256_SIZE, found.id.bytes))
		return false;
	key_blob(&found.id, solo);
	if (strncmp(key, solo, BLOB_ID_AT + SHA256_HEX) != 0)
		return false;
	const char *rest = key + BLOB_ID_AT + SHA256_HEX;
	for (; *rest; rest += 1 + BASE_HEX) {
		if (*rest != '~' || found.base_count == KEY_BASES_MAX ||
		    !hex_parse(rest + 1, KEY_BASE_PREFIX, found.bases[found.base_count]))
			return false;
		found.base_count++;
	}
	*out = found;
	return true;
}

bool key_parse_object(const char *key, struct oid *out)
{
	char whole[KEY_MAX];
	struct oid found;

	if (strlen(key) != OBJECT_ID_AT + SHA256_HEX ||
	    !oid_parse(key + OBJECT_ID_AT, &found))
		return false;
	key_object(&found, whole);
	if (strcmp(key, whole) != 0)
		return false;
	*out = found;
	return true;
}

static void take_repo_id(const char *from, char repo_id[REPO_ID_HEX + 1])
{
	memcpy(repo_id, from, REPO_ID_HEX);
	repo_id[REPO_ID_HEX] = 0;
}

bool key_parse_owner(const char *key, char repo_id[REPO_ID_HEX + 1], struct oid *oid)
{
	uint8_t bytes[REPO_ID_HEX / 2];
	struct oid found;

	if (strncmp(key, OWNERS, OWNER_REPO_AT) != 0 ||
	    !hex_parse(key + OWNER_REPO_AT, sizeof(bytes), bytes) ||
	    key[OWNER_ID_AT - 1] != '/' || !oid_parse(key + OWNER_ID_AT, &found))
		return false;
	take_repo_id(key + OWNER_REPO_AT, repo_id);
	*oid = found;
	return true;
}

bool key_parse_name(const char *key, char repo_id[REPO_ID_HEX + 1])
{
	uint8_t hash[KEY_NAME_HASH];

	if (strncmp(key, NAMES, NAME_HASH_AT) != 0 ||
	    !hex_parse(key + NAME_HASH_AT, sizeof(hash), hash) ||
	    key[NAME_REPO_AT - 1] != '/' || !key_repo_id_valid(key + NAME_REPO_AT))
		return false;
	take_repo_id(key + NAME_REPO_AT, repo_id);
	return true;
}

void key_remotes(const char *repo_id, char prefix[KEY_MAX])
{
	snprintf(prefix, KEY_MAX, REMOTES "%.*s/", REPO_ID_HEX, repo_id);
}

void key_remote(const char *repo_id, const struct oid *hash, char key[KEY_MAX])
{
	char hex[NAME_HEX + 1];

	hex_format(hash->bytes, KEY_NAME_HASH, hex);
	snprintf(key, KEY_MAX, REMOTES "%.*s/%s", REPO_ID_HEX, repo_id, hex);
}

bool key_parse_remote(const char *key, char repo_id[REPO_ID_HEX + 1],
                      uint8_t url[KEY_NAME_HASH])
{
	uint8_t bytes[REPO_ID_HEX / 2];

	if (strncmp(key, REMOTES, REMOTE_REPO_AT) != 0 ||
	    !hex_parse(key + REMOTE_REPO_AT, sizeof(bytes), bytes) ||
	    key[REMOTE_URL_AT - 1] != '/' ||
	    !hex_parse(key + REMOTE_URL_AT, KEY_NAME_HASH, url) ||
	    key[REMOTE_URL_AT + NAME_HEX] != 0)
		return false;
	take_repo_id(key + REMOTE_REPO_AT, repo_id);
	return true;
}

void key_annex_objects(const struct key_annex *k, char prefix[KEY_MAX])
{
	char hex[SHA256_HEX + 1];

	oid_format(&k->key, hex);
	snprintf(prefix, KEY_MAX, ANNEXES "%.*s/%.2s/%s-", REPO_ID_HEX, k->annex, hex,
	         hex);
}

void key_annex(const struct key_annex *k, const struct oid *oid, char key[KEY_MAX])
{
	char prefix[KEY_MAX], hex[SHA256_HEX + 1];

	key_annex_objects(k, prefix);
	oid_format(oid, hex);
	snprintf(key, KEY_MAX, "%.*s%s", ANNEX_OID_AT, prefix, hex);
}

/* Read from where each part must stand, and then spelled again. */
bool key_parse_annex(const char *key, struct key_annex *k, struct oid *oid)
{
	struct key_annex found;
	char again[KEY_MAX];
	struct oid object;

	if (strnlen(key, KEY_MAX) != ANNEX_OID_AT + SHA256_HEX ||
	    !hex_parse(key + ANNEX_KEY_AT, SHA256_SIZE, found.key.bytes) ||
	    !oid_parse(key + ANNEX_OID_AT, &object))
		return false;
	take_repo_id(key + ANNEX_AT, found.annex);
	if (!key_repo_id_valid(found.annex))
		return false;
	key_annex(&found, &object, again);
	if (strcmp(key, again) != 0)
		return false;
	*k = found;
	*oid = object;
	return true;
}

void key_marker_name(uint64_t name, char key[KEY_MAX])
{
	snprintf(key, KEY_MAX, BASES "%016llx/", (unsigned long long)name);
}

void key_marker_band(uint64_t name, uint8_t band, char key[KEY_MAX])
{
	snprintf(key, KEY_MAX, BASES "%016llx/%02x/", (unsigned long long)name, band);
}

void key_marker(const struct key_marker *marker, char key[KEY_MAX])
{
	char sketch[2 * KEY_SKETCH + 1], id[SHA256_HEX + 1], object[SHA256_HEX + 1];

	hex_format(marker->sketch, KEY_SKETCH, sketch);
	oid_format(&marker->id, id);
	oid_format(&marker->object, object);
	snprintf(key, KEY_MAX, BASES "%016llx/%02x/%s-%s~%s",
	         (unsigned long long)marker->name, marker->band, sketch, id, object);
}

/* Read from where each part must stand, and then spelled again: what lies between
 * them is right when the two are equal. */
bool key_parse_marker(const char *key, struct key_marker *out)
{
	struct key_marker found = { .name = 0 };
	uint8_t name[NAME_BYTES];
	char again[KEY_MAX];

	if (strnlen(key, KEY_MAX) != MARKER_SIZE ||
	    !hex_parse(key + NAME_AT, NAME_BYTES, name) ||
	    !hex_parse(key + BAND_AT, 1, &found.band) ||
	    !hex_parse(key + SKETCH_AT, KEY_SKETCH, found.sketch) ||
	    !hex_parse(key + MARKED_ID_AT, SHA256_SIZE, found.id.bytes) ||
	    !hex_parse(key + MARKED_OBJECT_AT, SHA256_SIZE, found.object.bytes))
		return false;
	for (unsigned i = 0; i < NAME_BYTES; i++)
		found.name = found.name << 8 | name[i];
	key_marker(&found, again);
	if (strcmp(key, again) != 0)
		return false;
	*out = found;
	return true;
}

static bool key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != 0 && strchr("/.~@-_", c));
}

bool key_valid(const char *key)
{
	size_t n = strnlen(key, KEY_MAX);

	if (n == 0 || n == KEY_MAX)
		return false;
	char before = '/';
	for (size_t i = 0; i < n; i++) {
		if (!key_char(key[i]))
			return false;
		if (before == '/' && (key[i] == '/' || key[i] == '.'))
			return false;
		before = key[i];
	}
	return before != '/' && strcmp(key, "tmp") != 0 && strncmp(key, "tmp/", 4) != 0;
}

bool key_prefix_valid(const char *prefix)
{
	char longer[KEY_MAX + 1];

	if (key_valid(prefix))
		return true;
	snprintf(longer, sizeof(longer), "%s0", prefix);
	return strlen(prefix) < KEY_MAX && key_valid(longer);
}

bool key_repo_id_valid(const char *id)
{
	uint8_t bytes[REPO_ID_HEX / 2];

	return strnlen(id, REPO_ID_HEX + 1) == REPO_ID_HEX &&
	       hex_parse(id, sizeof(bytes), bytes);
}
