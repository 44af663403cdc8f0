#include "index/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/download_proof.h"
#include "index/work/file_range.h"
#include "index/work/file_room.h"
#include "index/work/lanes.h"
#include "index/blob/local_blob.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/object_proof.h"
#include "index/store/store.h"
#include "index/blob/transfer.h"

enum { LOCAL_WINDOW = 1024 * 1024 }; /* bytes of a local file at a time */

struct download {
	const struct transfer *transfer;
	const struct manifest *manifest;
	const struct extent **records; /* the extents that have records */
	size_t record_count;
	int fd;
	bool resumed; /* the file may hold extents already */
	struct download_proof *proof;
	struct work_meter meter;
};

/* ---------------------------------------------------------------- the object */

static int write_bytes(struct download *d, uint64_t offset, const uint8_t *bytes,
                       size_t n, struct err *err)
{
	int rc = file_range_write(d->fd, offset, bytes, n, err);

	work_meter_add(&d->meter, n);
	return rc;
}

/* All of `x` is in the file. */
static void note_whole(const struct download *d, const struct extent *x)
{
	download_proof_written(d->proof, (size_t)(x - d->manifest->extents.list),
	                       x->size);
}

struct restoring {
	struct download *download;
	const struct extent *extent;
};

static int write_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                       struct err *err)
{
	struct restoring *r = ctx;
	const struct manifest *m = r->download->manifest;
	int rc = write_bytes(r->download, offset, bytes, n, err);

	if (!rc)
		download_proof_written(r->download->proof,
		                       (size_t)(r->extent - m->extents.list),
		                       offset - r->extent->offset + n);
	return rc;
}

/* Copies the extent from a local file; the sum in the manifest proves it. */
static int copy_local(struct download *d, const struct extent *x,
                      const struct local_blob *blob, struct xxh128_state *sum,
                      struct err *err)
{
	uint8_t *window = malloc(LOCAL_WINDOW);
	int rc = window ? 0 : err_nomem(err, "a window");

	for (uint64_t at = 0; at < x->size && !rc;) {
		size_t n = x->size - at < LOCAL_WINDOW ? (size_t)(x->size - at)
		                                       : LOCAL_WINDOW;
		rc = local_blob_read(blob, at, n, window, err);
		if (rc)
			break;
		xxh128_add(sum, window, n);
		rc = write_bytes(d, x->offset + at, window, n, err);
		at += n;
	}
	free(window);
	struct xxh128 found = xxh128_finish(sum);
	if (!rc && !xxh128_equal(&found, &x->sum))
		rc = err_set(err, ERR_DAMAGED, "the local copy of a blob is another");
	return rc;
}

/* True when a local file had the extent. What it had wrong the store restores. */
static bool restore_local(struct download *d, const struct extent *x)
{
	struct local_blob *blob = local_blob_open(d->transfer, &x->id);
	struct xxh128_state *sum = blob ? xxh128_new() : NULL;
	struct err ignored = ERR_INIT;
	bool done = sum && !copy_local(d, x, blob, sum, &ignored);

	xxh128_free(sum);
	local_blob_close(blob);
	return done;
}

/* Whether the file has bytes all over the extent, as far as the file system says. */
static bool has_data(int fd, const struct extent *x)
{
	off_t data = lseek(fd, (off_t)x->offset, SEEK_DATA);

	if (data < 0)
		return errno != ENXIO; /* it cannot tell, or there is none */
	off_t hole = lseek(fd, (off_t)x->offset, SEEK_HOLE);
	return (uint64_t)data == x->offset &&
	       (hole < 0 || (uint64_t)hole >= x->offset + x->size);
}

/* Whether an earlier download brought the extent: the sum in the manifest tells,
 * and needs no notes of what was done that could be wrong after a crash. */
static bool is_there(struct download *d, const struct extent *x)
{
	struct xxh128_state *sum = has_data(d->fd, x) ? xxh128_new() : NULL;
	uint8_t *window = sum ? malloc(LOCAL_WINDOW) : NULL;
	struct err ignored = ERR_INIT;
	int rc = window ? 0 : ERR_NOMEM;

	for (uint64_t at = 0; at < x->size && !rc;) {
		size_t n = x->size - at < LOCAL_WINDOW ? (size_t)(x->size - at)
		                                       : LOCAL_WINDOW;
		rc = transfer_go_on(d->transfer, &ignored);
		if (!rc)
			rc = file_range_read(d->fd, x->offset + at, window, n, &ignored);
		if (!rc)
			xxh128_add(sum, window, n);
		at += n;
	}
	bool there = false;
	if (!rc) {
		struct xxh128 found = xxh128_finish(sum);
		there = xxh128_equal(&found, &x->sum);
	}
	free(window);
	xxh128_free(sum);
	if (there)
		work_meter_add(&d->meter, x->size);
	return there;
}

