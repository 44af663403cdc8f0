/* The cache of bases: what it spares, and all that may happen to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "codec/common/err.h"
#include "index/base/base_hint.h"
#include "index/blob/transfer.h"
#include "index/download.h"
#include "index/store/cache/store_cache.h"
#include "index/store/store.h"
#include "index/store/store_format.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/model_file.h"
#include "tests/unit/scratch_folder.h"
#include "tests/unit/store_counted.h"
#include "tests/unit/store_faulty.h"

static const char store_id[] = "0123456789abcdef0123456789abcdef";
enum { PLENTY = 1 << 30, ENTRY = 100 * 1000, PATH_ROOM = 1024 };

struct world {
	char folder[SCRATCH_MAX];
	struct store *memory, *bucket, *cache;
};

static int open_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	scratch_folder_new(w->folder);
	*state = w;
	return store_memory_new(&w->memory, NULL) ||
	       store_format_create(w->memory, store_id, NULL) ||
	       store_counted_new(w->memory, 8, &w->bucket, NULL) ||
	       store_cache_new(w->bucket, w->folder, PLENTY, &w->cache, NULL);
}

static int close_world(void **state)
{
	struct world *w = *state;

	store_close(w->cache);
	store_close(w->bucket);
	store_close(w->memory);
	scratch_folder_remove(w->folder);
	free(w);
	return 0;
}

static void use_limit(struct world *w, uint64_t limit)
{
	store_close(w->cache);
	assert_int_equal(store_cache_new(w->bucket, w->folder, limit, &w->cache, NULL),
	                 0);
}

/* ---------------------------------------------------------------- plain values */

static void blob_key(unsigned n, char key[KEY_MAX])
{
	struct oid id = { { (uint8_t)n, (uint8_t)(n >> 8) } };

	key_blob(&id, key);
}

/* Puts a value of ENTRY bytes, all of them `n`, under the key of blob n. */
static void put_blob(struct world *w, unsigned n)
{
	char key[KEY_MAX];
	uint8_t *bytes = malloc(ENTRY);

	memset(bytes, (int)n, ENTRY);
	blob_key(n, key);
	assert_int_equal(store_put_all(w->memory, key, bytes, ENTRY, NULL), 0);
	free(bytes);
}

static void assert_blob(struct store *s, unsigned n)
{
	struct buf value = BUF_INIT;
	struct err err = ERR_INIT;
	char key[KEY_MAX];

	blob_key(n, key);
	if (store_get_all(s, key, ENTRY, &value, &err))
		fail_msg("%s", err.text);
	assert_int_equal(value.size, ENTRY);
	for (size_t i = 0; i < ENTRY; i++)
		assert_int_equal(value.data[i], (uint8_t)n);
	buf_wipe(&value);
}

/* What each test counts: requests for values. */
static uint64_t gets(const struct world *w)
{
	return store_counted_get(w->bucket).gets;
}

/* "<folder>/<store id>/<aa>/<id>" of blob n. */
static void entry_path(const struct world *w, unsigned n, char path[PATH_ROOM])
{
	char key[KEY_MAX];

	blob_key(n, key);
	snprintf(path, PATH_ROOM, "%s/%s/%.2s/%s", w->folder, store_id,
	         key + strlen("blobs/"), key + strlen("blobs/aa/bb/"));
}

static bool has_entry(const struct world *w, unsigned n)
{
	char path[PATH_ROOM];

	entry_path(w, n, path);
	return access(path, F_OK) == 0;
}

static uint64_t entries_bytes(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	uint64_t sum = 0;

	while (dir && (d = readdir(dir))) {
		char path[PATH_MAX];
		struct stat st;
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		if (stat(path, &st) == 0)
			sum += S_ISDIR(st.st_mode) ? entries_bytes(path)
			                           : (uint64_t)st.st_size;
	}
	if (dir)
		closedir(dir);
	return sum;
}

/* ---------------------------------------------------------------- what it does */

static void a_record_is_fetched_once_also_by_the_next_process(void **state)
{
	struct world *w = *state;

	put_blob(w, 1);
	assert_blob(w->cache, 1);
	uint64_t first = gets(w);
	assert_blob(w->cache, 1);
	assert_int_equal(gets(w), first);
	use_limit(w, PLENTY);
	assert_blob(w->cache, 1);
	assert_int_equal(gets(w), first + 1); /* zllm.json: which store it is */
}

