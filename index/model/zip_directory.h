/*
 * The members of a zip archive, read strictly: its central directory at the end of the
 * file, and each member's own header, which must say the same. Source: PKWARE's
 * APPNOTE.TXT 6.3, with its 64-bit fields (4.3.14, 4.5.3) and data descriptors (4.3.9).
 *
 * Strict means: no comment of the archive, one disk, nothing encrypted or patched; the
 * directory lies right in front of its end record and is used up by its entries; members
 * do not overlap each other or the directory. Bytes that belong to no member may lie
 * anywhere else. What members hold is not looked at.
 */
#ifndef ZLLM_ZIP_DIRECTORY_H
#define ZLLM_ZIP_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum {
	ZIP_DIRECTORY_MAX = 100000000, /* bytes of a central directory */
	ZIP_START = 4                  /* bytes of a file by which one is recognised */
};

struct zip_member {
	uint64_t header_at; /* of its header, bytes of the file */
	uint64_t data_at;   /* of what it holds; 0 until zip_directory_open() */
	uint64_t size;      /* bytes of that, as they lie there */
	uint64_t end;       /* where the next header, or the directory, begins */
	bool stored;        /* neither compressed nor anything else */
	uint32_t crc;
	uint16_t flags, method;
	const uint8_t *name; /* in the directory; without a NUL at the end */
	size_t name_size;
};

struct zip_directory {
	struct zip_member *list; /* in order of header_at */
	size_t count;
	uint8_t *bytes; /* owned, as is the list */
};

#define ZIP_DIRECTORY_INIT    \
	{                     \
		NULL, 0, NULL \
	}

void zip_directory_wipe(struct zip_directory *d);

/* Whether a file may be an archive, by its first ZIP_START bytes. */
bool zip_directory_sniff(const uint8_t start[ZIP_START]);

/* Reads the directory of the file `fd` of `size` bytes. 0; 1 where it is not one that we
 * read; or ERR_IO, ERR_MISMATCH, ERR_NOMEM. */
int zip_directory_read(int fd, uint64_t size, struct zip_directory *out, struct err *err);

/* Reads the member's own header and fills data_at. 0; 1 where it does not say what the
 * directory says, or the member does not end before the next one begins; or as above. */
int zip_directory_open(int fd, struct zip_member *m, struct err *err);

#endif
