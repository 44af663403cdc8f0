/*
 * What S3 says in XML: errors, pages of a listing, names of uploads; and STS. Everything is
 * bounded, and what is not understood is said to be so.
 */
#ifndef ZLLM_S3_ANSWER_H
#define ZLLM_S3_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { S3_CODE_MAX = 64, S3_WORDS_MAX = 512, S3_TOKEN_MAX = 4096, S3_KEY_MAX = 1025 };

/* <Error>: members that were not there are "". */
struct s3_error {
	char code[S3_CODE_MAX];
	char message[S3_WORDS_MAX]; /* printable, one line; cut where it is longer */
	char region[S3_CODE_MAX];
};

/* False when the text is not an <Error>. Of plain text or JSON, as gateways answer, the
 * beginning is the message then. */
bool s3_error_parse(const void *text, size_t size, struct s3_error *out);

struct s3_listed {
	const char *key; /* as it stands there; valid during the call */
	uint64_t size;   /* bytes */
	int64_t mtime;   /* seconds since 1970 */
};

/* What a page says of itself, wherever in it. */
struct s3_page {
	bool encoded;             /* <EncodingType>url</EncodingType> */
	bool more;                /* ask again with: */
	char token[S3_TOKEN_MAX]; /* of version 2; "" when there is none */
	bool by_marker;           /* it is of version 1, though 2 was asked for: */
	char marker[S3_KEY_MAX];  /* <NextMarker>; "": the last key */
};

/* Calls `each` for every key of a page of ListObjectsV2, or of ListObjects where the
 * service knows no other; *out is whole before the first call. Non-zero ends it and is
 * returned. A key that does not fit S3_KEY_MAX is passed over. ERR_DAMAGED (-3) when the
 * text is not such a page. */
int s3_page_parse(const void *text, size_t size,
                  int (*each)(void *ctx, const struct s3_listed *key), void *ctx,
                  struct s3_page *out);

/* The <UploadId> of InitiateMultipartUploadResult; false when there is none. */
bool s3_upload_id_parse(const void *text, size_t size, char *id, size_t room);

enum { S3_KEY_ID_MAX = 256, S3_SESSION_TOKEN_MAX = 20 * 1024 };

/* The <Credentials> that AWS STS gives out. All of it is secret: the caller wipes. */
struct s3_session {
	char id[S3_KEY_ID_MAX], secret[S3_KEY_ID_MAX], token[S3_SESSION_TOKEN_MAX];
	int64_t expires; /* seconds since 1970 */
};

/* False when a member is missing, or does not fit. */
bool s3_session_parse(const void *text, size_t size, struct s3_session *out);

/* "2026-11-26T17:30:04.000Z" as seconds since 1970, "+01:00" in place of Z too; -1 when it
 * is not such a date. */
int64_t s3_time_parse(const char *text);

/* "Thu, 26 Nov 2026 17:30:04 GMT" (RFC 9110), the same. */
int64_t s3_http_date_parse(const char *text);

#endif
