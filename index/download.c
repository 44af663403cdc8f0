#include "index/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/blob/blob_source.h"
#include "index/blob/file_source.h"
#include "index/blob/transfer.h"
#include "index/download_proof.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_mend.h"
#include "index/manifest/object_proof.h"
#include "index/store/store.h"
#include "index/work/file_range.h"
#include "index/work/file_room.h"
#include "index/work/lanes.h"

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

static int copy_piece(void *ctx, uint64_t offset, const uint8_t *bytes, size_t n,
                      struct err *err)
{
	struct restoring *r = ctx;

	return write_bytes(r->download, r->extent->offset + offset, bytes, n, err);
}

/* True when a local file had the extent: the sum in the manifest proves it. What is wrong
 * in it comes from the store. */
static bool restore_local(struct download *d, const struct extent *x)
{
	struct restoring restoring = { d, x };
	struct blob_source *source = NULL;
	struct err ignored = ERR_INIT;
	bool done = !file_source_find(d->transfer, &x->id, &source, &ignored) &&
	            source->size == x->size &&
	            !blob_source_each_summed(source, &x->sum, copy_piece, &restoring,
	                                     &ignored);

	blob_source_close(source);
	return done;
}

/* Whether the file has bytes in all of the extent, as far as the file system says. */
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
	struct blob_source *source = NULL;
	struct err ignored = ERR_INIT;

	if (!has_data(d->fd, x) ||
	    file_source_of(d->fd, x->offset, x->size, &source, &ignored))
		return false;
	source->transfer = d->transfer;
	bool there = !blob_source_each_summed(source, &x->sum, NULL, NULL, &ignored);
	blob_source_close(source);
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

int download_object(const struct transfer *t, const struct download_request *request,
                    struct err *err)
{
	struct manifest manifest;
	struct download d = {
		.transfer = t,
		.manifest = &manifest,
		.fd = request->fd,
		.resumed = request->into == DOWNLOAD_RESUME,
		.meter = { .per_byte = 1,
		           .size = request->size,
		           .progress = request->progress,
		           .ctx = request->ctx },
	};
	int rc = manifest_recall(t->store, &request->oid, manifest_parse_places,
	                         &manifest, err);

	if (rc > 0)
		return not_there(t->store, &request->oid, err);
	if (rc)
		return rc;
	if (manifest.extents.size != request->size)
		rc = err_set(err, ERR_MISMATCH,
		             "the pointer says %llu bytes, the store holds %llu",
		             (unsigned long long)request->size,
		             (unsigned long long)manifest.extents.size);
	if (!rc)
		rc = restore_object(&d, err);
	manifest_wipe(&manifest);
	return rc;
}
