/*
 * A bundle from outside: opened, listed, every value read, and where it holds a
 * small object, decoded. The table's sum is made right first: whoever forges a
 * bundle can do so too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/common/xxh128.h"
#include "index/bundle_read.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/store/bundle/store_bundle.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TAIL_SIZE = 32, SMALL = 1 << 20 };

static void require(int holds)
{
	if (!holds)
		abort();
}

static void mend_sum(uint8_t *bytes, size_t size)
{
	if (size < TAIL_SIZE)
		return;
	uint64_t table = le64_load(bytes + size - TAIL_SIZE);
	if (table > size - TAIL_SIZE)
		return;
	size_t n = (size_t)table + TAIL_SIZE;
	struct xxh128 sum = xxh128_of(bytes + size - n, n - XXH128_SIZE);
	memcpy(bytes + size - XXH128_SIZE, sum.bytes, XXH128_SIZE);
}

static int file_of(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	require(fd >= 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
	return fd;
}

struct walk {
	struct store *store;
	uint64_t total; /* bytes of all values */
	int small;      /* objects of few bytes, with a manifest that holds */
};

static int read_value(void *ctx, const struct store_entry *entry)
{
	struct walk *w = ctx;
	struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;
	struct manifest m;
	struct oid oid;

	require(key_valid(entry->key));
	require(store_get_all(w->store, entry->key, entry->size, &bytes, &err) == 0);
	require(bytes.size == entry->size);
	w->total += entry->size;
	buf_wipe(&bytes);
	if (key_parse_object(entry->key, &oid) &&
	    manifest_get(w->store, &oid, manifest_parse, &m, &err) == 0) {
		w->small += m.extents.size <= SMALL;
		manifest_wipe(&m);
	}
	return 0;
}

static void decode(int fd)
{
	struct bundle_source source = { "bundle", fd, NULL, 1 };
	struct err err = ERR_INIT;
	int out = file_of(NULL, 0);

	if (bundle_read(&source, out, &err))
		require(err.text[0]);
	close(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct walk w = { .store = NULL };
	uint8_t *bytes = malloc(size + 1);

	require(bytes != NULL);
	memcpy(bytes, data, size);
	mend_sum(bytes, size);
	int fd = file_of(bytes, size);
	if (store_bundle_open(fd, "bundle", &w.store, &err)) {
		require(err.text[0]);
	} else {
		require(store_list(w.store, "", read_value, &w, &err) == 0);
		require(w.total < size);
		store_close(w.store);
		if (w.small == 1)
			decode(fd);
	}
	close(fd);
	free(bytes);
	return 0;
}
