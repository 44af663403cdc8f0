/* What the parts of the store in a bucket share. */
#ifndef ZLLM_STORE_S3_PRIVATE_H
#define ZLLM_STORE_S3_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>

#include "index/store/s3/s3_client.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

enum {
	S3_INFLIGHT = 32,
	S3_PART = 8 * 1024 * 1024,         /* bytes of a part, and of a range */
	S3_PARTS_MAX = 10000,              /* of one value, says S3 */
	S3_SMALL = 1024 * 1024,            /* bytes a writer may hold without a turn */
	S3_TURNS = 6,                      /* writers of large values at once */
	S3_SPARES = 6,                     /* buffers for parts beside their own */
	S3_BUFFERS = 2 * S3_TURNS + S3_SPARES, /* as many may be in use */
	S3_AHEAD = 4 * 1024 * 1024,        /* bytes that a reader fetches ahead */
	S3_AHEADS = 16,                    /* readers that may, at once */
	S3_ETAG_MAX = 160
};

/* Whether the service has PUT "if absent". */
enum s3_condition {
	S3_CONDITION_UNTRIED,
	S3_CONDITION_ASKED, /* one small PUT is under way to learn it */
	S3_CONDITION_TAKEN, /* as far as we know */
	S3_CONDITION_REFUSED
};

struct s3_store {
	struct store base;
	struct s3_client *client; /* owned */

	pthread_mutex_t lock; /* guards the rest */
	pthread_cond_t learned;
	enum s3_condition condition;
	pthread_cond_t freed;
	unsigned turns;  /* left for writers of large values */
	unsigned spares; /* buffers left for parts */
	unsigned aheads; /* buffers left for reading ahead */
	bool no_hints;   /* one was not taken: the others are spared */
	bool no_condition_at_end; /* uploads cannot be completed "if absent" */
	struct buf buffers[S3_BUFFERS]; /* of S3_PART bytes, not in use */
	unsigned buffer_count;
};

/* One version of a value, open for reading. */
struct s3_reader {
	struct store_reader base;
	struct s3_store *store;
	char key[KEY_MAX];
	char match[S3_ETAG_MAX + 16]; /* "If-Match: <etag>"; "" when there was no ETag */
	uint8_t *first;               /* the bytes that came with get() */
	size_t first_size;
	struct s3_ahead *ahead; /* owned */
};

/* store_s3_ranges.c: reads exactly `n` > 0 bytes within the value, several ranges at
 * once. */
int s3_read_ranges(struct s3_reader *r, uint64_t offset, uint8_t *buf, size_t n,
                   struct err *err);

/* The status and range of an answer are not what was asked for. */
int s3_odd_answer(const struct s3_reader *r, const struct s3_call *call, struct err *err);

/* "bytes 0-9/100"; `all` is the size of the value. */
bool s3_content_range(const struct http_reply *r, uint64_t *start, uint64_t *end,
                      uint64_t *all);

/* store_s3_ahead.c: small reads one after the other are served from larger ones. */
/* `next` is where a read goes on; UINT64_MAX: nowhere yet. NULL when memory ran out. */
struct s3_ahead *s3_ahead_new(struct s3_store *s, uint64_t next);
void s3_ahead_free(struct s3_ahead *a);            /* NULL is fine */
int s3_ahead_read(struct s3_reader *r, uint64_t offset, uint8_t *buf, size_t n,
                  struct err *err);

/* store_s3.c: whether `key` exists: 0; 1 when not; or negative. */
int s3_store_look(struct s3_store *s, const char *key, struct err *err);

/* The ETag of the version that the reader has open; "" when there was none. */
void s3_reader_etag(const struct s3_reader *r, char etag[S3_ETAG_MAX]);

/* store_s3_aside.c: the verb that moves out of sight. */
int s3_store_set_aside(struct store *s, const char *key, const char *trash,
                       struct err *err);

/* store_s3_left.c: the verbs of uploads that nobody ended. */
int s3_store_list_left(struct store *s, store_left_fn *each, void *ctx, struct err *err);
int s3_store_remove_left(struct store *s, const char *name, struct err *err);

/* store_s3_buffers.c: room for S3_PART bytes, with what *b held; false when memory ran
 * out. Buffers go from one value to the next: fresh pages for each byte that is sent
 * were a fifth of all the work. */
bool s3_buffer_take(struct s3_store *s, struct buf *b);
void s3_buffer_give(struct s3_store *s, struct buf *b); /* in place of buf_wipe() */
void s3_buffers_free(struct s3_store *s);

/* store_s3_write.c: whether the refusal of a call with If-None-Match may mean that the
 * service does not know such a condition: services say so by 400, 403 or 405, too. */
bool s3_condition_in_doubt(const struct s3_call *call);

/* store_s3_write.c, store_s3_list.c: the verbs put and list. */
int s3_store_put(struct store *s, const char *key, size_t head_size,
                 struct store_writer **out, struct err *err);
int s3_store_put_hint(struct store *s, const char *key, struct err *err);
int s3_store_list(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
                  struct err *err);

/* store_s3_parts.c: a value that goes in parts. Part 1 is the caller's to send last,
 * since it begins with the head; the others are begun in order. */
struct s3_upload;

int s3_upload_begin(struct s3_store *s, const char *key, struct s3_upload **out,
                    struct err *err);

/* Begins to send the bytes of *part, the next in order, and gives another empty buf
 * in its place. May wait until an earlier part is through. */
int s3_upload_part(struct s3_upload *u, struct buf *part, struct err *err);

/* Sends `last` (may be empty) and `first` (two pieces: the head, and what follows
 * it), waits for all, and makes the value visible unless its key exists. Ends the
 * upload, whatever it answers. 0; S3_UPLOAD_EXISTED; or negative. */
enum { S3_UPLOAD_EXISTED = 1 };
int s3_upload_commit(struct s3_upload *u, const struct http_piece first[2],
                     struct buf *last, struct err *err);

/* Ends it, and has the service drop what it took. NULL is fine. */
void s3_upload_abort(struct s3_upload *u);

#endif
