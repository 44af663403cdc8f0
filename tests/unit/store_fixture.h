/*
 * The kinds of stores we have, an empty one of a kind for each test, and the
 * words that tests of stores are written in.
 */
#ifndef ZLLM_TESTS_STORE_FIXTURE_H
#define ZLLM_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/folder/store_folder.h"
#include "index/store/s3/store_s3.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"
#include "index/store/store_memory.h"
#include "tests/unit/scratch_folder.h"
#include "tests/unit/store_faulty.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct store_folder_modes modes = { 0444, 0755 };

/* ---------------------------------------------------------------- the kinds */

struct fixture {
	struct store *store;
	char folder[SCRATCH_MAX]; /* "": none */
};

static inline struct store *make_memory(char folder[SCRATCH_MAX])
{
	struct store *s;

	(void)folder;
	return store_memory_new(&s, NULL) ? NULL : s;
}

static inline struct store *make_folder(char folder[SCRATCH_MAX])
{
	struct store *s;

	scratch_folder_new(folder);
	if (chmod(folder, 0755))
		return NULL;
	return store_folder_open(folder, &modes, &s, NULL) ? NULL : s;
}

static inline struct store *make_faulty(char folder[SCRATCH_MAX])
{
	const struct store_fault_plan none = { FAULT_NONE, 0 };
	struct store *inner = make_folder(folder), *s;

	return !inner || store_faulty_new(inner, none, 0, &s, NULL) ? NULL : s;
}

/* A prefix of its own in the bucket ZLLM_TEST_S3_BUCKET at ZLLM_TEST_S3_ENDPOINT, with
 * the keys of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
static inline struct store *make_s3(char folder[SCRATCH_MAX])
{
	const struct s3_keys keys = { getenv("AWS_ACCESS_KEY_ID"),
		                      getenv("AWS_SECRET_ACCESS_KEY"), NULL };
	struct s3_credentials *credentials;
	struct s3_keyring *keyring;
	struct timespec now;
	struct store *s;
	char prefix[64];

	(void)folder;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(prefix, sizeof(prefix), "unit/%lld-%ld-%d", (long long)now.tv_sec,
	         now.tv_nsec, (int)getpid());
	struct s3_options options = { .place.url = getenv("ZLLM_TEST_S3_ENDPOINT"),
		                      .place.region = "us-east-1",
		                      .place.bucket = getenv("ZLLM_TEST_S3_BUCKET"),
		                      .prefix = prefix,
		                      .http = { NULL, 32, 10, 30, true },
		                      .repeat_ms = 60000 };
	if (!keys.id || !keys.secret || !options.place.bucket ||
	    s3_credentials_new(&keys, 0, "the environment", &credentials, NULL) ||
	    s3_keyring_of(credentials, &keyring, NULL))
		return NULL;
	if (store_s3_open(&options, keyring, &s, NULL) == 0)
		return s;
	s3_keyring_close(keyring);
	return NULL;
}

enum { KIND_FOLDER, KIND_MEMORY, KIND_FAULTY, KIND_S3 };

static const struct kind {
	const char *name;
	struct store *(*make)(char folder[SCRATCH_MAX]);
} kinds[] = {
	{ "a store in a folder", make_folder },
	{ "a store in memory", make_memory },
	{ "a faulty store without faults", make_faulty },
	{ "a store in a bucket", make_s3 },
};

static inline int begin(void **state)
{
	const struct kind *kind = *state;
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->store = kind->make(f->folder);
	*state = f;
	return f->store ? 0 : -1;
}

static inline int end(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	if (f->folder[0])
		scratch_folder_remove(f->folder);
	free(f);
	return 0;
}

static inline struct store *store_of(void **state)
{
	return ((struct fixture *)*state)->store;
}

/* ---------------------------------------------------------------- words of the tests */

static inline void put(struct store *s, const char *key, const char *text)
{
	struct err err = ERR_INIT;

	int rc = store_put_all(s, key, text, strlen(text), &err);
	if (rc)
		fail_msg("put %s: %s", key, err.text);
	assert_int_equal(err.code, 0);
}

static inline void assert_value(struct store *s, const char *key, const char *text)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	int rc = store_get_all(s, key, 1 << 20, &b, &err);
	if (rc)
		fail_msg("get %s: %d %s", key, rc, err.text);
	assert_string_equal(buf_text(&b), text);
	buf_wipe(&b);
}

static inline void assert_absent(struct store *s, const char *key)
{
	struct store_reader *r = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(store_get(s, key, 0, &r, &err), 1);
	assert_null(r);
	assert_int_equal(err.code, 0);
}

/* Appends "key " for each. */
static inline int collect(void *ctx, const struct store_entry *entry)
{
	buf_addf(ctx, "%s ", entry->key);
	return 0;
}

static inline void assert_listing(struct store *s, const char *prefix, const char *keys)
{
	struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(store_list(s, prefix, collect, &b, &err), 0);
	assert_string_equal(buf_text(&b), keys);
	assert_int_equal(err.code, 0);
	buf_wipe(&b);
}

/* ---------------------------------------------------------------- running */

struct rule {
	const char *name;
	CMUnitTestFunction run;
};

#define RULE(f)       \
	{             \
#f, f \
	}
enum { RULES_MAX = 64 };

/* Runs each rule on a store of its own, of `kind`. The number that failed. */
static inline int run_rules(const struct kind *kind, const struct rule *rules, size_t n)
{
	struct CMUnitTest tests[RULES_MAX];

	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ rules[i].name, rules[i].run, begin, end,
			                        (void *)(uintptr_t)kind };
	return _cmocka_run_group_tests(kind->name, tests, n, NULL, NULL);
}

/* Runs each rule on a store of every kind. */
static inline int run_rules_on_all(const struct rule *rules, size_t n)
{
	int failed = 0;

	/* A bucket is there when the environment names one. */
	size_t count = getenv("ZLLM_TEST_S3_ENDPOINT") ? KIND_S3 + 1 : KIND_S3;

	for (size_t k = 0; k < count; k++)
		failed += run_rules(&kinds[k], rules, n);
	return failed;
}

#endif
