/*
 * The head of a record: everything about a stored blob but its frames' bytes.
 * A record is its head and then its frames, one after another in order, and
 * nothing else. docs/format-record.md describes the bytes; section numbers
 * there match the order of the fields here.
 *
 * Pure; thread rule: as for any plain data.
 */
#ifndef ZLLM_RECORD_H
#define ZLLM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/xxh128.h"
#include "codec/dtype.h"
#include "codec/frame_out.h"
#include "codec/record_basis.h"
#include "codec/record_layout.h"

struct buf;
struct err;
struct low_rank;

struct record_head {
	enum codec_id codec;
	enum dtype dtype;
	enum prediction prediction;
	struct record_basis basis;
	uint64_t size;       /* decoded bytes */
	uint32_t frame_size; /* decoded bytes of every frame but the last */
	uint32_t frame_count;
	struct xxh128 sum;         /* of the whole content */
	struct frame_out *frames;  /* frame_count of them; owned */
	struct low_rank *low_rank; /* with that prediction; else NULL; owned */
};

/* Fills all but the frames and the sum for a blob of `size` bytes, and
 * allocates the frame table, zeroed. `basis` is NULL for a solo record. */
int record_head_init(struct record_head *head, const struct codec *codec,
                     enum dtype dtype, uint64_t size, const struct record_basis *basis,
                     struct err *err);

/* Why a head cannot have this product, as half a sentence, or NULL. */
const char *record_low_rank_fault(const struct record_head *head,
                                  const struct low_rank *l);

/* Adds a copy of a low-rank product to the prediction of a head that was just
 * initialised; its frames become whole rows. ERR_INPUT where it does not suit. */
int record_head_add_low_rank(struct record_head *head, const struct low_rank *l,
                             struct err *err);

void record_head_wipe(struct record_head *head);

/* Bytes of the head once written; known before any frame is coded. */
size_t record_head_size(const struct record_head *head);

/* Bytes of the parameters in it. */
uint32_t record_parameter_size(const struct record_head *head);

/* Decoded bytes of frame `i`, and where in the blob it starts. */
size_t record_frame_size(const struct record_head *head, uint32_t i);
uint64_t record_frame_start(const struct record_head *head, uint32_t i);

/* Appends the head to `out`: exactly record_head_size() bytes. */
int record_head_format(const struct record_head *head, struct buf *out, struct err *err);

/*
 * Reads how long the head is from its first RECORD_FIXED_SIZE bytes, so that a
 * reader knows what to fetch. ERR_DAMAGED when these bytes cannot be a record,
 * ERR_FORMAT when a newer git-zllm wrote it.
 */
int record_head_measure(const uint8_t *bytes, size_t n, size_t *size, struct err *err);

/*
 * A newer version's head, or one of ours of which the number of the version was damaged:
 * puts ours into RECORD_FIXED_SIZE bytes or more. Where they then measure and parse, sums
 * and all, they were ours.
 */
void record_head_take_for_ours(uint8_t *bytes);

/*
 * Reads a whole head of `n` = record_head_measure() bytes. All sums, counts and
 * sizes are checked: on success every frame's stored size is at most its
 * decoded size, modes are known, and their total is *body bytes. The caller
 * frees with record_head_wipe(). 0, ERR_DAMAGED or ERR_FORMAT.
 */
int record_head_parse(const uint8_t *bytes, size_t n, struct record_head *out,
                      uint64_t *body, struct err *err);

#endif
