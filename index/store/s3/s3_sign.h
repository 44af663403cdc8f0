/*
 * AWS Signature Version 4: a request, keys and a time in, the fields that prove it
 * out. Pure: no clock, no I/O. (Source: AWS, "Signature Version 4 signing process"
 * and, for S3's own rules, "Authenticating Requests: Using the Authorization
 * Header". tests/unit/test_s3_sign.c has their published examples.)
 */
#ifndef ZLLM_S3_SIGN_H
#define ZLLM_S3_SIGN_H

#include <stdint.h>

#include "codec/common/buf.h"

enum { S3_DATE_MAX = 17, S3_FIELDS_MAX = 16 };

/* SHA-256 of no bytes. */
#define S3_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3_keys {
	const char *id;
	const char *secret;
	const char *token; /* of a session; NULL: none */
};

/* A field of the request; `name` in lower case. */
struct s3_field {
	const char *name, *value;
};

struct s3_to_sign {
	const char *method;
	const char *path;   /* as it is sent: s3_encode_path() */
	const char *query;  /* as it is sent: pairs sorted, s3_encode() on each side */
	const char *region;
	const char *service; /* "s3" */
	const char *payload; /* SHA-256 of the body, 64 digits */
	/* Those that are signed: "host", and all that begin with "x-amz-". In any
	 * order. */
	const struct s3_field *fields;
	unsigned field_count; /* at most S3_FIELDS_MAX */
};

/* 20150830T123600Z for seconds since 1970. */
void s3_date(int64_t time, char date[S3_DATE_MAX]);

/* Appends the value of "Authorization". `date` is that of the field x-amz-date,
 * which must be among `fields`, and the token too where there is one. `out` has
 * failed when memory ran out. */
void s3_sign(const struct s3_to_sign *what, const struct s3_keys *keys, const char *date,
             struct buf *out);

/* Appends `text` with all but A-Z a-z 0-9 - . _ ~ as %XX; s3_encode_path() keeps
 * '/' too. */
void s3_encode(const char *text, struct buf *out);
void s3_encode_path(const char *text, struct buf *out);

#endif
