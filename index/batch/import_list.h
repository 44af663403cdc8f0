/*
 * The names of what was imported: which files a model has, and which objects they are. A
 * list is an object itself, owned as these are, and so is copied, kept and collected as
 * they are (docs/store.md, "Imports").
 *
 *     git-zllm import 1
 *     model org/model
 *     revision 9c1f3e...                        (or: revision -)
 *     <oid> <bytes> <seconds> <path>
 *     ...
 *
 * Lines end in a newline; a path is relative, and what would not do in a line is escaped
 * as %XX. Which is newer is said by the files' times of change, `seconds` since 1970.
 * Nothing that is read is trusted: a path that leads out of its folder is not a list's.
 */
#ifndef ZLLM_IMPORT_LIST_H
#define ZLLM_IMPORT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"
#include "codec/common/sha256.h"

struct err;

enum {
	IMPORT_LIST_FILES = 4096,            /* a list has at most; more are another list */
	IMPORT_LIST_MAX = 1024 * 1024 - 1,   /* bytes: it travels in its manifest */
	IMPORT_PATH_MAX = 4095,              /* bytes, as it is */
	IMPORT_WORD_MAX = 255                /* of a model's name, of a revision */
};

struct import_entry {
	struct oid oid;
	uint64_t size;   /* bytes */
	int64_t seconds; /* since 1970 */
	char *path;      /* owned */
};

struct import_list {
	char model[IMPORT_WORD_MAX + 1];
	char revision[IMPORT_WORD_MAX + 1]; /* "": none */
	struct buf entries;                 /* of struct import_entry */
};

#define IMPORT_LIST_INIT         \
	{                        \
		"", "", BUF_INIT \
	}

void import_list_wipe(struct import_list *l);
size_t import_list_count(const struct import_list *l);
const struct import_entry *import_list_at(const struct import_list *l, size_t i);

/* Adds one; `path` is copied. 0; 1 where the list is full, or the path is not one that a
 * list can have; or ERR_NOMEM. */
int import_list_add(struct import_list *l, const struct import_entry *entry,
                    struct err *err);

/* Appends the bytes of a list. 0 or ERR_NOMEM. */
int import_list_format(const struct import_list *l, struct buf *out, struct err *err);

/* Reads `n` bytes that may be a list. 0; 1 where they are none: nothing of them is used;
 * or ERR_NOMEM. The caller wipes *out in any case. */
int import_list_parse(const uint8_t *bytes, size_t n, struct import_list *out,
                      struct err *err);

/* Whether a relative path stays below its folder: no "..", ".", empty part, NUL. */
bool import_path_is_safe(const char *path);

#endif
