/*
 * One look over all entries, of all stores: a cache of 20 GB has some ten thousand.
 * Several processes may do so at once; an entry that is already gone does not matter.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "index/store/cache/store_cache_private.h"

enum {
	LEVELS = 3,        /* <store id>/<aa>/<blob id> */
	KEEP_PERCENT = 90, /* so that it is not done again at once */
	LOOKS = 16         /* another look after this part of the limit was added */
};

struct entry {
	char *path;
	uint64_t size; /* bytes */
	struct timespec used;
};

struct entries {
	struct entry *list;
	size_t count, room;
	uint64_t bytes;
	time_t now;
};

static void take(struct entries *e, const char *path, const struct stat *st)
{
	if (e->count == e->room) {
		size_t room = e->room ? 2 * e->room : 256;
		struct entry *list = realloc(e->list, room * sizeof(*list));
		if (!list)
			return;
		e->list = list;
		e->room = room;
	}
	char *copy = strdup(path);
	if (!copy)
		return;
	e->list[e->count++] = (struct entry){ copy, (uint64_t)st->st_size, st->st_mtim };
	e->bytes += (uint64_t)st->st_size;
}

static void look(struct entries *e, const char *folder, int level);

static void look_at(struct entries *e, const char *path, const char *name, int level)
{
	struct stat st;

	if (lstat(path, &st))
		return;
	if (S_ISDIR(st.st_mode) && level + 1 < LEVELS)
		look(e, path, level + 1);
	else if (S_ISREG(st.st_mode) && level + 1 == LEVELS)
		take(e, path, &st);
	else if (S_ISREG(st.st_mode) && !strncmp(name, CACHE_NEW, strlen(CACHE_NEW)) &&
	         e->now - st.st_mtime > CACHE_LEFTOVER_SECONDS)
		unlink(path);
}

static void look(struct entries *e, const char *folder, int level)
{
	DIR *dir = opendir(folder);
	const struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char path[PATH_MAX];
		if (d->d_name[0] == '.')
			continue;
		int n = snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		if (n > 0 && (size_t)n < sizeof(path))
			look_at(e, path, d->d_name, level);
	}
	if (dir)
		closedir(dir);
}

static int by_use(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

uint64_t store_cache_make_room(const char *folder, uint64_t limit, uint64_t more)
{
	struct entries e = { .now = time(NULL) };
	uint64_t keep = limit / 100 * KEEP_PERCENT;

	look(&e, folder, 0);
	if (e.list && (e.bytes > limit || more > limit - e.bytes)) {
		qsort(e.list, e.count, sizeof(*e.list), by_use);
		for (size_t i = 0;
		     i < e.count && (e.bytes > keep || more > keep - e.bytes); i++)
			if (!unlink(e.list[i].path) || errno == ENOENT)
				e.bytes -= e.list[i].size;
	}
	for (size_t i = 0; e.list && i < e.count; i++)
		free(e.list[i].path);
	free(e.list);
	if (e.bytes > limit)
		return 0;
	uint64_t left = limit - e.bytes;
	uint64_t pause = limit / LOOKS > more ? limit / LOOKS : more;
	return left < pause ? left : pause;
}
