/*
 * MD5 (RFC 1321): not an identity and not a proof, only what some services want to see
 * beside a body. Pure; any thread.
 */
#ifndef ZLLM_MD5_H
#define ZLLM_MD5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MD5_SIZE = 16, MD5_BASE64 = 24 };

struct md5_piece {
	const void *bytes;
	size_t size;
};

/* The hash of `count` pieces, one after the other, in base64 with a NUL; false when
 * memory ran out or MD5 is not to be had (FIPS). */
bool md5_base64(const struct md5_piece *pieces, size_t count, char text[MD5_BASE64 + 1]);

#endif
