/*
 * A model file that is pushed to a store and cloned from it, each as by a process of its own,
 * which remembers nothing of the one before; and the keys that the store then has.
 */
#ifndef ZLLM_TEST_PUSHED_MODEL_H
#define ZLLM_TEST_PUSHED_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/upload.h"
#include "tests/unit/borrowed_transfer.h"
#include "tests/unit/model_file.h"

enum { KEYS_MAX = 64 };

/* `ctx` is the base, a struct model_file, or NULL: no hint. */
static inline void hint_base(void *ctx, const struct oid *oid, uint64_t size,
                             struct base_hints *out)
{
	const struct model_file *base = ctx;

	(void)oid;
	(void)size;
	if (!base)
		return;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = base->oid;
	out->list[0].local_file = strdup(base->path);
	out->count = 1;
}

static inline int push_by(const struct transfer *t, const struct model_file *f,
                          const struct model_file *base, struct err *err)
{
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path,
		                          .find_hints = hint_base,
		                          .ctx = (void *)(uintptr_t)base };
	struct upload_result result;

	return upload_object(t, &request, &result, err);
}

/* What the push came to: an error has a sentence. */
static inline int push(struct store *s, const struct model_file *f,
                       const struct model_file *base)
{
	struct err err = ERR_INIT;
	struct transfer t;

	assert_int_equal(transfer_borrow(&t, s, 1, &err), 0);
	t.lanes = 1;
	int rc = push_by(&t, f, base, &err);
	transfer_return(&t);
	if (rc)
		assert_true(err.text[0] != 0);
	return rc;
}

/* 0 where the object comes back, and then it is the same bit for bit. */
static inline int clone(struct store *s, const struct model_file *f, struct err *err)
{
	struct model_file copy = model_file_of("", 0);
	struct buf bytes = BUF_INIT;
	struct transfer t;
	int fd = open(copy.path, O_RDWR);
	struct download_request request = { .oid = f->oid, .size = f->size, .fd = fd };

	assert_int_equal(transfer_borrow(&t, s, 1, err), 0);
	int rc = download_object(&t, &request, err);
	if (!rc)
		assert_true(buf_reserve(&bytes, f->size + 1) &&
		            pread(fd, bytes.data, f->size + 1, 0) == (ssize_t)f->size &&
		            memcmp(bytes.data, f->bytes.data, f->size) == 0);
	transfer_return(&t);
	close(fd);
	buf_wipe(&bytes);
	model_file_remove(&copy);
	return rc;
}

static inline bool clones(struct store *s, const struct model_file *f)
{
	struct err err = ERR_INIT;
	int rc = clone(s, f, &err);

	if (rc)
		print_message("%s\n", err.text);
	return rc == 0;
}

struct keys {
	char list[KEYS_MAX][KEY_MAX];
	size_t count;
};

static inline int note_key(void *ctx, const struct store_entry *entry)
{
	struct keys *k = ctx;

	assert_true(k->count < KEYS_MAX);
	strcpy(k->list[k->count++], entry->key);
	return 0;
}

static inline struct keys keys_of(struct store *s, const char *prefix)
{
	struct keys k = { .count = 0 };

	assert_int_equal(store_list(s, prefix, note_key, &k, NULL), 0);
	return k;
}

#endif
