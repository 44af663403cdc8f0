/*
 * Every call takes a number when it begins; the plan says what happens to the
 * one with number nth. All else goes through to the inner store.
 */
#include "tests/unit/store_faulty.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/store.h"

struct faulty {
	struct store base;
	struct store *inner;
	struct store_fault_plan plan;
	unsigned flags;
	atomic_uint_fast64_t calls;
	atomic_uint inside; /* calls that have begun and not ended */
	atomic_uint peak;
	atomic_uint delay; /* milliseconds */
};

struct faulty_reader {
	struct store_reader base;
	struct faulty *store;
	struct store_reader *inner;
};

struct faulty_writer {
	struct store_writer base;
	struct faulty *store;
	struct store_writer *inner;
};

static void wait_for(unsigned milliseconds)
{
	struct timespec left = { milliseconds / 1000,
		                 (long)(milliseconds % 1000) * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/* What is to happen to the call that begins now. */
static enum store_fault call_begin(struct faulty *f)
{
	uint64_t number = atomic_fetch_add(&f->calls, 1) + 1;
	unsigned inside = atomic_fetch_add(&f->inside, 1) + 1;
	unsigned peak = atomic_load(&f->peak);

	while (peak < inside && !atomic_compare_exchange_weak(&f->peak, &peak, inside))
		;
	unsigned delay = atomic_load(&f->delay);
	if (delay)
		wait_for(delay);
	bool hit = number == f->plan.nth ||
	           (f->plan.fault == FAULT_CRASH && number > f->plan.nth);
	if (hit && f->plan.fault == FAULT_KILL)
		kill(getpid(), SIGKILL);
	return hit ? f->plan.fault : FAULT_NONE;
}

static void call_end(struct faulty *f, enum store_fault fault)
{
	if (fault == FAULT_KILL_AFTER)
		kill(getpid(), SIGKILL);
	atomic_fetch_sub(&f->inside, 1);
}

/* Whether the call fails without having been made. */
static bool prevents(enum store_fault fault)
{
	return fault == FAULT_FAIL || fault == FAULT_SHORT || fault == FAULT_CRASH;
}

static int injected(enum store_fault fault, const char *verb, struct err *err)
{
	switch (fault) {
	case FAULT_LOSE_REPLY:
		return err_set(err, ERR_IO, "injected: the reply to %s was lost", verb);
	case FAULT_CRASH:
		return err_set(err, ERR_IO, "injected: crashed at or before %s", verb);
	default:
		return err_set(err, ERR_IO, "injected: %s failed", verb);
	}
}

static int faulty_read(struct store_reader *reader, uint64_t offset, void *buf, size_t n,
                       struct err *err)
{
	struct faulty_reader *r = (struct faulty_reader *)reader;
	enum store_fault fault = call_begin(r->store);
	int rc;

	if (fault == FAULT_SHORT)
		rc = err_set(err, ERR_DAMAGED, "injected: short read at %llu",
		             (unsigned long long)offset);
	else if (prevents(fault))
		rc = injected(fault, "read", err);
	else
		rc = store_read(r->inner, offset, buf, n, err);
	if (!rc && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "read", err);
	/* In the middle, where neither a head nor a tail check sees it first. */
	if (!rc && fault == FAULT_FLIP && n)
		((uint8_t *)buf)[n / 2] ^= 0x10;
	call_end(r->store, fault);
	return rc;
}

static void faulty_reader_close(struct store_reader *reader)
{
	struct faulty_reader *r = (struct faulty_reader *)reader;

	store_reader_close(r->inner);
	free(r);
}

static const struct store_reader_ops faulty_reader_ops = {
	.read = faulty_read,
	.close = faulty_reader_close,
};

static int faulty_get(struct store *s, const char *key, size_t want,
                      struct store_reader **out, struct err *err)
{
	struct faulty *f = (struct faulty *)s;
	struct faulty_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_nomem(err, "a reader");
	enum store_fault fault = call_begin(f);
	int rc = prevents(fault) ? injected(fault, "get", err)
	                         : store_get(f->inner, key, want, &r->inner, err);
	if (rc >= 0 && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "get", err);
	if (!rc && r->inner) {
		r->base = (struct store_reader){ &faulty_reader_ops, r->inner->size };
		r->store = f;
		*out = &r->base;
	} else {
		faulty_reader_close(&r->base);
	}
	call_end(f, fault);
	return rc;
}

static int faulty_write(struct store_writer *writer, const void *bytes, size_t n,
                        struct err *err)
{
	struct faulty_writer *w = (struct faulty_writer *)writer;
	enum store_fault fault = call_begin(w->store);

	int rc = prevents(fault) ? injected(fault, "write", err)
	                         : store_write(w->inner, bytes, n, err);
	if (!rc && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "write", err);
	call_end(w->store, fault);
	return rc;
}

static int commit_inner(struct faulty_writer *w, const void *head, struct err *err)
{
	w->inner->existed = w->base.existed;
	return store_commit(w->inner, head, err);
}

/* A commit that is prevented still ends the writer: by the inner abort(). */
static int faulty_commit(struct store_writer *writer, const void *head, struct err *err)
{
	struct faulty_writer *w = (struct faulty_writer *)writer;
	enum store_fault fault = call_begin(w->store);
	int rc;

	if (prevents(fault)) {
		store_abort(w->inner);
		rc = injected(fault, "commit", err);
	} else {
		rc = commit_inner(w, head, err);
	}
	if (!rc && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "commit", err);
	call_end(w->store, fault);
	free(w);
	return rc;
}

static void faulty_abort(struct store_writer *writer)
{
	struct faulty_writer *w = (struct faulty_writer *)writer;

	enum store_fault fault = call_begin(w->store);

	store_abort(w->inner);
	call_end(w->store, fault);
	free(w);
}

static const struct store_writer_ops faulty_writer_ops = {
	.write = faulty_write,
	.commit = faulty_commit,
	.abort = faulty_abort,
};

static int faulty_put(struct store *s, const char *key, size_t head_size,
                      struct store_writer **out, struct err *err)
{
	struct faulty *f = (struct faulty *)s;
	struct faulty_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_nomem(err, "a writer");
	enum store_fault fault = call_begin(f);
	int rc = prevents(fault) ? injected(fault, "put", err)
	                         : store_put(f->inner, key, head_size, &w->inner, err);
	if (!rc && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "put", err);
	if (!rc) {
		w->base.ops = &faulty_writer_ops;
		w->store = f;
		*out = &w->base;
	} else {
		store_abort(w->inner);
		free(w);
	}
	call_end(f, fault);
	return rc;
}

static int faulty_list(struct store *s, const char *prefix, store_each_fn *each,
                       void *ctx, struct err *err)
{
	struct faulty *f = (struct faulty *)s;
	enum store_fault fault = call_begin(f);

	int rc = prevents(fault) ? injected(fault, "list", err)
	                         : store_list(f->inner, prefix, each, ctx, err);
	if (!rc && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "list", err);
	call_end(f, fault);
	return rc;
}

static int faulty_remove(struct store *s, const char *key, struct err *err)
{
	struct faulty *f = (struct faulty *)s;
	enum store_fault fault = call_begin(f);

	int rc = prevents(fault) ? injected(fault, "remove", err)
	                         : store_remove(f->inner, key, err);
	if (rc >= 0 && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "remove", err);
	call_end(f, fault);
	return rc;
}

static int faulty_set_aside(struct store *s, const char *key, const char *trash,
                            struct err *err)
{
	struct faulty *f = (struct faulty *)s;
	enum store_fault fault = call_begin(f);

	int rc = prevents(fault) ? injected(fault, "set aside", err)
	                         : store_move_aside(f->inner, key, trash, err);
	if (rc >= 0 && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "set aside", err);
	call_end(f, fault);
	return rc;
}

static int faulty_restore(struct store *s, const char *trash, const char *key,
                          struct err *err)
{
	struct faulty *f = (struct faulty *)s;
	enum store_fault fault = call_begin(f);

	int rc = prevents(fault) ? injected(fault, "restore", err)
	                         : store_restore(f->inner, trash, key, err);
	if (rc >= 0 && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "restore", err);
	call_end(f, fault);
	return rc;
}

static int faulty_list_left(struct store *s, store_left_fn *each, void *ctx,
                            struct err *err)
{
	struct faulty *f = (struct faulty *)s;
	enum store_fault fault = call_begin(f);

	int rc = prevents(fault) ? injected(fault, "list", err)
	                         : store_list_left(f->inner, each, ctx, err);
	call_end(f, fault);
	return rc;
}

static int faulty_remove_left(struct store *s, const char *name, struct err *err)
{
	struct faulty *f = (struct faulty *)s;
	enum store_fault fault = call_begin(f);

	int rc = prevents(fault) ? injected(fault, "remove", err)
	                         : store_remove_left(f->inner, name, err);
	if (rc >= 0 && fault == FAULT_LOSE_REPLY)
		rc = injected(fault, "remove", err);
	call_end(f, fault);
	return rc;
}

static void faulty_close(struct store *s)
{
	struct faulty *f = (struct faulty *)s;

	if (!(f->flags & FAULT_KEEP_INNER))
		store_close(f->inner);
	free(f);
}

static const struct store_ops faulty_ops = {
	.get = faulty_get,
	.put = faulty_put,
	.list = faulty_list,
	.remove = faulty_remove,
	.set_aside = faulty_set_aside,
	.restore = faulty_restore,
	.list_left = faulty_list_left,
	.remove_left = faulty_remove_left,
	.close = faulty_close,
};

int store_faulty_new(struct store *inner, struct store_fault_plan plan, unsigned flags,
                     struct store **out, struct err *err)
{
	if (flags & ~(unsigned)FAULT_KEEP_INNER)
		return err_set(err, ERR_INPUT, "unknown flags 0x%x", flags);
	struct faulty *f = calloc(1, sizeof(*f));
	if (!f)
		return err_nomem(err, "a faulty store");
	f->base = *inner; /* its name, whether it is remote, how long its names may be */
	f->base.ops = &faulty_ops;
	f->inner = inner;
	f->plan = plan;
	f->flags = flags;
	*out = &f->base;
	return 0;
}

uint64_t store_faulty_calls(const struct store *s)
{
	return atomic_load(&((const struct faulty *)s)->calls);
}

unsigned store_faulty_peak(const struct store *s)
{
	return atomic_load(&((const struct faulty *)s)->peak);
}

void store_faulty_delay(struct store *s, unsigned milliseconds)
{
	atomic_store(&((struct faulty *)s)->delay, milliseconds);
}
