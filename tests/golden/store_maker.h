/*
 * A golden store on its way (make_store.c): the store, and values that are put by hand. What
 * fails ends the program.
 */
#ifndef ZLLM_STORE_MAKER_H
#define ZLLM_STORE_MAKER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/trash_keys.h"

struct maker {
	const char *folder;
	struct store *store;
	struct transfer transfer;
	FILE *list;
	unsigned nonces;
};

static inline void die(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->code ? err->text : "failed");
	exit(1);
}

static inline void must(int rc, const char *what, const struct err *err)
{
	if (rc)
		die(what, err);
}

/* ---------------------------------------------------------------- values by hand */

static inline void put_value(struct maker *m, const char *key, const void *bytes,
                             size_t n)
{
	struct err err = ERR_INIT;

	must(store_put_all(m->store, key, bytes, n, &err), key, &err);
}

static inline void put_empty(struct maker *m, const char *key)
{
	put_value(m, key, "", 0);
}

static inline void next_nonce(struct maker *m, char nonce[KEY_NONCE_HEX + 1])
{
	snprintf(nonce, KEY_NONCE_HEX + 1, "%032x", ++m->nonces);
}

/* What lies at `key` goes to trash. */
static inline void move(struct maker *m, const char *key)
{
	char nonce[KEY_NONCE_HEX + 1], trash[KEY_MAX];
	struct err err = ERR_INIT;

	next_nonce(m, nonce);
	if (!key_trash(key, nonce, trash))
		die(key, &err);
	must(store_move_aside(m->store, key, trash, &err), key, &err);
}

/* An entry of `key` with bytes of its own. */
static inline void put_entry(struct maker *m, const char *key, const void *bytes,
                             size_t n)
{
	char nonce[KEY_NONCE_HEX + 1], trash[KEY_MAX];
	struct err err = ERR_INIT;

	next_nonce(m, nonce);
	if (!key_trash(key, nonce, trash))
		die(key, &err);
	put_value(m, trash, bytes, n);
}

static inline void own(struct maker *m, const char *repo, const struct oid *oid)
{
	char key[KEY_MAX];

	key_owner(repo, oid, key);
	put_empty(m, key);
}

static inline void note(struct maker *m, const struct oid *oid, const char *fate,
                        const char *what)
{
	char hex[SHA256_HEX + 1];

	oid_format(oid, hex);
	fprintf(m->list, "%s\t%s\t%s\n", hex, fate, what);
}

#endif
