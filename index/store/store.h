/*
 * A store: a flat space of keys over four verbs (get a range, put atomically,
 * list a prefix, remove), so that a folder and a bucket are the same thing.
 * docs/store.md says which keys there are, in which order they are written, and
 * why a crash at any point loses nothing.
 *
 * A key is a path of lower-case ASCII letters, digits and "/.~@-_" (store_keys.h
 * makes them); no segment is empty or begins with a dot, and the first is not
 * "tmp". A value appears whole or not at all, and is never altered in place.
 *
 * Many requests in flight: all verbs block, and all may be called from any
 * number of threads at once on one store. `inflight` says how many at once pay
 * off (a folder a few, a bucket 32); index/work/lanes.h is how callers do so.
 * Readers and writers end before their store is closed.
 */
#ifndef ZLLM_STORE_H
#define ZLLM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct store;

/* One version of one key, pinned while open: ranges read from it belong
 * together even when the key is replaced meanwhile. */
struct store_reader {
	const struct store_reader_ops *ops;
	uint64_t size; /* bytes of the value */
};

struct store_reader_ops {
	/* Reads exactly `n` bytes at `offset`; a value that ends before is
	 * ERR_DAMAGED. Any number of threads at once. */
	int (*read)(struct store_reader *r, uint64_t offset, void *buf, size_t n,
	            struct err *err);
	void (*close)(struct store_reader *r); /* and frees */
};

/* A value on its way in. Bytes are appended by write(); then exactly one of
 * commit() and abort() ends it and frees. One thread at a time. */
struct store_writer {
	const struct store_writer_ops *ops;
	bool *existed; /* of the caller, or NULL: commit() sets it where the key was there
	                * and its value stayed. Who relies on a value that he did not
	                * write looks at it: blob/record_check.h, manifest_mend.h */
};

struct store_writer_ops {
	int (*write)(struct store_writer *w, const void *bytes, size_t n,
	             struct err *err);
	/* Puts `head` (exactly as many bytes as put() was told) in front of all
	 * that was written, makes the value durable, and then visible under
	 * its key: when this returns 0, a power cut cannot take it away. When
	 * the key exists already the old value stays and this is 0 too: equal
	 * keys hold equal content. */
	int (*commit)(struct store_writer *w, const void *head, struct err *err);
	void (*abort)(struct store_writer *w);
};

/* What a listing says about a key. */
struct store_entry {
	const char *key; /* valid during the call only */
	uint64_t size;   /* bytes */
	int64_t mtime;   /* seconds since 1970 by the store's own clock */
	int64_t since;   /* the same, but no earlier than it was last put, moved or
	                  * restored here: ages count from it (index/store/store_clock.h) */
};

/* Called for each key; non-zero ends the listing, which then returns that. */
typedef int store_each_fn(void *ctx, const struct store_entry *entry);

enum { STORE_RESTORE_BY_COPY = 2 };

/* What a writer that was killed left in a store: no value, and in no listing. */
struct store_left {
	const char *name; /* for store_remove_left(), and for people; valid during the call */
	uint64_t size;    /* bytes; 0 where the store does not say */
	int64_t since;    /* when it was last touched, by the store's own clock */
};

typedef int store_left_fn(void *ctx, const struct store_left *left);

enum {
	STORE_LEFT_MAX = 2048,   /* bytes of the longest name of what is left, NUL included */
	STORE_STEP_LIMIT = 3600 /* seconds: a 24th of a day */
};

struct store_ops {
	/* Opens `key` for reading. `want` is how many bytes from the start the
	 * caller is about to read (0: none), so that a bucket fetches them with
	 * the same request. 0; 1 when there is no such key; or negative. */
	int (*get)(struct store *s, const char *key, size_t want,
	           struct store_reader **out, struct err *err);

	/* Begins a value. The first `head_size` bytes come last, at commit():
	 * a record's frame table is known only then. */
	int (*put)(struct store *s, const char *key, size_t head_size,
	           struct store_writer **out, struct err *err);

	/* Puts a value of no bytes that nothing relies on; see store_put_hint(). NULL:
	 * as any value. */
	int (*put_hint)(struct store *s, const char *key, struct err *err);

	/* Calls `each` for every key that begins with `prefix`, in byte order.
	 * Keys that are not ours are passed over. */
	int (*list)(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
	            struct err *err);

	/* Removes `key` durably. 0; 1 when there was no such key. */
	int (*remove)(struct store *s, const char *key, struct err *err);

	/* Moves what is at `key`, whatever it is, to `trash`, a key that was never used
	 * before. Durable when it returns 0; 1 when nothing is at `key`, or when that
	 * was replaced meanwhile. NULL: the store is for reading. */
	int (*set_aside)(struct store *s, const char *key, const char *trash,
	                 struct err *err);

	/* Gives `key` the value of `trash` unless it exists, durably; the entry stays.
	 * 0, also when it exists; 1 when there is no such entry; STORE_RESTORE_BY_COPY
	 * when the store has no quicker way than get and put, as where this is NULL. */
	int (*restore)(struct store *s, const char *trash, const char *key,
	               struct err *err);

