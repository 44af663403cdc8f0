#include "index/blob/transfer.h"

#include "codec/common/err.h"
#include "codec/common/pool.h"
#include "index/blob/record_map.h"
#include "index/store/store.h"
#include "index/work/scratch_shelf.h"

enum {
	BLOCK_FRAMES_MAX = 4,
	WINDOW_FRAMES_MAX = 16, /* more give nothing: the pool is busy with these */
	WINDOW_COPIES = 3,      /* raw, base and stored bytes of each frame */
	FIRST_READ_MIN = 128 * 1024,
	FIRST_READ_MAX = 8 * 1024 * 1024,
	RECORDS_OF_A_LANE = 2 /* a delta and its base */
};

int transfer_init(struct transfer *t, struct store *store, unsigned threads,
                  struct err *err)
{
	struct transfer made = { .store = store, .repo_id = "" };
	int rc = pool_new(threads, &made.pool, err);

	if (!rc)
		rc = scratch_shelf_new(&made.shelf, err);
	if (!rc && store->remote)
		rc = record_map_new(store, &made.records, err);
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
	record_map_free(t->records);
	scratch_shelf_free(t->shelf);
	pool_free(t->pool);
	*t = (struct transfer){ .repo_id = "" };
}

void transfer_look_anew(struct transfer *t)
{
	if (t->records)
		record_map_forget(t->records);
}

struct transfer transfer_view(const struct transfer *t, unsigned lanes,
                              const atomic_bool *stop)
{
	struct transfer view = *t;

	view.lanes = lanes;
	if (stop)
		view.stop = stop;
	return view;
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

int transfer_go_on(const struct transfer *t, struct err *err)
{
	if (t->stop && atomic_load(t->stop))
		return err_set(err, ERR_INTERRUPTED, "told to stop");
	return 0;
}

size_t transfer_first_read(const struct transfer *t)
{
	size_t bytes = TRANSFER_FIRST_READS / RECORDS_OF_A_LANE / t->lanes;

	if (bytes > FIRST_READ_MAX)
		return FIRST_READ_MAX;
	return bytes > FIRST_READ_MIN ? bytes : FIRST_READ_MIN;
}
