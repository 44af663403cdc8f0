#include "index/work/budget.h"

#include <stddef.h>

#include "index/work/term.h"

uint64_t budget_clock(void)
{
	return (uint64_t)term_now();
}

void budget_begin(struct budget *b, const struct budget_limits *limits, uint64_t now)
{
	b->limits = *limits;
	b->begun = now;
	atomic_init(&b->requests, 0);
	atomic_init(&b->read, 0);
	atomic_init(&b->written, 0);
}

/* A count that stops at its end rather than begin at 0 again: a budget that is over stays
 * over. */
static void count(_Atomic uint64_t *sum, uint64_t more)
{
	uint64_t old = atomic_load(sum), new;

	do
		new = more > UINT64_MAX - old ? UINT64_MAX : old + more;
	while (!atomic_compare_exchange_weak(sum, &old, new));
}

void budget_spend(struct budget *b, const struct budget_spent *more)
{
	if (!b)
		return;
	count(&b->requests, more->requests);
	count(&b->read, more->read);
	count(&b->written, more->written);
}

struct budget_spent budget_spent(const struct budget *b)
{
	return (struct budget_spent){ atomic_load(&b->requests), atomic_load(&b->read),
		                      atomic_load(&b->written) };
}

bool budget_is_over(const struct budget *b, uint64_t now)
{
	if (!b)
		return false;
	struct budget_spent s = budget_spent(b);
	const struct budget_limits *l = &b->limits;
	uint64_t bytes = s.written > UINT64_MAX - s.read ? UINT64_MAX
	                                                 : s.read + s.written;

	return (l->milliseconds && now > b->begun && now - b->begun >= l->milliseconds) ||
	       (l->bytes && bytes >= l->bytes) ||
	       (l->requests && s.requests >= l->requests);
}