static int restore_record(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct download *d = ctx;
	const struct extent *x = d->records[i];

	(void)lane;
	if ((d->resumed && is_there(d, x)) || restore_local(d, x)) {
		note_whole(d, x);
		return 0;
	}
	struct restoring restoring = { d, x };
	return extent_restore(d->transfer, x, write_piece, &restoring, err);
}

static int tell_progress(void *ctx, struct err *err)
{
	struct download *d = ctx;

	return work_meter_tell(&d->meter, err);
}

/* Writes the inline extents, and notes those that have records. */
static int restore_inline(struct download *d, struct err *err)
{
	const struct extents *x = &d->manifest->extents;
	uint64_t at = 0;

	d->records = malloc((x->count ? x->count : 1) * sizeof(const struct extent *));
	if (!d->records)
		return err_nomem(err, "a list of records");
	for (size_t i = 0; i < x->count; i++) {
		const struct extent *one = &x->list[i];
		if (!one->inlined) {
			d->records[d->record_count++] = one;
			continue;
		}
		int rc = write_bytes(d, one->offset, d->manifest->inline_bytes + at,
		                     (size_t)one->size, err);
		if (rc)
			return rc;
		note_whole(d, one);
		at += one->size;
	}
	return 0;
}

int download_object(const struct transfer *t, const struct oid *oid, uint64_t size,
                    int fd, work_progress_fn *progress, void *ctx, struct err *err)
{
	return download_into(t, oid, size, fd, 0, progress, ctx, err);
}

/* Compares the file with the name of the object: every record was whole and is the one
 * that the manifest means, so what is still wrong is what the manifest says. */
static int prove(struct download *d, struct err *err)
{
	struct oid found;
	char text[SHA256_HEX + 1];
	int rc = download_proof_finish(d->proof, &found, err);

	if (rc || oid_equal(&found, &d->manifest->oid))
		return rc;
	oid_format(&d->manifest->oid, text);
	return err_set(err, ERR_MISMATCH,
	               "store %s restores other bytes than those of its name; "
	               "'git zllm fsck %s' finds out why",
	               d->transfer->store->name, text);
}

static int restore_object(struct download *d, struct err *err)
{
	const struct transfer *t = d->transfer;
	uint64_t size = d->manifest->extents.size;
	int rc = file_room_take(d->fd, size, err);
	if (!rc && d->resumed && ftruncate(d->fd, (off_t)size))
		rc = err_errno(err, "cannot give a file its size of %llu bytes",
		               (unsigned long long)size);
	if (!rc)
		rc = download_proof_new(t, d->fd, &d->manifest->extents, &d->proof, err);
	if (!rc)
		rc = restore_inline(d, err);
	if (!rc) {
		struct lanes_work work = { d->record_count, restore_record, tell_progress,
			                   d };
		rc = lanes_run(t->lanes, &work, err);
	}
	if (!rc)
		rc = prove(d, err);
	download_proof_free(d->proof);
	free(d->records);
	return rc;
}

/* `git lfs push --all` ends at the first object of all history that a clone lacks. */
static int not_there(const struct store *store, const struct oid *oid, struct err *err)
{
	char hex[SHA256_HEX + 1];

	oid_format(oid, hex);
	return err_set(
		err, ERR_MISSING,
		"store %s does not have this object; a clone that has it brings it "
		"by 'git lfs push --object-id origin %s', one that has all of them "
		"by 'git lfs push --all origin'",
		store->name, hex);
}

int download_into(const struct transfer *t, const struct oid *oid, uint64_t size, int fd,
                  unsigned flags, work_progress_fn *progress, void *ctx, struct err *err)
{
	struct manifest manifest;
	struct download d = {
		.transfer = t,
		.manifest = &manifest,
		.fd = fd,
		.resumed = flags & DOWNLOAD_RESUME,
		.meter = { .per_byte = 1,
		           .size = size,
		           .progress = progress,
		           .ctx = ctx },
	};
	int rc = manifest_recall(t->store, oid, manifest_parse_places, &manifest, NULL,
	                         err);

	if (rc > 0)
		return not_there(t->store, oid, err);
	if (rc)
		return rc;
	if (manifest.extents.size != size)
		rc = err_set(err, ERR_MISMATCH,
		             "the pointer says %llu bytes, the store holds %llu",
		             (unsigned long long)size,
		             (unsigned long long)manifest.extents.size);
	if (!rc)
		rc = restore_object(&d, err);
	manifest_wipe(&manifest);
	return rc;
}
