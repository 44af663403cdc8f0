/*
 * How a blob is to be stored: by which codec, and as a delta against which base.
 * Decided by trials on samples (codec_trial.h); what was tried, and what it gave,
 * is kept in the manifest and shown.
 */
#ifndef ZLLM_BASE_CHOICE_H
#define ZLLM_BASE_CHOICE_H

#include "codec/common/sha256.h"
#include "codec/record.h"

struct base_hint;
struct blob_file;
struct codec;
struct err;
struct extent;
struct low_rank;
struct relatives;
struct transfer;

struct base_choice {
	const struct codec *codec;
	const struct codec *solo;     /* the best that needs no base; may be `codec` */
	struct record_basis basis;    /* where codec->needs_base: all have solo records */
	const struct base_hint *hint; /* where it came from; NULL when solo */
	struct low_rank *low_rank; /* added to what the base predicts, or NULL; owned */
};

void base_choice_wipe(struct base_choice *c);

/* What is to be stored, and what may be its base. */
struct base_task {
	const struct transfer *transfer;
	const struct relatives *relatives;
	struct extent *extent;        /* takes notes of what was tried */
	const struct blob_file *blob; /* the extent's bytes */
};

/*
 * Chooses, and notes in extent->tried what each codec made of the samples. Depth is 1:
 * a like that is itself stored as a delta stands for its own base, or is passed over. A
 * base that cannot be read is passed over. The caller wipes *out. 0, ERR_NOMEM, or a
 * failure to read the blob.
 */
int base_choose(const struct base_task *task, struct base_choice *out, struct err *err);

/* Chooses without trying: `codec`, with the first like that can be a base where it needs
 * one; raw where it does not take the dtype or there is no such like. */
void base_choose_by_codec(const struct base_task *task, const struct codec *codec,
                          struct base_choice *out);

#endif
