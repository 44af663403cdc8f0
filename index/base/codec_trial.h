/*
 * Trials: what codecs make of samples of a blob, alone and against a base. A
 * choice between them is then a comparison of sizes, never a guess.
 * Thread rule: one thread at a time for each trial.
 */
#ifndef ZLLM_CODEC_TRIAL_H
#define ZLLM_CODEC_TRIAL_H

#include <stddef.h>
#include <stdint.h>

struct blob_file;
struct blob_source;
struct codec;
struct codec_trial;
struct err;
struct record_basis;
struct transfer;

/* Reads the samples of `blob`: all of a small one, a few evenly spread pieces of a
 * large one. */
int codec_trial_begin(const struct transfer *t, const struct blob_file *blob,
                      struct codec_trial **out, struct err *err);
void codec_trial_end(struct codec_trial *t); /* NULL is fine */

/* Makes the samples' predictions from `basis`, whose bases' bytes `sources` have.
 * ERR_INPUT where the blob cannot have such a basis. */
int codec_trial_predict(struct codec_trial *t, const struct record_basis *basis,
                        struct blob_source *const *sources, struct err *err);

/* The samples' size under `codec`, in thousandths of their raw size, rounded up. A
 * codec that needs a base is tried against the latest prediction. */
int codec_trial_run(struct codec_trial *t, const struct codec *codec, unsigned *permille,
                    struct err *err);

/* The same of a codec that takes much longer than `rival`, which makes rival_permille
 * of the samples. Where it is far behind on a part of them, *permille is what follows
 * from that: more than rival_permille. */
int codec_trial_challenge(struct codec_trial *t, const struct codec *codec,
                          const struct codec *rival, unsigned rival_permille,
                          unsigned *permille, struct err *err);

#endif
