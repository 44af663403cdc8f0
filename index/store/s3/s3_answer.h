/*
 * What S3 says in XML: errors, pages of a listing, names of uploads; and STS. Everything is
 * bounded, and what is not understood is said to be so.
 */
#ifndef ZLLM_S3_ANSWER_H
#define ZLLM_S3_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { S3_CODE_MAX = 64, S3_WORDS_MAX = 256, S3_TOKEN_MAX = 4096, S3_KEY_MAX = 1025 };

/* <Error>: members that were not there are "". */
struct s3_error {
	char code[S3_CODE_MAX];
	char message[S3_WORDS_MAX]; /* printable, one line */
	char region[S3_CODE_MAX];
};

/* False when the text is no <Error>. */
bool s3_error_parse(const void *text, size_t size, struct s3_error *out);

struct s3_listed {
	const char *key; /* valid during the call */
	uint64_t size;   /* bytes */
	int64_t mtime;   /* seconds since 1970 */
};

struct s3_page {
	bool more;                /* ask again with: */
	char token[S3_TOKEN_MAX]; /* "" when there are no more */
};

/* Calls `each` for every key of a page of ListObjectsV2; non-zero ends it and is
 * returned. A key that does not fit S3_KEY_MAX is passed over. ERR_DAMAGED (-3)
 * when the text is no such page. */
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

/* "2026-11-26T17:30:04.000Z" as seconds since 1970; -1 when it is no such date. */
int64_t s3_time_parse(const char *text);

/* "Thu, 26 Nov 2026 17:30:04 GMT" (RFC 9110), the same. */
int64_t s3_http_date_parse(const char *text);

#endif
