/*
 * Commands that fail or die at every single point, over a real store: what the program
 * (points.c), its scenes and what lies between share.
 *
 *     scene   a start store, a command, and what must be true afterwards
 *     way     what happens at a point: enum way
 *     point   one process that does the command over a store of its own, made as the start
 *             store; the nth point of that way hits it. Then another process looks at what
 *             is there, does the command again, which has to complete, and looks once more
 *
 * The main process starts no thread, so that it may fork.
 */
#ifndef ZLLM_POINTS_H
#define ZLLM_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/where/store_url.h"

struct err;
struct lfs_config;
struct store;

enum way {
	WAY_FAILS,      /* a call of the store fails, and did nothing */
	WAY_UNANSWERED, /* it was done, and fails */
	WAY_BEFORE,     /* the process is killed before a call of the store */
	WAY_AFTER,      /* and when it was done */
	/* A folder: */
	WAY_SYSTEM,     /* killed before a system call that changes the disk */
	WAY_FULL,       /* from this one on the disk is full: ENOSPC */
	WAY_FULL_ONCE,  /* this one fails with ENOSPC */
	/* A bucket: */
	WAY_SENT,       /* killed when a piece of a request was sent */
	WAY_COME,       /* killed when an answer has come, and nobody has read it */
	WAYS
};

/* What a process tells, in memory that it shares with its parent. */
struct told {
	bool again;     /* it is the second that did the command */
	uint64_t calls; /* points of this way that it came by */
	bool ended;     /* the command did, and: */
	int rc;
	char text[1024];
	unsigned complete; /* a bit for each object of a push that was */
};

/* A command and its world. All functions but make_files() run in a process of their own. */
struct scene {
	const char *name;
	size_t world_size;
	void (*make_files)(void *world); /* may be NULL */
	void (*drop_files)(void *world); /* may be NULL */
	void (*make)(void *world, struct store *s); /* the start store, with its zllm.json */
	/* The command: 0 when it completed. */
	int (*act)(void *world, struct store *s, struct told *told, struct err *err);
	/* At once after each of the two: nothing that was acknowledged is lost. */
	void (*look)(void *world, struct store *s, const struct told *told);
	/* And when the second completed, and time has passed: all is as it would have been. */
	void (*settle)(void *world, struct store *s);
};

extern const struct scene scene_push, scene_repair, scene_gc, scene_recompact, scene_prune,
	scene_undelete;

/* ---------------------------------------------------------------- place.c: where stores lie */

enum { PLACE_MAX = 512 };

struct place {
	const char *bucket;      /* "s3://bucket/prefix", or NULL: a folder */
	char top[PLACE_MAX];     /* a folder of ours: start/ and, of a folder, now/ */
	char now[PLACE_MAX];     /* the store of this point, as a user would name it */
	struct lfs_config *config;
	uint64_t made;           /* stores so far */
};

/* Makes `top`. `bucket` is not copied. */
void place_begin(struct place *p, const char *bucket);
void place_end(struct place *p);

/* Names the store of the next point, and takes the last one away, if it is a folder. */
void place_next(struct place *p);

/* The start store of a scene, a folder, empty at first. */
struct store *place_make_start(struct place *p);
void place_drop_start(struct place *p);

/* Makes the store of this point like the start store. In a process of its own. */
void place_fill(struct place *p);

/* Opens it as a command does. */
struct store *place_open(const struct place *p);

/* ---------------------------------------------------------------- hits.c: system calls */

/* From now on the process's own calls count, and the nth is hit. 0: they only count. */
void hits_begin(enum way way, uint64_t nth);

/* Ends it: how many there were. */
uint64_t hits_end(void);

/* ---------------------------------------------------------------- sound.c */

/* I1 to I5: fsck reads all of the store, and finds nothing that hurts. Fails the test. */
void assert_nothing_hurts(struct store *s);

#endif
