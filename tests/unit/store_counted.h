/*
 * A store for tests and benchmarks that counts what a bucket would be asked, in
 * front of any other. What costs a request: get (the bytes of `want` come with it),
 * a read of other bytes, commit, list, remove.
 * Thread rule: any thread may count and be counted.
 */
#ifndef ZLLM_STORE_COUNTED_H
#define ZLLM_STORE_COUNTED_H

#include <stdint.h>

struct err;
struct store;

struct store_counts {
	uint64_t gets, reads, puts, lists, removes; /* requests */
	uint64_t bytes_read;                        /* by gets and reads */
	unsigned peak; /* the most requests that were under way at once */
};

/* Counts over `inner`, which is not owned, and is to outlive it. The new one is
 * remote, and wants `inflight` requests at once. */
int store_counted_new(struct store *inner, unsigned inflight, struct store **out,
                      struct err *err);

struct store_counts store_counted_get(const struct store *s);
uint64_t store_counted_total(const struct store *s); /* requests of all kinds */
void store_counted_reset(struct store *s);

/* Each request takes this long, as a bucket's would. For benchmarks. */
void store_counted_delay(struct store *s, unsigned milliseconds);

/* From now on a get of a key that begins with `prefix` (which stays) waits until
 * `n` of them are under way at once, and after that no more: whoever asks for one
 * after the other waits in vain, and after 20 seconds gets ERR_IO. */
void store_counted_gather(struct store *s, const char *prefix, unsigned n);

#endif
