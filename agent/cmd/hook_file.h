/*
 * One file among git's hooks: whose it is, and what it can bear.
 *
 * A hook that asks what it is called, or where it lies, works only in its own place: the
 * dispatchers of hook managers do, and many that people write. Renamed it runs the checks
 * of another hook, or none, and says nothing.
 */
#ifndef ZLLM_HOOK_FILE_H
#define ZLLM_HOOK_FILE_H

#include <stdbool.h>

#include "codec/common/buf.h"

enum hook_author {
	HOOK_BY_NOBODY, /* there is no file */
	HOOK_BY_US,
	HOOK_BY_LFS, /* git-lfs's own, to the word; ours does its work */
	HOOK_BY_OTHERS,
};

struct hook_file {
	enum hook_author author;
	struct buf text; /* owned; its first MiB */
	bool executable; /* git runs it */
	bool calls_us;   /* a line of it, no comment, runs 'git zllm hook pre-push' */
	bool runs_lfs;   /* it runs git-lfs's part of a push itself */
	bool asks_name;  /* it works only under its own name and in its own folder */
};

#define HOOK_FILE_INIT                                               \
	{                                                            \
		HOOK_BY_NOBODY, BUF_INIT, false, false, false, false \
	}

/* The line by which our hook is known. */
#define HOOK_MARK \
	"# git-zllm: no push of commits whose LFS objects are not in the store.\n"

/* Reads `path`; what cannot be read is by nobody. `out` is wiped first. */
void hook_file_read(const char *path, struct hook_file *out);
void hook_file_wipe(struct hook_file *f);

/* Whether both are there and are the same text. */
bool hook_file_same(const struct hook_file *one, const struct hook_file *other);

/* Whether a line of `text` that is not a comment (of sh, YAML or TOML) runs our hook. */
bool hook_text_calls_us(const char *text);

#endif
