/*
 * The bases of a record, opened: kept together, read by number, and closed together.
 * Where their bytes come from is the opener's business: who restores a delta takes what
 * is at hand (record_source.h), who puts one likewise, or insists on the store
 * (base/base_bytes.h).
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_BASES_H
#define ZLLM_BASES_H

#include "codec/record.h"

struct blob_source;
struct err;

struct bases {
	unsigned count;
	struct blob_source *list[RECORD_BASES_MAX]; /* owned */
};

#define BASES_INIT           \
	{                    \
		0,           \
		{            \
			NULL \
		}            \
	}

/* Who opens one base. */
struct bases_opener {
	int (*open)(const void *ctx, const struct record_base *base,
	            struct blob_source **out, struct err *err);
	const void *ctx;
};

/* Opens each base of `basis`, in its order. On failure none is open, and what the opener
 * answered is returned. */
int bases_open(struct bases *b, const struct record_basis *basis,
               const struct bases_opener *opener, struct err *err);

/* Closes all; then there are none. */
void bases_close(struct bases *b);

/* Puts `better` in the place of base `i`, which is closed. */
void bases_replace(struct bases *b, unsigned i, struct blob_source *better);

/* Whether each, as it was read in order, is the one that `basis` names (blob_source.h).
 * ERR_DAMAGED where one is not. */
int bases_prove(const struct bases *b, const struct record_basis *basis, struct err *err);

#endif
