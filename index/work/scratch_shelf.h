/*
 * A shelf of codec scratches: as many as are in use at once, no more, taken and
 * put back by whichever thread codes a frame.
 * Thread rule: any thread at any time.
 */
#ifndef ZLLM_SCRATCH_SHELF_H
#define ZLLM_SCRATCH_SHELF_H

struct err;
struct frame_scratch;
struct scratch_shelf;

int scratch_shelf_new(struct scratch_shelf **out, struct err *err);
void scratch_shelf_free(struct scratch_shelf *s); /* all must be back */

/* A scratch, made where none is free. */
int scratch_shelf_take(struct scratch_shelf *s, struct frame_scratch **out,
                       struct err *err);
void scratch_shelf_put_back(struct scratch_shelf *s, struct frame_scratch *scratch);

#endif
