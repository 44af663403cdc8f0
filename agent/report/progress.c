#include "agent/report/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/report/duration_text.h"
#include "agent/report/report.h"
#include "agent/report/size_text.h"
#include "index/work/budget.h"

/* Of things: what has room in a text. */
#define COUNT_MAX ((uint64_t)999999999999)

enum {
	REDRAW_MS = 200,      /* between two looks of a line on a terminal */
	PLAIN_MS = 30 * 1000, /* between two plain lines */
	RATE_FROM_MS = 1000   /* before that a rate says nothing */
};

void progress_begin(struct progress *p, const char *what, uint64_t total,
                    enum progress_way way)
{
	*p = (struct progress){ .what = what, .total = total };
	p->begun = p->told = budget_clock();
	p->terminal = isatty(STDERR_FILENO);
	p->quiet = way == PROGRESS_QUIET;
	pthread_mutex_init(&p->lock, NULL);
}

void progress_next(struct progress *p, const char *what, enum work_unit unit,
                   uint64_t total)
{
	pthread_mutex_lock(&p->lock);
	p->what = what;
	p->unit = unit;
	p->total = total;
	p->done = 0;
	p->begun = budget_clock();
	pthread_mutex_unlock(&p->lock);
}

static void watch_step(void *ctx, const char *what, enum work_unit unit, uint64_t total)
{
	progress_next(ctx, what, unit, total);
}

static void watch_came(void *ctx, uint64_t more)
{
	progress_step(ctx, more);
}

struct work_watch progress_watch(struct progress *p)
{
	return (struct work_watch){ watch_step, watch_came, p };
}

static void amount_format(const struct progress *p, uint64_t amount, char text[SIZE_TEXT])
{
	if (p->unit == WORK_BYTES)
		size_format(amount, text);
	else
		snprintf(text, SIZE_TEXT, "%" PRIu64,
		         amount < COUNT_MAX ? amount : COUNT_MAX);
}

void progress_line(const struct progress *p, uint64_t milliseconds,
                   char text[PROGRESS_TEXT])
{
	char done[SIZE_TEXT], total[SIZE_TEXT], rate[SIZE_TEXT], left[DURATION_TEXT];
	double speed = milliseconds >= RATE_FROM_MS
	                       ? (double)p->done * 1000 / (double)milliseconds
	                       : 0;
	int n;

	amount_format(p, p->done, done);
	amount_format(p, p->total, total);
	n = p->total > p->done
	            ? snprintf(text, PROGRESS_TEXT, "%s: %s of %s", p->what, done, total)
	            : snprintf(text, PROGRESS_TEXT, "%s: %s", p->what, done);
	if (speed < 1 || n < 0 || n >= PROGRESS_TEXT)
		return;
	amount_format(p, (uint64_t)speed, rate);
	n += snprintf(text + n, (size_t)(PROGRESS_TEXT - n), ", %s/s", rate);
	if (p->total <= p->done || n >= PROGRESS_TEXT)
		return;
	duration_format((uint64_t)((double)(p->total - p->done) / speed), left);
	snprintf(text + n, (size_t)(PROGRESS_TEXT - n), ", %s left", left);
}

/* Under the lock. */
static void show(struct progress *p, uint64_t now)
{
	char text[PROGRESS_TEXT];

	p->told = now;
	progress_line(p, now - p->begun, text);
	if (p->terminal)
		report_status(text);
	else
		report_note("%s", text);
	p->shown = p->terminal;
}

void progress_step(struct progress *p, uint64_t more)
{
	uint64_t now = budget_clock();

	pthread_mutex_lock(&p->lock);
	p->done += more;
	if (!p->quiet && now - p->told >= (p->terminal ? REDRAW_MS : PLAIN_MS))
		show(p, now);
	pthread_mutex_unlock(&p->lock);
}

void progress_clear(struct progress *p)
{
	pthread_mutex_lock(&p->lock);
	if (p->shown)
		report_status("");
	p->shown = false;
	pthread_mutex_unlock(&p->lock);
}

void progress_end(struct progress *p)
{
	progress_clear(p);
	pthread_mutex_destroy(&p->lock);
}