static void deltas_manifests_and_what_is_missing_are_not_kept(void **state)
{
	struct world *w = *state;
	struct oid id = { { 1 } }, base = { { 2 } };
	struct store_reader *r;
	char key[KEY_MAX];

	key_delta(&id, &base, key);
	assert_int_equal(store_put_all(w->memory, key, "delta", 5, NULL), 0);
	for (int i = 0; i < 2; i++) {
		struct buf value = BUF_INIT;
		assert_int_equal(store_get_all(w->cache, key, 100, &value, NULL), 0);
		buf_wipe(&value);
	}
	assert_int_equal(gets(w), 2);
	key_blob(&id, key);
	assert_int_equal(store_get(w->cache, key, 0, &r, NULL), 1);
	assert_int_equal(store_get(w->cache, key, 0, &r, NULL), 1);
	assert_int_equal(entries_bytes(w->folder), 0);
}

struct reader {
	struct world *world;
	pthread_t thread;
};

static void *read_one(void *arg)
{
	assert_blob(((struct reader *)arg)->world->cache, 9);
	return NULL;
}

static void many_threads_fetch_a_record_once(void **state)
{
	struct world *w = *state;
	struct reader readers[16];

	put_blob(w, 8);
	put_blob(w, 9);
	assert_blob(w->cache, 8);
	uint64_t before = gets(w);
	for (size_t i = 0; i < 16; i++) {
		readers[i].world = w;
		assert_int_equal(
			pthread_create(&readers[i].thread, NULL, read_one, &readers[i]),
			0);
	}
	for (size_t i = 0; i < 16; i++)
		pthread_join(readers[i].thread, NULL);
	assert_int_equal(gets(w), before + 1);
}

static void what_was_not_used_for_longest_goes_first(void **state)
{
	struct world *w = *state;
	char path[PATH_ROOM];

	use_limit(w, 10 * ENTRY);
	for (unsigned n = 1; n <= 10; n++) {
		struct timespec then[2] = { { .tv_sec = 1000 + n },
			                    { .tv_sec = 1000 + n } };
		put_blob(w, n);
		assert_blob(w->cache, n);
		entry_path(w, n, path);
		assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
	}
	assert_blob(w->cache, 1); /* used again just now */
	put_blob(w, 11);
	assert_blob(w->cache, 11);
	assert_true(has_entry(w, 1) && has_entry(w, 11) && has_entry(w, 10));
	assert_false(has_entry(w, 2));
	assert_true(entries_bytes(w->folder) <= 10 * ENTRY);
	for (unsigned n = 1; n <= 11; n++)
		assert_blob(w->cache, n);
	assert_true(entries_bytes(w->folder) <= 10 * ENTRY);
}

static void a_record_too_large_for_it_is_read_through(void **state)
{
	struct world *w = *state;

	use_limit(w, 2 * ENTRY);
	put_blob(w, 1);
	assert_blob(w->cache, 1);
	assert_blob(w->cache, 1);
	assert_int_equal(entries_bytes(w->folder), 0);
}

/* ---------------------------------------------------------------- what may happen */

static void it_may_be_deleted_while_it_is_read(void **state)
{
	struct world *w = *state;
	struct store_reader *r;
	uint8_t byte;
	char key[KEY_MAX];

	put_blob(w, 1);
	put_blob(w, 2);
	assert_blob(w->cache, 1);
	blob_key(1, key);
	assert_int_equal(store_get(w->cache, key, 0, &r, NULL), 0);
	scratch_folder_remove(w->folder);
	assert_int_equal(store_read(r, ENTRY - 1, &byte, 1, NULL), 0);
	assert_int_equal(byte, 1);
	store_reader_close(r);
	assert_blob(w->cache, 1);
	assert_blob(w->cache, 2);
	assert_true(has_entry(w, 1) && has_entry(w, 2));
}

static void a_folder_that_cannot_be_written_is_passed_by(void **state)
{
	struct world *w = *state;
	char path[SCRATCH_MAX + 16];
	int fd;

	/* A file where the folder should be: also root cannot write there. */
	snprintf(path, sizeof(path), "%s/file", w->folder);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	store_close(w->cache);
	assert_int_equal(store_cache_new(w->bucket, path, PLENTY, &w->cache, NULL), 0);
	put_blob(w, 1);
	assert_blob(w->cache, 1);
	assert_blob(w->cache, 1);
}

/* As far as a process can tell, a limit on its files is a full disk. */
static void a_full_disk_is_passed_by(void **state)
{
	struct world *w = *state;
	struct rlimit before, small;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = ENTRY / 2;
	signal(SIGXFSZ, SIG_IGN);
	put_blob(w, 1);
	put_blob(w, 2);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_blob(w->cache, 1);
	assert_blob(w->cache, 2);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(entries_bytes(w->folder), 0);
	use_limit(w, PLENTY);
	assert_blob(w->cache, 1);
	assert_true(has_entry(w, 1));
}

