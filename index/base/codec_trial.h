/*
 * Trials: what codecs make of samples of a blob, alone and against a base. A
 * choice between them is then a comparison of sizes, never a guess.
 * Thread rule: one thread at a time for each trial.
 */
#ifndef ZLLM_CODEC_TRIAL_H
#define ZLLM_CODEC_TRIAL_H

#include <stddef.h>
#include <stdint.h>

struct bases;
struct blob_file;
struct codec;
struct codec_trial;
struct err;
struct record_basis;
struct transfer;

/* Reads the samples of `blob` (codec.h, CODEC_SAMPLES): all of a small one, a few pieces
 * of a large one. The blob must outlive the trial. */
int codec_trial_begin(const struct transfer *t, const struct blob_file *blob,
                      struct codec_trial **out, struct err *err);
void codec_trial_end(struct codec_trial *t); /* NULL is fine */

/* Makes the samples' predictions from `basis`, whose bases are open.
 * ERR_INPUT where the blob cannot have such a basis. */
int codec_trial_predict(struct codec_trial *t, const struct record_basis *basis,
                        const struct bases *bases, struct err *err);

/* How many bits of a value differ from the latest prediction, on average over the samples,
 * in hundredths: what `git zllm diff` counts of the whole. */
unsigned codec_trial_distance(const struct codec_trial *t);

/* What a codec makes of the samples. */
struct codec_score {
	const struct codec *codec; /* NULL: none was tried */
	unsigned permille;         /* of their raw size, rounded up */
};

/*
 * Tries score->codec on the samples and fills in the rest. A codec that needs a base is
 * tried against the latest prediction. `best` is the score of the best codec until now.
 * Where the codec is slow and far behind that on the first values (codec.h,
 * codec_policy), it is not tried on the others: the score is then what follows from the
 * first ones, and more than the best's.
 */
int codec_trial_run(struct codec_trial *t, const struct codec_score *best,
                    struct codec_score *score, struct err *err);

#endif
