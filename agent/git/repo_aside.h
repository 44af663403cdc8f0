/*
 * A bare repository beside the clone of the current directory, in $TMPDIR or /tmp, into which
 * something is fetched without touching the clone. The clone's own configuration holds in it,
 * for remotes, credentials and proxies. Those of killed processes go when the next is made
 * (index/work/temp_folder.h).
 *
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_REPO_ASIDE_H
#define ZLLM_REPO_ASIDE_H

#include "codec/common/buf.h"

struct err;
struct git_paths;
struct git_run_io;

struct repo_aside {
	struct buf folder; /* a path; "" while there is none */
	int lock;          /* says that we live */
	const char *root;  /* relative URLs begin here; not owned */
};

#define REPO_ASIDE_INIT        \
	{                      \
		BUF_INIT, -1, NULL \
	}

/* Makes it, empty. `paths` lives longer. The caller closes, also after an error. */
int repo_aside_open(struct repo_aside *a, const struct git_paths *paths, struct err *err);

/* Runs git in it with at most 16 words, ended by NULL; as git_run(). */
int repo_aside_run(const struct repo_aside *a, const char *const *words,
                   const struct git_run_io *io, int *status, struct err *err);

/* Puts a line at the end of its file `name`, which is made where there is none. */
int repo_aside_append(const struct repo_aside *a, const char *name, const char *line,
                      struct err *err);

/* Removes it. */
void repo_aside_close(struct repo_aside *a);

#endif
