/*
 * Whether what lies at a record's key is such a record, as far as its size and its head
 * tell. A listing says that something has the name; a mirror that was interrupted, a
 * power cut on an export without sync, or a restore from the wrong backup leave names
 * whose values are cut, empty, or another's.
 *
 * The bytes of the frames are not read: that is fsck's work (docs/store.md, "Who checks
 * what").
 */
#ifndef ZLLM_RECORD_CHECK_H
#define ZLLM_RECORD_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/sha256.h"
#include "codec/common/xxh128.h"
#include "index/store/store_keys.h"

struct blob_place;
struct err;
struct record_head;
struct store;
struct store_reader;

/* What is known of a blob before its record is looked at. */
struct blob_claim {
	const struct oid *id;
	uint64_t size;            /* bytes; UINT64_MAX: not known */
	const struct xxh128 *sum; /* of its content; NULL: not known */
	const struct blob_memory *memory; /* of a manifest; NULL: there is none */
};

/* Where a manifest says that a blob's record was, and how large it and the solo records of
 * its bases were. A listing that still says so is answer enough. */
struct blob_memory {
	struct key_record record;
	uint64_t stored; /* bytes; 0: not known */
	uint64_t base_stored[KEY_BASES_MAX];
};

/* Reads the head of the record that `file` is, of which `first` bytes are asked for at
 * once, and compares its length with the file's. *head_size is where the frames begin.
 * The caller wipes *out, also after an error. 0, ERR_DAMAGED, ERR_FORMAT when a newer
 * git-zllm wrote it, ... */
int record_head_read(struct store_reader *file, size_t first, struct record_head *out,
                     size_t *head_size, struct err *err);

/* Compares the record at place->key with its key and with the claim. One small request.
 * Where it is sound and `head` is not NULL, *head is the caller's to wipe. 0; 1 when there
 * is no such key any more; ERR_DAMAGED with what is wrong; ERR_FORMAT, ERR_IO, ... */
int record_check(struct store *s, const struct blob_place *place,
                 const struct blob_claim *claim, struct record_head *head,
                 struct err *err);

#endif
