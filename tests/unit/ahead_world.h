/* A repository, and a store that counts what it is asked. */
#ifndef ZLLM_TESTS_AHEAD_WORLD_H
#define ZLLM_TESTS_AHEAD_WORLD_H

#include <fcntl.h>

#include "tests/unit/git_sandbox.h"

#include "agent/git/git_paths.h"
#include "agent/git/lfs_config.h"
#include "index/blob/transfer.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "tests/unit/store_counted.h"

enum { FILES = 200, SIZE = 64 * 1024, INFLIGHT = 32, LARGE = 5 * 1024 * 1024 };

struct object {
	struct oid oid;
	uint64_t size;
};

/* A clone of FILES files that are in the store and not in git-lfs's storage. */
struct world {
	struct sandbox *sandbox;
	struct store *memory, *bucket;
	struct transfer transfer;
	struct lfs_config *config;
	struct git_paths paths;
	struct object objects[FILES];
	size_t count;
};

static inline void store_object(struct world *w, const void *bytes, size_t n,
                                struct object *out)
{
	struct upload_request request = { .size = n, .path = "object" };
	struct upload_result result;
	struct err err = ERR_INIT;
	struct transfer t;
	int fd = open("object", O_CREAT | O_TRUNC | O_WRONLY, 0600);

	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
	sha256_of(bytes, n, &request.oid);
	assert_int_equal(transfer_init(&t, w->memory, 1, &err), 0);
	if (upload_object(&t, &request, &result, &err))
		fail_msg("%s", err.text);
	transfer_wipe(&t);
	unlink("object");
	*out = (struct object){ request.oid, n };
}

static inline void write_pointer(const char *path, const struct object *o)
{
	char text[256], hex[SHA256_HEX + 1];

	oid_format(&o->oid, hex);
	snprintf(text, sizeof(text),
	         "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %llu\n",
	         hex, (unsigned long long)o->size);
	sandbox_write(path, text);
}

/* Object i of `size` bytes, as `path` in the worktree. */
static inline void add_file(struct world *w, const char *path, size_t size)
{
	uint8_t *bytes = malloc(size);
	struct object *o = &w->objects[w->count];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)((i * 2654435761u) >> 13 ^ w->count * 37);
	memcpy(bytes, &w->count, sizeof(w->count));
	store_object(w, bytes, size, o);
	free(bytes);
	write_pointer(path, o);
	w->count++;
}

static inline void open_repository(struct world *w)
{
	struct err err = ERR_INIT;

	assert_int_equal(lfs_config_read(&w->config, &err), 0);
	assert_int_equal(git_paths_find(w->config, &w->paths, &err), 0);
}

static inline int open_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	void *sandbox = NULL;

	if (sandbox_setup(&sandbox))
		return -1;
	w->sandbox = sandbox;
	*state = w;
	sandbox_git(w->sandbox, "init", "-q", "-b", "main", NULL);
	return store_memory_new(&w->memory, NULL) ||
	       store_counted_new(w->memory, INFLIGHT, &w->bucket, NULL) ||
	       transfer_init(&w->transfer, w->bucket, 2, NULL);
}

static inline int close_world(void **state)
{
	struct world *w = *state;
	void *sandbox = w->sandbox;

	git_paths_wipe(&w->paths);
	lfs_config_free(w->config);
	transfer_wipe(&w->transfer);
	store_close(w->bucket);
	store_close(w->memory);
	free(w);
	return sandbox_teardown(&sandbox);
}

static inline void add_small_files(struct world *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char path[64];
		snprintf(path, sizeof(path), "d%zu/f%zu.bin", i % 3, i);
		add_file(w, path, SIZE - i);
	}
	sandbox_git(w->sandbox, "add", ".", NULL);
	sandbox_git(w->sandbox, "commit", "-q", "-m", "Files", NULL);
	open_repository(w);
}

#endif
