/*
 * The names of things in a store (docs/store.md, "Keys"). Ids are parsed from
 * fixed-length lower-case hex and never joined from what a store contains.
 */
#ifndef ZLLM_STORE_KEYS_H
#define ZLLM_STORE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"

enum {
	KEY_MAX = 256, /* bytes of the longest key, NUL included */
	KEY_BASES_MAX = 3,
	KEY_BASE_PREFIX = 16, /* bytes of a base's id that stand in a key */
	REPO_ID_HEX = 32,     /* digits of a repository's id */
	KEY_NAME_HASH = 16,   /* bytes of a name's hash that stand in a key */
	KEY_NONCE_HEX = 32    /* random digits that make a name unique */
};

#define KEY_STORE_FILE "zllm.json"
#define KEY_PROBE "probe/" /* what is put to try a store, and taken away again */

/* objects/<aa>/<oid> */
void key_object(const struct oid *oid, char key[KEY_MAX]);

/* blobs/<aa>/<bb>/<id>: the solo record, and the prefix of all records of it. */
void key_blob(const struct oid *id, char key[KEY_MAX]);

/* The prefix of all records of the blobs whose ids begin so, as a delta's key names its
 * base. */
void key_blobs_of_base(const uint8_t base[KEY_BASE_PREFIX], char prefix[KEY_MAX]);

/* blobs/<aa>/<bb>/<id>~<base>: a delta against one base. */
void key_delta(const struct oid *id, const struct oid *base, char key[KEY_MAX]);

/* owners/<repo-id>/<oid> */
void key_owner(const char *repo_id, const struct oid *oid, char key[KEY_MAX]);

/* owners/<repo-id>/: the prefix of all of a repository's objects. */
void key_owners(const char *repo_id, char prefix[KEY_MAX]);

/* names/<name>/<repo-id>: that repository says its models are called so. <name> is
 * the first 2 * KEY_NAME_HASH digits of `hash`, the SHA-256 of the name. */
void key_name(const struct oid *hash, const char *repo_id, char key[KEY_MAX]);

/* names/<name>/: the prefix of all who say so. */
void key_names(const struct oid *hash, char prefix[KEY_MAX]);

/* remotes/<repo-id>/<url>: a remote that takes pushes of that repository, so that its refs
 * count before anything of it is dropped. <url> is the first 2 * KEY_NAME_HASH digits of
 * `hash`, the SHA-256 of its normalised URL. */
void key_remote(const char *repo_id, const struct oid *hash, char key[KEY_MAX]);

/* remotes/<repo-id>/: the prefix of all of a repository's remotes. */
void key_remotes(const char *repo_id, char prefix[KEY_MAX]);

/* A key of git-annex as a store knows it (docs/store.md, "Annexes"). */
struct key_annex {
	char annex[REPO_ID_HEX +
	           1];  /* the first digits of the SHA-256 of the remote's uuid */
	struct oid key; /* the SHA-256 of the key's text */
};

/* annexes/<annex>/<aa>/<key>-<oid>: that key's content is that object. */
void key_annex(const struct key_annex *k, const struct oid *oid, char key[KEY_MAX]);

/* The prefix of all objects that the key may have as its content: mostly one. */
void key_annex_objects(const struct key_annex *k, char prefix[KEY_MAX]);

/* False when `key` is not one that key_annex() makes. */
bool key_parse_annex(const char *key, struct key_annex *k, struct oid *oid);

/* What the key of a base marker says:
 * bases/<name-key>/<band>/<sketch>-<blob-id>~<oid> */
enum {
	KEY_SKETCH = 48, /* bytes of a sketch */
	KEY_MARKER_NAME = 2 * KEY_SKETCH + 1 + SHA256_HEX + 1 + SHA256_HEX /* last part */
};

struct key_marker {
	uint64_t name; /* the name-key */
	uint8_t band;
	uint8_t sketch[KEY_SKETCH];
	struct oid id;     /* a blob that has a solo record */
	struct oid object; /* one that holds it, and whose push wrote the marker */
};

void key_marker(const struct key_marker *marker, char key[KEY_MAX]);

/* The prefixes of all markers of a name-key, and of those of one band. */
void key_marker_name(uint64_t name, char key[KEY_MAX]);
void key_marker_band(uint64_t name, uint8_t band, char key[KEY_MAX]);

/* False when `key` is not the key of a marker. */
bool key_parse_marker(const char *key, struct key_marker *out);

/* What the key of a record says. */
struct key_record {
	struct oid id;
	unsigned base_count; /* 0: solo */
	uint8_t bases[KEY_BASES_MAX][KEY_BASE_PREFIX];
};

/* The key of the record that `record` describes: key_blob() without bases. */
void key_record(const struct key_record *record, char key[KEY_MAX]);

/* How many bases a delta may have in a store whose names end at `name_max` bytes (0:
 * anywhere), and whether a base marker's key fits there. */
unsigned key_bases_max(unsigned name_max);
bool key_marker_fits(unsigned name_max);

/* False when `key` is not the key of a record, spelled exactly as above. */
bool key_parse_record(const char *key, struct key_record *out);

/* False when `key` is not the key of an object's manifest. */
bool key_parse_object(const char *key, struct oid *out);

/* False when `key` is not the key of an owner's marker. */
bool key_parse_owner(const char *key, char repo_id[REPO_ID_HEX + 1], struct oid *oid);

/* False when `key` is not the key of a remote's marker; the hash's first bytes in `url`. */
bool key_parse_remote(const char *key, char repo_id[REPO_ID_HEX + 1],
                      uint8_t url[KEY_NAME_HASH]);

/* False when `key` is not the key of a name's marker. */
bool key_parse_name(const char *key, char repo_id[REPO_ID_HEX + 1]);

/* Whether every segment of `key` is one a store may hold: neither empty nor
 * beginning with a dot, and the first not "tmp", which a folder needs itself. */
bool key_valid(const char *key);

/* Whether some valid key begins with `prefix`; "" begins them all. */
bool key_prefix_valid(const char *prefix);

/* Whether `id` is REPO_ID_HEX lower-case hex digits. */
bool key_repo_id_valid(const char *id);

#endif
