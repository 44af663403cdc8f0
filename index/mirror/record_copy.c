#include "index/mirror/record_copy.h"

#include <stdlib.h>

#include "codec/common/err.h"
#include "index/blob/blob_reader.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_tee.h"
#include "index/blob/transfer.h"

/* Decodes all of the blob; what it is made of goes by the way into the copy. */
static int hash_content(struct blob_reader *r, const struct transfer *t, struct oid *out,
                        struct err *err)
{
	const struct record_head *head = blob_reader_head(r);
	struct sha256 *hash = sha256_new();
	size_t frame = head->frame_size ? head->frame_size : 1;
	size_t room = frame * transfer_window(t, frame);
	int rc = 0;

	if (room > head->size)
		room = head->size ? (size_t)head->size : 1;
	uint8_t *window = malloc(room);
	if (!hash || !window)
		rc = err_nomem(err, "a window");
	for (uint64_t at = 0; at < head->size && !rc;) {
		size_t n = head->size - at < room ? (size_t)(head->size - at) : room;
		rc = blob_reader_read(r, at, n, window, err);
		sha256_add(hash, window, n);
		at += n;
	}
	if (!rc)
		sha256_finish(hash, out);
	free(window);
	sha256_free(hash);
	return rc;
}

/* 1 when the store has nothing at `key`, whatever else it has of the blob. */
static int read_through(const struct transfer *t, const struct oid *id, const char *key,
                        uint64_t *stored, struct err *err)
{
	struct blob_reader *r = NULL;
	struct err why = ERR_INIT;
	struct oid found;
	uint64_t size;
	struct blob_want want = { *id, UINT64_MAX, NULL, key };
	int rc = blob_reader_open(t, &want, &r, &why);

	if (!rc)
		rc = hash_content(r, t, &found, &why);
	if (!rc && !oid_equal(&found, id))
		rc = err_set(&why, ERR_MISMATCH,
		             "record %s: its content is not that of its name", key);
	blob_reader_close(r);
	*stored = store_tee_copied(t->store, &size);
	if (!size)
		return 1;
	if (!rc && *stored != size)
		rc = err_set(&why, ERR_DAMAGED,
		             "record %s: only %llu of %llu bytes matter", key,
		             (unsigned long long)*stored, (unsigned long long)size);
	if (rc && err)
		*err = why;
	return rc;
}

int record_copy(const struct transfer *from, struct store *to, const struct oid *id,
                const char *key, uint64_t *stored, struct err *err)
{
	struct transfer through = *from; /* its pool and shelf, another store */
	struct store_writer *writer = NULL;
	struct store *tee = NULL;
	int rc = store_put(to, key, 0, &writer, err);

	if (!rc)
		rc = store_tee_new(from->store, to, key, writer, &tee, err);
	if (!rc) {
		through.store = tee;
		through.local_blob = NULL;
		through.cache = NULL;
		through.records = NULL;
		rc = read_through(&through, id, key, stored, err);
	}
	store_close(tee);
	if (!rc)
		return store_commit(writer, NULL, err);
	store_abort(writer);
	return rc;
}
