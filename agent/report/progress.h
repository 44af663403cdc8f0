/*
 * How far a long run is, for who watches it: on a terminal one line that is written over
 * itself, a few times a second; elsewhere a plain line every half minute. All commands show
 * it by this.
 *
 *     checking: 12.3 GB of 45.6 GB, 310.0 MB/s, 1 min 47 s left
 *     moving what nothing needs: 1200 of 45000, 310/s, 2 min 21 s left
 *
 * On standard error. Any thread may step; who prints something else calls
 * progress_clear() before.
 */
#ifndef ZLLM_PROGRESS_H
#define ZLLM_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "index/work/work_watch.h"

enum { PROGRESS_TEXT = 160 };

struct progress {
	const char *what; /* "checking" */
	enum work_unit unit;
	uint64_t total; /* in units; 0: not known */
	uint64_t done;
	uint64_t begun, told; /* milliseconds of budget_clock() */
	pthread_mutex_t lock;
	bool terminal, shown, quiet;
};

enum progress_way {
	PROGRESS_SHOWN,
	PROGRESS_QUIET /* says nothing: for --json */
};

/* `what` outlives it. */
void progress_begin(struct progress *p, const char *what, uint64_t total,
                    enum progress_way way);

/* Another part of the same run begins, at nothing. The same rules as for `what` above. */
void progress_next(struct progress *p, const char *what, enum work_unit unit,
                   uint64_t total);

/* So many more are done. */
void progress_step(struct progress *p, uint64_t more);

/* What tells `p` of the steps of a run, and of how far they are. */
struct work_watch progress_watch(struct progress *p);

/* Takes the line away from the terminal, so that another can be printed. */
void progress_clear(struct progress *p);

/* The line goes; `p` must not be used after. */
void progress_end(struct progress *p);

/* The line, as it is `milliseconds` after the beginning. Pure. */
void progress_line(const struct progress *p, uint64_t milliseconds,
                   char text[PROGRESS_TEXT]);

#endif
