/* What the calls (s3_client.c), their requests (s3_request.c) and the judgement of answers
 * (s3_judge.c) share. */
#ifndef ZLLM_S3_CLIENT_PRIVATE_H
#define ZLLM_S3_CLIENT_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "index/store/s3/s3_client.h"

enum { S3_PREFIX_MAX = 512 }; /* bytes; a key of S3 has at most 1024 */

/* Constant once made, but for the atomics. */
struct s3_client {
	char *name, *prefix, *region, *bucket; /* owned */
	struct s3_endpoint endpoint;
	struct s3_demands demands; /* owned texts */
	struct http_client *http;
	struct s3_keyring *keyring; /* NULL: nothing is signed */
	unsigned repeat_ms;
	void (*trace)(void *ctx, const char *line);
	void *trace_ctx;
	_Atomic int64_t clock_offset; /* seconds that the server is ahead of us */
	atomic_bool reached;          /* it has answered before, */
	atomic_bool granted;          /* and done what it was asked to */
	atomic_bool wants_md5; /* it demands Content-MD5 of what is put: Object Lock */
};

enum s3_verdict {
	S3_ANSWER,      /* to the caller */
	S3_REPEAT,      /* may go well the next time */
	S3_WRONG_CLOCK, /* ours and the server's differ too much */
	S3_OLD_KEYS,    /* they were valid once, and are not any more */
	S3_WANTS_MD5,   /* the body's MD5 must stand beside it, if it is empty too */
	S3_REFUSED      /* for good */
};

/* s3_request.c: makes what is sent next for `call`, with the keys and the time of now.
 * call->why says why it cannot be. */
int s3_request_make(struct s3_client *c, struct s3_call *call);

/* Frees its fields, among which may be a token. */
void s3_request_wipe(struct s3_call *call);

/* Whether the call brings something to the service, and what it wants to see beside it is
 * wanted of this one too, without a body as with one. */
bool s3_request_puts(const struct s3_call *call);

/* Whether there is a new object after it, or an upload that becomes one: PutObject,
 * CopyObject, CreateMultipartUpload; not a part, and not the upload's end. */
bool s3_request_makes(const struct s3_call *call);

/* What the reply of `call` means; call->why says it in words when it is no answer. */
enum s3_verdict s3_judge(const struct s3_client *c, struct s3_call *call);

/* The pause that the server asks for; 0 when it names none. */
int64_t s3_retry_after_ms(const struct http_reply *r);

/* Adds to `err` how often and how long it was tried. */
void s3_say_tries(const struct s3_call *call, struct err *err);

#endif
