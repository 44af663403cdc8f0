#include "index/blob/record_check.h"

#include <stdbool.h>
#include <string.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/record.h"
#include "index/blob/blob_find.h"
#include "index/store/store.h"

/* Bytes that come with the first request: the heads of most records. */
enum { CHECK_FIRST = 4096 };

/* Whether the head, which says a version that is not known, is one of ours with that number
 * damaged. `first` has its first `n` bytes. */
static bool is_ours(struct store_reader *file, const uint8_t *first, size_t n)
{
	uint8_t fixed[RECORD_FIXED_SIZE];
	struct buf bytes = BUF_INIT;
	struct record_head head;
	struct err ignored = ERR_INIT;
	uint64_t body;
	size_t size;
	bool ours = false;

	if (n < sizeof(fixed))
		return false;
	memcpy(fixed, first, sizeof(fixed));
	record_head_take_for_ours(fixed);
	if (record_head_measure(fixed, sizeof(fixed), &size, &ignored) ||
	    size > file->size || !buf_reserve(&bytes, size))
		return false;
	if (!store_read(file, 0, bytes.data, size, &ignored)) {
		record_head_take_for_ours(bytes.data);
		ours = !record_head_parse(bytes.data, size, &head, &body, &ignored);
	}
	if (ours)
		record_head_wipe(&head);
	buf_wipe(&bytes);
	return ours;
}

int record_head_read(struct store_reader *file, size_t first, struct record_head *out,
                     size_t *head_size, struct err *err)
{
	struct buf bytes = BUF_INIT;
	uint64_t body;
	size_t n = file->size < first ? (size_t)file->size : first;
	int rc = ERR_NOMEM;

	if (!buf_reserve(&bytes, first)) {
		err_nomem(err, "a record's head");
		goto out;
	}
	rc = store_read(file, 0, bytes.data, n, err);
	if (!rc)
		rc = record_head_measure(bytes.data, n, head_size, err);
	if (rc == ERR_FORMAT && is_ours(file, bytes.data, n))
		rc = err_set(err, ERR_DAMAGED, "damaged record: its version is another");
	if (!rc && *head_size > file->size)
		rc = err_set(err, ERR_DAMAGED, "cut short: %llu bytes",
		             (unsigned long long)file->size);
	if (!rc && !buf_reserve(&bytes, *head_size))
		rc = err_nomem(err, "a record's head");
	if (!rc && *head_size > n)
		rc = store_read(file, n, bytes.data + n, *head_size - n, err);
	if (!rc)
		rc = record_head_parse(bytes.data, *head_size, out, &body, err);
	if (!rc && body != file->size - *head_size)
		rc = err_set(err, ERR_DAMAGED, "%llu bytes instead of %llu",
		             (unsigned long long)file->size,
		             (unsigned long long)(*head_size + body));
out:
	buf_wipe(&bytes);
	return rc;
}

/* Whether the head is that of the record which the key names. */
static int compare_key(const struct key_record *key, const struct record_head *head,
                       struct err *err)
{
	bool same = key->base_count == head->basis.base_count;

	for (unsigned i = 0; i < key->base_count && same; i++)
		same = memcmp(key->bases[i], head->basis.bases[i].id.bytes,
		              KEY_BASE_PREFIX) == 0;
	return same ? 0
	            : err_set(err, ERR_DAMAGED,
	                      "is a record with other bases than its "
	                      "name says");
}

static int compare_claim(const struct blob_claim *claim, const struct record_head *head,
                         struct err *err)
{
	if (claim->size != UINT64_MAX && head->size != claim->size)
		return err_set(
			err, ERR_DAMAGED, "holds %llu bytes where %llu are expected",
			(unsigned long long)head->size, (unsigned long long)claim->size);
	if (claim->sum && !xxh128_equal(claim->sum, &head->sum))
		return err_set(err, ERR_DAMAGED, "is the record of another blob");
	return 0;
}

static int check_once(struct store *s, const struct blob_place *place,
                      const struct blob_claim *claim, struct record_head *head,
                      struct err *err)
{
	struct store_reader *file = NULL;
	size_t head_size;
	int rc = store_get(s, place->key, CHECK_FIRST, &file, err);

	*head = (struct record_head){ .size = 0 };
	if (rc)
		return rc;
	rc = record_head_read(file, CHECK_FIRST, head, &head_size, err);
	if (!rc)
		rc = compare_key(&place->record, head, err);
	if (!rc)
		rc = compare_claim(claim, head, err);
	if (rc)
		record_head_wipe(head);
	store_reader_close(file);
	return rc;
}

/* What came damaged from afar may be whole where it lies: it is asked for once more. */
int record_check(struct store *s, const struct blob_place *place,
                 const struct blob_claim *claim, struct record_head *head,
                 struct err *err)
{
	struct record_head own;
	struct err why = ERR_INIT;
	int rc = check_once(s, place, claim, &own, &why);

	if (s->remote && rc == ERR_DAMAGED)
		rc = check_once(s, place, claim, &own, &why);
	if (rc < 0) {
		*err = why;
		err_context(err, "record %s", place->key);
	} else if (!rc && head) {
		*head = own;
	} else if (!rc) {
		record_head_wipe(&own);
	}
	return rc;
}