static void no_part_of_a_record_gets_its_name(void **state)
{
	struct world *w = *state;
	/* zllm.json, get, and then the read fails */
	struct store_fault_plan plan = { FAULT_FAIL, 4 };
	struct store *faulty;
	struct store_reader *r;
	char key[KEY_MAX];

	put_blob(w, 1);
	blob_key(1, key);
	store_close(w->cache);
	assert_int_equal(
		store_faulty_new(w->memory, plan, FAULT_KEEP_INNER, &faulty, NULL), 0);
	assert_int_equal(store_cache_new(faulty, w->folder, PLENTY, &w->cache, NULL), 0);
	assert_int_equal(store_get(w->cache, key, 0, &r, NULL), ERR_IO);
	assert_int_equal(entries_bytes(w->folder), 0);
	assert_blob(w->cache, 1);
	assert_true(has_entry(w, 1));
	store_close(w->cache);
	store_close(faulty);
	assert_int_equal(store_cache_new(w->bucket, w->folder, PLENTY, &w->cache, NULL),
	                 0);
}

/* ---------------------------------------------------------------- damage */

static void hint_base(void *ctx, const struct oid *oid, uint64_t size,
                      struct base_hints *out)
{
	const struct model_file *base = ctx;

	(void)oid;
	(void)size;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = base->oid;
	out->list[0].path = strdup("model.safetensors");
	out->count = 1;
}

static void push(struct world *w, const struct model_file *f,
                 const struct model_file *base)
{
	struct transfer t;
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path };
	struct upload_result result;
	struct err err = ERR_INIT;

	request.find_hints = base ? hint_base : NULL;
	request.ctx = (void *)(uintptr_t)base;
	assert_int_equal(transfer_init(&t, w->bucket, 2, &err), 0);
	t.cache = w->cache;
	if (upload_object(&t, &request, &result, &err))
		fail_msg("%s", err.text);
	assert_int_equal(result.deltas, base ? MODEL_TENSORS : 0);
	transfer_wipe(&t);
}

static bool comes_back(struct world *w, const struct model_file *f)
{
	struct model_file copy = model_file_of("", 0);
	struct buf bytes = BUF_INIT;
	struct transfer t;
	struct err err = ERR_INIT;
	int fd = open(copy.path, O_RDWR);

	assert_int_equal(transfer_init(&t, w->bucket, 2, &err), 0);
	t.cache = w->cache;
	int rc = download_object(
		&t,
		&(struct download_request){ .oid = f->oid, .size = f->size, .fd = fd },
		&err);
	bool same = !rc && buf_reserve(&bytes, f->size) &&
	            pread(fd, bytes.data, f->size, 0) == (ssize_t)f->size &&
	            memcmp(bytes.data, f->bytes.data, f->size) == 0;
	if (rc)
		print_message("%s\n", err.text);
	transfer_wipe(&t);
	close(fd);
	buf_wipe(&bytes);
	model_file_remove(&copy);
	return same;
}

typedef void damage_fn(int fd, off_t size);

static void turn_a_bit_of_the_head(int fd, off_t size)
{
	uint8_t byte;

	(void)size;
	assert_int_equal(pread(fd, &byte, 1, 20), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 20), 1);
}

static void turn_a_bit_of_a_frame(int fd, off_t size)
{
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, size / 2), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, size / 2), 1);
}

static void cut_it(int fd, off_t size)
{
	assert_int_equal(ftruncate(fd, size / 2), 0);
}

static void empty_it(int fd, off_t size)
{
	(void)size;
	assert_int_equal(ftruncate(fd, 0), 0);
}

/* A record of another blob, with all its sums right. */
static struct buf another;

static void become_another(int fd, off_t size)
{
	(void)size;
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, another.data, another.size, 0), another.size);
}

static int first_key(void *ctx, const struct store_entry *entry)
{
	strcpy(ctx, entry->key);
	return 1;
}

/* Takes a record of `f`, which is pushed into a store of its own. */
static void find_another(const struct model_file *f)
{
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path };
	struct upload_result result;
	struct store *s;
	struct transfer t;
	char key[KEY_MAX];

	assert_int_equal(store_memory_new(&s, NULL), 0);
	assert_int_equal(transfer_init(&t, s, 2, NULL), 0);
	assert_int_equal(upload_object(&t, &request, &result, NULL), 0);
	assert_int_equal(store_list(s, "blobs/", first_key, key, NULL), 1);
	buf_wipe(&another);
	assert_int_equal(store_get_all(s, key, 1 << 24, &another, NULL), 0);
	transfer_wipe(&t);
	store_close(s);
}

