#include "index/transfer.h"

#include "codec/common/pool.h"
#include "index/scratch_shelf.h"
#include "index/store/store.h"

enum {
	BLOCK_FRAMES_MAX = 4,
	WINDOW_FRAMES_MAX = 16, /* more give nothing: the pool is busy with these */
	WINDOW_COPIES = 3       /* raw, base and stored bytes of each frame */
};

int transfer_init(struct transfer *t, struct store *store, unsigned threads,
                  struct err *err)
{
	struct transfer made = { .store = store, .repo_id = "" };
	int rc = pool_new(threads, &made.pool, err);

	if (!rc)
		rc = scratch_shelf_new(&made.shelf, err);
	if (rc) {
		transfer_wipe(&made);
		return rc;
	}
	made.lanes = store->inflight;
	if (made.lanes < pool_width(made.pool))
		made.lanes = pool_width(made.pool);
	*t = made;
	return 0;
}

void transfer_wipe(struct transfer *t)
{
	scratch_shelf_free(t->shelf);
	pool_free(t->pool);
	*t = (struct transfer){ .repo_id = "" };
}

unsigned transfer_window(const struct transfer *t, size_t frame_bytes)
{
	size_t frames = TRANSFER_MEMORY / WINDOW_COPIES / t->lanes / frame_bytes;

	if (frames > WINDOW_FRAMES_MAX)
		frames = WINDOW_FRAMES_MAX;
	return frames ? (unsigned)frames : 1;
}

size_t transfer_block(const struct transfer *t, size_t frame_bytes)
{
	unsigned frames = transfer_window(t, frame_bytes);

	return (frames < BLOCK_FRAMES_MAX ? frames : BLOCK_FRAMES_MAX) * frame_bytes;
}
