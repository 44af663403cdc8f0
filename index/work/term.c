#include "index/work/term.h"

#include <time.h>

int64_t term_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void term_begin(struct term *t)
{
	t->began = term_now();
}

/* Whether so many milliseconds have passed. */
static bool passed(const struct term *t, int64_t milliseconds)
{
	return t->began && t->seconds && term_now() - t->began >= milliseconds;
}

bool term_half(const struct term *t)
{
	return passed(t, t->seconds * 500);
}

bool term_over(const struct term *t)
{
	return passed(t, t->seconds * 1000);
}
