/*
 * Calls to one bucket: signed, sent, and repeated as long as that may help.
 *
 *     s3_start(c, &call);  ...  rc = s3_finish(c, &call, err);
 *
 * Any number of calls may be under way at once. s3_finish() waits for one, judges
 * the answer, and where it may be repeated (server errors, SlowDown, time-outs,
 * connections that broke, damaged bodies) does so after a pause that grows, with
 * full jitter (source: AWS Architecture Blog, "Exponential Backoff And Jitter"), or
 * that the server named (Retry-After), until the time for repeats is over.
 * All other refusals are errors with a sentence that says what to do.
 */
#ifndef ZLLM_S3_CLIENT_H
#define ZLLM_S3_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "codec/common/err.h"
#include "index/store/s3/http_client.h"
#include "index/store/s3/s3_answer.h"
#include "index/store/s3/s3_credentials.h"
#include "index/store/s3/s3_demands.h"
#include "index/store/s3/s3_endpoint.h"

struct s3_client;

/* In every sentence about a permission that is lacking: a bucket that demands something of
 * requests refuses those without it so, too. */
#define S3_LACKING "lacks the permission"

struct s3_options {
	struct s3_place place;
	const char *prefix; /* of all keys: "" or "team/a", without slashes at its ends */
	struct s3_demands demands; /* what goes with every request of its kind */
	struct http_options http;
	unsigned repeat_ms; /* how long a call that fails is repeated */
	/* Told of every request that ended: "GET zllm.json: 200, 52 bytes, 3 ms". Any
	 * thread. NULL: nobody is. */
	void (*trace)(void *ctx, const char *line);
	void *trace_ctx;
};

/* Takes over `keyring` when it succeeds; NULL: requests are not signed. No request
 * is made. */
int s3_client_new(const struct s3_options *options, struct s3_keyring *keyring,
                  struct s3_client **out, struct err *err);
void s3_client_free(struct s3_client *c); /* NULL is fine */

/* "s3://bucket/prefix" */
const char *s3_client_name(const struct s3_client *c);

/* The prefix with its slash, as it stands in front of every key. */
const char *s3_client_prefix(const struct s3_client *c);

/* Appends "/bucket/prefix/key", encoded, as x-amz-copy-source names a key. */
void s3_client_copy_source(const struct s3_client *c, const char *key, struct buf *out);

/* Statuses that are answers to the caller, and not failures. */
enum {
	S3_OR_ABSENT = 1,    /* 404, unless it is the bucket that is missing */
	S3_OR_CHANGED = 2,   /* 412 */
	S3_OR_NO_RANGE = 4,  /* 416 */
	S3_OR_NO_SUPPORT = 8, /* 501: the service does not know such a request */
	S3_OR_CONFLICT = 16  /* 409: another does the same in this moment */
};

enum {
	S3_CALL_FIELDS = 3,
	S3_FIELD_MAX = 256,
	S3_OWN_FIELDS = 6 + S3_DEMANDS /* that the client adds */
};

struct s3_call {
	/* What is asked; zeroed, then filled, by the caller. Stays until finish. */
	const char *method;
	const char *key;        /* below the prefix; NULL: the bucket itself */
	const char *query;      /* sorted and encoded (s3_sign.h); NULL: none */
	const char *permission; /* what it takes, for messages: "s3:GetObject" */
	const char *fields[S3_CALL_FIELDS]; /* "Range: bytes=0-1"; signed: "x-amz-..." */
	struct http_piece body[HTTP_PIECES_MAX];
	unsigned pieces;
	void *into; /* as in http_client.h */
	size_t room;
	size_t body_max;
	unsigned answers;   /* S3_OR_... that count as answers */
	unsigned repeat_ms; /* other than the client's; 0: as the client */
	int64_t not_after_ms; /* by term_now(): no try is begun after it, nor waited for;
	                       * 0: no such limit */
	bool patient;     /* as in http_client.h; and a 200 may hold an <Error> */

	/* What came; s3_call_wipe() frees. */
	struct http_reply *reply;
	int status;   /* of the answer */
	bool refused; /* another try would end the same way */

	/* The client's. */
	struct http_exchange x;
	struct s3_credentials *keys;
	struct buf url, fields_text;
	const char *lines[S3_CALL_FIELDS + S3_OWN_FIELDS + 1];
	char payload[65], amz_date[17];
	unsigned tries;
	int64_t first_ms, begun_ms, repeat_until_ms;
	bool clock_corrected, keys_renewed, under_way, with_md5;
	struct err why; /* what the last try came to */
};

void s3_start(struct s3_client *c, struct s3_call *call);

/* 0 when call->status is an answer: 2xx, or one that `answers` names; else a code
 * and its sentence. */
int s3_finish(struct s3_client *c, struct s3_call *call, struct err *err);

/* The two in one. */
int s3_call(struct s3_client *c, struct s3_call *call, struct err *err);

/* Frees what the call holds; waits for it first when it is still under way. */
void s3_call_wipe(struct s3_call *call);

#endif
