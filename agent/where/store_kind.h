/*
 * The kinds of stores, one file each (agent/where/store_kind_<name>.c), and the list of
 * them. A row is all that is said of a kind: its URLs are parsed by it, its stores are
 * opened, made, trusted and examined by it. docs/hacking.md says how to add one.
 *
 * Thread rule: rows are constants; their functions may be called from any thread.
 */
#ifndef ZLLM_STORE_KIND_H
#define ZLLM_STORE_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct checkup;
struct err;
struct store;
struct store_context;
struct store_url;

enum { STORE_KIND_OPTIONS = 4 }; /* of one kind, at most */

/* NAME=value of a URL, beside repo=, which every kind has. */
struct store_kind_option {
	const char *name;
	/* It says to whom requests go ("endpoint"), so that a store is trusted with it
	 * (store_trust.h). One option of a kind at most. */
	bool leads;
};

/* What doctor says of a kind, beside what it says of any store. Each may be NULL. */
struct store_kind_doctor {
	/* How the store is reached, before it is opened. */
	void (*way)(struct checkup *c, const struct store_url *url,
	            const struct store_context *context);
	/* What an open store is like. */
	void (*like)(struct checkup *c, struct store *store,
	             const struct store_context *context);
	/* What may be in the way of reading and writing. Either may be a success; `write` is
	 * NULL where it was not tried. */
	void (*refusal)(struct checkup *c, const struct store_url *url,
	                const struct store_context *context, const struct err *read,
	                const struct err *write);
};

struct store_kind {
	/* ---- its URLs (store_url.h): SCHEME://PLACE; a bare PLACE is the first kind's */
	const char *scheme;  /* "s3" */
	const char *noun;    /* what a place is, for people: "bucket" */
	const char *place;   /* what stands for one in a usage: "bucket", "path" */
	const char *example; /* "s3://<bucket>" */
	/* A place is a path on this machine, and absolute where the scheme is in front:
	 * without it, it may begin at the root of a worktree or at $HOME. Otherwise it
	 * is a name that does not begin with a '/'. */
	bool is_path;
	struct store_kind_option options[STORE_KIND_OPTIONS + 1]; /* a NULL name ends */

	/* ---- who may use it */
	/* Why a repository may name any: "the operating system says ...". NULL: it may
	 * not, and open() calls store_trust_check(). */
	const char *guard;
	/* Who says who may write, where share() is NULL. */
	const char *writers;

	/* ---- a store. `name` is its path, or SCHEME://PLACE where a place is none, whose
	 * errors name it by themselves. */
	/* Opens the place, whatever is in it; nothing is made. ERR_MISSING: there is none. */
	int (*open)(const struct store_url *url, const char *name,
	            const struct store_context *context, struct store **out,
	            struct err *err);
	/* Makes the place, and is content with one that is there. NULL: it must exist. */
	int (*make)(const char *name, const struct store_context *context,
	            struct err *err);
	/* What to look at where there is no store: "is its disk mounted?". */
	const char *missing;
	/* Removes what a crash left more than `age` seconds ago, after open. Best effort; NULL:
	 * nothing is left, or the service removes it. */
	void (*sweep)(struct store *s, int64_t age);

	/* ---- init */
	/* `--shared`: the group may write to all that is in it; *left counts what belongs to
	 * others. NULL: there is no such thing. */
	int (*share)(const char *name, uint64_t *left, struct err *err);
	/* Says what a store that was made is like. NULL: nothing is to be said. */
	void (*tell)(const struct store *s);

	struct store_kind_doctor doctor;
};

/* All of them. The first is the kind of a place without a scheme. A new one is its file
 * and its name here. */
#define STORE_KINDS(row) row(folder) row(s3)

#define STORE_KIND_DECLARE(name) extern const struct store_kind store_kind_##name;
STORE_KINDS(STORE_KIND_DECLARE)

/* Kind number `i` of the list; NULL past its end. */
const struct store_kind *store_kind_at(size_t i);

/* The kind of the scheme that is `n` bytes at `scheme`, or NULL. */
const struct store_kind *store_kind_find(const char *scheme, size_t n);

#endif
