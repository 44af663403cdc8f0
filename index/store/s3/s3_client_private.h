/* What the calls (s3_client.c) and the judgement of answers (s3_judge.c) share. */
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
	struct http_client *http;
	struct s3_keyring *keyring; /* NULL: nothing is signed */
	unsigned repeat_ms;
	void (*trace)(void *ctx, const char *line);
	void *trace_ctx;
	_Atomic int64_t clock_offset; /* seconds that the server is ahead of us */
	atomic_bool reached;          /* it has answered before */
	atomic_bool wants_md5;        /* it demands Content-MD5: Object Lock does */
};

enum s3_verdict {
	S3_ANSWER,      /* to the caller */
	S3_REPEAT,      /* may go well the next time */
	S3_WRONG_CLOCK, /* ours and the server's differ too much */
	S3_OLD_KEYS,    /* they held once, and do no more */
	S3_WANTS_MD5,   /* the body's MD5 must stand beside it */
	S3_REFUSED      /* for good */
};

/* What the reply of `call` means; call->why says it in words when it is no answer. */
enum s3_verdict s3_judge(const struct s3_client *c, struct s3_call *call);

/* The pause that the server asks for; 0 when it names none. */
int64_t s3_retry_after_ms(const struct http_reply *r);

/* Adds to `err` how often and how long it was tried. */
void s3_say_tries(const struct s3_call *call, struct err *err);

/* A clock that does not go back, suspends counted. */
int64_t s3_now_ms(void);

#endif
