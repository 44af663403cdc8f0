/*
 * A store in front of another that counts what is asked of it, so that a long run can be
 * held to a budget (index/work/budget.h) and says afterwards what it cost.
 *
 * Counted as requests: each verb that is called, each read that goes beyond what its get
 * fetched already, one more for each thousand keys of a listing, two for moving a value
 * aside where the store is remote (a copy, a delete), and one for each 8 MiB of a value
 * that is written there. That is what a bucket bills, but for what it was asked twice.
 * Counted as bytes: those that are read and written, whether or not a call succeeds.
 *
 * It is not of the inner store's kind: what asks for a folder's or a bucket's own features
 * is given the inner one. Threads: as any store.
 */
#ifndef ZLLM_STORE_METERED_H
#define ZLLM_STORE_METERED_H

struct budget;
struct err;
struct store;

/* `inner` and `budget` are the caller's and outlive it; closing it leaves them. */
int store_metered_new(struct store *inner, struct budget *budget, struct store **out,
                      struct err *err);

#endif
