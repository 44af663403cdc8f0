/*
 * A generated store of 300 models in 12 families of two architectures, recompacted:
 *
 *     recompact_bench MODELS TENSORS ROWS
 *
 * First a plan alone: 300 tensors of each model, made of nothing but sketches; how long it
 * takes, and how far it is above the best plan there is. Then real bytes: MODELS models of
 * TENSORS tensors of ROWS x 256 BF16 weights, pushed in the worst order and with all hints
 * off into a store in memory; how many bytes before and after, how long, and what the best
 * plan takes when every pair of a family is coded. Prints one line of JSON.
 */
#include "tests/unit/recompact_world.h"

#include <time.h>

#include "index/recompact/group_costs.h"
#include "tests/unit/exhaustive_plan.h"
#include "tests/unit/generated_stock.h"

enum { FAMILIES = 12, PLAN_MODELS = 300, PLAN_TENSORS = 300 };

/* Of this thread's work, or of the clock on the wall. */
static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---------------------------------------------------------------- plans of sketches */

static void bench_plan(void)
{
	struct stock s;
	struct err err = ERR_INIT;
	uint64_t mine = 0, best = 0, before = 0;
	double plan = 0;

	generated_stock(&s, PLAN_MODELS, FAMILIES, PLAN_TENSORS);
	double begun = seconds(CLOCK_PROCESS_CPUTIME_ID);
	stock_close(&s, &err);
	plan = seconds(CLOCK_PROCESS_CPUTIME_ID) - begun;
	for (size_t g = 0; g < s.groups; g++) {
		struct group_costs costs;
		uint32_t out[BASE_PLAN_MAX];
		begun = seconds(CLOCK_PROCESS_CPUTIME_ID);
		if (group_costs_make(&costs, &s, g, &err) ||
		    base_plan_make(&costs.plan, costs.now, out, &err))
			exit(1);
		plan += seconds(CLOCK_PROCESS_CPUTIME_ID) - begun;
		before += base_plan_cost(&costs.plan, costs.now);
		mine += base_plan_cost(&costs.plan, out);
		best += exhaustive_group(&costs.plan);
		group_costs_wipe(&costs);
	}
	printf("{\"plan\": {\"models\": %d, \"tensors\": %d, \"cpu_seconds\": %.2f, "
	       "\"before\": %llu, \"planned\": %llu, \"best\": %llu, \"percent_above\": "
	       "%.3f}, ",
	       PLAN_MODELS, PLAN_TENSORS, plan, (unsigned long long)before,
	       (unsigned long long)mine, (unsigned long long)best,
	       100.0 * ((double)mine / (double)best - 1));
	stock_wipe(&s);
}

/* ---------------------------------------------------------------- real bytes */

static void push_all(struct store *s, unsigned models, unsigned tensors, unsigned rows)
{
	for (unsigned i = models; i-- > 0;) {
		bool root = i < FAMILIES;
		struct kin k = { .family = 1 + i % FAMILIES,
			         .own = i,
			         .step = root ? 0 : 1e-4f * (float)(1 + i % 4) };
		/* The second architecture is a little wider. */
		struct model_file f = kin_file(&k, tensors, rows + k.family % 2 * 64);
		push_blindly(s, &f);
		model_file_remove(&f);
	}
}

static uint64_t bytes_of_way(uint32_t permille, uint64_t size, bool delta)
{
	uint64_t frames = size / (512 * 1024) + 1;

	return size * permille / 1000 + 72 + 24 * frames + (delta ? 40 : 0);
}

/* What the best plan takes when each pair of a family is coded. */
static uint64_t best_bytes(struct store *store)
{
	struct transfer t = transfer_to(store);
	uint64_t sum = 0;
	struct stock s;
	struct err err = ERR_INIT;

	t.effort = &effort_best;
	if (!stock_take(store, &s))
		exit(1);
	for (size_t g = 0; g < s.groups; g++) {
		struct group_costs c;
		if (group_costs_make(&c, &s, g, &err))
			exit(1);
		for (size_t i = 0; i < c.count; i++)
			for (size_t j = 0; j < c.count; j++) {
				struct reencode_choice choice = { .codec = NULL };
				const struct reencode_task task = { &t,
					                            &c.members[i].extent,
					                            c.members[i].readable,
					                            NULL };
				bool tied = group_way(&c, i, j)->permille != UINT32_MAX;
				uint64_t size = c.members[i].blob->size;
				if (i == j || !tied)
					continue;
				c.delta[i * c.count + j] = BASE_PLAN_NEVER;
				if (!reencode_try(&task, &c.members[j].extent, &choice,
				                  &err))
					c.delta[i * c.count + j] = bytes_of_way(
						choice.permille, size, true);
				reencode_choice_wipe(&choice);
			}
		sum += exhaustive_group(&c.plan);
		group_costs_wipe(&c);
	}
	stock_wipe(&s);
	return sum;
}

static void bench_bytes(unsigned models, unsigned tensors, unsigned rows)
{
	struct patience p = { .steps = -1, .loud = true };
	struct recompact_result r;
	struct store *s;

	if (store_memory_new(&s, NULL))
		exit(1);
	push_all(s, models, tensors, rows);
	uint64_t before = bytes_of_records(s), best = best_bytes(s);
	double begun = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	if (recompact_with(s, &p, &r))
		exit(1);
	double took = seconds(CLOCK_MONOTONIC) - begun;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	uint64_t after = bytes_of_records(s);
	printf("\"bytes\": {\"models\": %u, \"tensors\": %u, \"before\": %llu, \"after\": "
	       "%llu, \"best\": %llu, \"percent_above\": %.2f, \"seconds\": %.1f, \"cpu_seconds\": %.1f, \"made\": "
	       "%zu, \"trials\": %zu}}\n",
	       models, tensors, (unsigned long long)before, (unsigned long long)after,
	       (unsigned long long)best, 100.0 * ((double)after / (double)best - 1), took,
	       cpu, r.made, r.trials);
	store_close(s);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "recompact_bench MODELS TENSORS ROWS\n");
		return 2;
	}
	bench_plan();
	bench_bytes((unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]),
	            (unsigned)atoi(argv[3]));
	return 0;
}