	/* Calls `each` for all that killed writers left here, in any order; non-zero ends it.
	 * And takes one of these away, durably: 0; 1 when it is not there any more, or is not
	 * such a thing. Both NULL: nothing is ever left. */
	int (*list_left)(struct store *s, store_left_fn *each, void *ctx,
	                 struct err *err);
	int (*remove_left)(struct store *s, const char *name, struct err *err);

	/* Keeps some room for what must be written before anything can be freed, once the
	 * store's place is full. Best effort. NULL: its place is never full. */
	void (*keep_room)(struct store *s);

	void (*close)(struct store *s); /* and frees */
};

struct store {
	const struct store_ops *ops;
	unsigned inflight; /* requests at once that pay off, at least 1 */
	const char *name;  /* for messages: "/mnt/models"; owned by the store */
	bool remote;       /* each request takes a round trip: fetching ahead, and
	                    * keeping on the local disk what was fetched, pays off */
	unsigned name_max; /* bytes of the longest last part of a key that it takes,
	                    * where keys may be longer (store_keys.h); else 0 */
	unsigned step_limit; /* seconds after which setting aside is given up, where it
	                      * takes two steps: the key then stays, and what was copied
	                      * too (docs/store.md, "gc"). 0: STORE_STEP_LIMIT */
	bool keeps_versions; /* what was removed is kept as an older version, and goes on
	                      * taking room: known after the first store_remove() */
};

/* The verbs. The contracts are those of the operations above; in addition a
 * key or prefix that no store may hold is ERR_INPUT. */
int store_get(struct store *s, const char *key, size_t want, struct store_reader **out,
              struct err *err);
int store_put(struct store *s, const char *key, size_t head_size,
              struct store_writer **out, struct err *err);
int store_list(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
               struct err *err);
int store_remove(struct store *s, const char *key, struct err *err);
void store_close(struct store *s); /* NULL is fine */

/*
 * Takes what is at `key` out of sight: a value that is damaged, or a folder, link or
 * FIFO that somebody put there. It is not destroyed: it lies under `trash` (KEY_MAX bytes), a key made
 * here (store_keys.h), until a gc or a person takes it away. Durable when this returns 0,
 * and only then; killed before, it happened or did not, and nothing is lost either way.
 *
 * 0; 1 when nothing is at `key`, which is an answer: somebody else took it away, or
 * (in a bucket) replaced it meanwhile; ERR_INPUT for a key that is never set aside:
 * KEY_STORE_FILE, and what begins with trash/ or probe/.
 *
 * Between the caller's look at the value and this call another may have put a good one
 * in its place. So who sets a value aside looks at what it moved, under `trash`, and
 * where that is good gives it back by store_restore() before anything else.
 */
int store_set_aside(struct store *s, const char *key, char *trash, struct err *err);

/* Gives `key` the value that lies under `trash`, unless the key exists; the entry stays
 * in trash/. 0, also when the key exists; 1 when there is no such entry. */
int store_restore(struct store *s, const char *trash, const char *key, struct err *err);

/* The operations on what is left; a store without them has nothing. */
int store_list_left(struct store *s, store_left_fn *each, void *ctx, struct err *err);
int store_remove_left(struct store *s, const char *name, struct err *err);

/* The operation: a collection that ended, and whoever makes a store, see to it. */
void store_keep_room(struct store *s);

/* The name under which the value of `key` would be set aside: `trash` (KEY_MAX bytes) was
 * never used before. ERR_INPUT for a key that is never set aside. */
int store_trash_name(struct store *s, const char *key, char *trash, struct err *err);

/* store_set_aside() to a name that the caller made: for stores before others. */
int store_move_aside(struct store *s, const char *key, const char *trash,
                     struct err *err);

int store_read(struct store_reader *r, uint64_t offset, void *buf, size_t n,
               struct err *err);
void store_reader_close(struct store_reader *r); /* NULL is fine */

int store_write(struct store_writer *w, const void *bytes, size_t n, struct err *err);
int store_commit(struct store_writer *w, const void *head, struct err *err);
void store_abort(struct store_writer *w); /* NULL is fine */

/* Whole small values at once. store_get_all() reads at most `max` bytes
 * (ERR_DAMAGED when the value is larger) and appends them to `out`;
 * 1 when there is no such key. */
struct buf;
int store_put_all(struct store *s, const char *key, const void *bytes, size_t n,
                  struct err *err);
int store_get_all(struct store *s, const char *key, size_t max, struct buf *out,
                  struct err *err);

/* Puts a hint: a value of no bytes that helps when it is there, and that nothing relies
 * on. A store that does not take it soon is not asked for long: a bucket is for a few
 * seconds, and after a failure the hints that follow fail at once. */
int store_put_hint(struct store *s, const char *key, struct err *err);

#endif
