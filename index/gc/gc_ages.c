#include "index/gc/gc_ages.h"

#include <time.h>

#include "index/store/store_clock.h"
#include "index/work/term.h"

enum { STEPS = 24, STEP_MIN = 2 };

int64_t gc_step_limit(int64_t grace)
{
	return grace / STEPS > STEP_MIN ? grace / STEPS : STEP_MIN;
}

/* The machine's clock is read first, so that the mark seems longer than it was, never shorter. */
static void begin(struct gc_ages *a, int64_t grace)
{
	*a = (struct gc_ages){ .grace = grace,
		               .step = gc_step_limit(grace),
		               .begun = term_now() };
}

int gc_ages_begin(struct gc_ages *a, struct store *s, int64_t grace, struct err *err)
{
	begin(a, grace);
	return store_clock_read(s, &a->now, err);
}

void gc_ages_suppose(struct gc_ages *a, int64_t grace)
{
	begin(a, grace);
	a->now = time(NULL);
}

/* Times are whole seconds, cut: something of second 7 may be as old as 6.0 or as young as
 * 6.99 seconds before 13. "Less than" makes it at least G + S. */
bool gc_is_aged(const struct gc_ages *a, int64_t since)
{
	return since < a->now - a->grace - a->step;
}

bool gc_is_fresh(const struct gc_ages *a, int64_t since)
{
	return since > a->now - a->grace / STEPS;
}

bool gc_is_late(const struct gc_ages *a)
{
	return term_now() - a->begun >= a->grace * 1000;
}
