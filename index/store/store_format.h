/*
 * zllm.json, the one file that says "this is a store": its format version and
 * id, put once. Opening anything that lacks it is refused, so that an unmounted
 * disk is never taken for an empty store.
 */
#ifndef ZLLM_STORE_FORMAT_H
#define ZLLM_STORE_FORMAT_H

struct err;
struct store;

enum { STORE_FORMAT = 1, STORE_ID_HEX = 32 };

/* Makes `s` a store unless it is one already (then nothing changes). `id` is
 * STORE_ID_HEX random hex digits and is used only for a new one. */
int store_format_create(struct store *s, const char *id, struct err *err);

/* Checks that `s` is a store that this program can read, and copies its id to `id`. 0;
 * ERR_MISSING when it is not a store; ERR_FORMAT when a newer git-zllm made it;
 * ERR_DAMAGED when zllm.json is not readable. */
int store_format_check(struct store *s, char id[STORE_ID_HEX + 1], struct err *err);

#endif
