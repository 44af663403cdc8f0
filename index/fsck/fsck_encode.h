/* A blob's content put as a record of a store that lacks one. */
#ifndef ZLLM_FSCK_ENCODE_H
#define ZLLM_FSCK_ENCODE_H

#include <stdbool.h>

#include "index/store/store_keys.h"

struct blob_file;
struct err;
struct extent;
struct record_head;
struct transfer;

struct fsck_encode {
	const struct transfer *to;
	const struct blob_file *file;  /* the content, proved */
	struct extent *extent;         /* as a manifest has it, with its finding */
	const struct record_head *was; /* of the record that was lost, or NULL */
	bool solo;                     /* others stand on it */
};

/* Puts it: as it was, where its bases are live and solo; else as a push would, which
 * chooses by samples and looks for bases by the store's markers. *key is where. 0 or
 * negative; what is at the key, if that is not ours, is another's. */
int fsck_encode(const struct fsck_encode *e, char key[KEY_MAX], struct err *err);

#endif