/* Does that to every entry; returns how many there were. */
static size_t damage_entries(const char *folder, damage_fn *damage)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	size_t count = 0;

	assert_non_null(dir);
	while ((d = readdir(dir))) {
		char path[PATH_MAX];
		struct stat st;
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		assert_int_equal(stat(path, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			count += damage_entries(path, damage);
			continue;
		}
		int fd = open(path, O_RDWR);
		damage(fd, st.st_size);
		close(fd);
		count++;
	}
	closedir(dir);
	return count;
}

static void damaged_entries_are_dropped_and_read_through(void **state)
{
	static damage_fn *const damages[] = { turn_a_bit_of_the_head,
		                              turn_a_bit_of_a_frame, cut_it, empty_it,
		                              become_another };
	struct world *w = *state;
	struct model_file base = model_file_make(2, 0, "");
	struct model_file tune = model_file_make(2, 1e-5f, "");
	struct model_file next = model_file_make(2, 2e-5f, "");
	struct model_file other = model_file_make(7, 0, "");
	struct buf bytes = BUF_INIT;
	widened_model_bytes(&bytes, &other.bytes);
	struct model_file wide = model_file_of(bytes.data, bytes.size);
	buf_wipe(&bytes);

	push(w, &base, NULL);
	push(w, &tune, &base); /* whose base comes into the cache */
	find_another(&other);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		uint64_t size = entries_bytes(w->folder);
		assert_int_equal(damage_entries(w->folder, damages[i]), MODEL_TENSORS);
		assert_true(comes_back(w, &tune)); /* and drops what is bad */
		assert_true(comes_back(w, &tune)); /* and keeps it anew */
		assert_int_equal(entries_bytes(w->folder), size);
		uint64_t before = gets(w);
		assert_true(comes_back(w, &tune));
		assert_int_equal(gets(w) - before, 1 + MODEL_TENSORS); /* no base */
	}
	damage_entries(w->folder, turn_a_bit_of_a_frame);
	push(w, &next, &base);
	assert_true(comes_back(w, &next));
	/* Another blob's of other sizes and frames, too. */
	find_another(&wide);
	damage_entries(w->folder, become_another);
	assert_true(comes_back(w, &next));
	assert_true(comes_back(w, &tune));
	buf_wipe(&another);
	model_file_remove(&other);
	model_file_remove(&wide);
	model_file_remove(&base);
	model_file_remove(&tune);
	model_file_remove(&next);
}

/* A bit that is turned on the way into the cache stays no longer than its first use. */
static void damage_on_the_way_in_does_not_stay(void **state)
{
	struct world *w = *state;
	struct model_file base = model_file_make(3, 0, "");
	struct model_file tune = model_file_make(3, 1e-5f, "");
	struct store *bucket = w->bucket;

	push(w, &base, NULL);
	push(w, &tune, &base);
	for (uint64_t nth = 1; nth < 30; nth++) {
		struct store_fault_plan plan = { FAULT_FLIP, nth };
		struct store *faulty;
		scratch_folder_remove(w->folder);
		store_close(w->cache);
		assert_int_equal(
			store_faulty_new(bucket, plan, FAULT_KEEP_INNER, &faulty, NULL),
			0);
		assert_int_equal(
			store_cache_new(faulty, w->folder, PLENTY, &w->cache, NULL), 0);
		/* Only what goes through the cache is flipped: so it comes back. */
		assert_true(comes_back(w, &tune));
		assert_true(comes_back(w, &tune));
		store_close(w->cache);
		store_close(faulty);
		assert_int_equal(
			store_cache_new(bucket, w->folder, PLENTY, &w->cache, NULL), 0);
	}
	model_file_remove(&base);
	model_file_remove(&tune);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
		CASE(a_record_is_fetched_once_also_by_the_next_process),
		CASE(deltas_manifests_and_what_is_missing_are_not_kept),
		CASE(many_threads_fetch_a_record_once),
		CASE(what_was_not_used_for_longest_goes_first),
		CASE(a_record_too_large_for_it_is_read_through),
		CASE(it_may_be_deleted_while_it_is_read),
		CASE(a_folder_that_cannot_be_written_is_passed_by),
		CASE(a_full_disk_is_passed_by),
		CASE(no_part_of_a_record_gets_its_name),
		CASE(damaged_entries_are_dropped_and_read_through),
		CASE(damage_on_the_way_in_does_not_stay),
	};

	return cmocka_run_group_tests_name("the cache of bases", tests, NULL, NULL);
}
