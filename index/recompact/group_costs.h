/*
 * What the blobs of a group cost, in every way in which they can be stored: as they are, by
 * records that the store has; or coded anew, which is guessed from sketches until a trial
 * has measured it. What is coded anew has to be worth its reading and writing:
 *
 *     what is saved  >=  (bytes read + bytes written) / RECOMPACT_TOLL
 *
 * so that is added to what it costs.
 */
#ifndef ZLLM_GROUP_COSTS_H
#define ZLLM_GROUP_COSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/model/extent.h"
#include "index/recompact/base_plan.h"
#include "index/store/store_keys.h"

struct err;
struct stock;
struct stock_blob;

enum { RECOMPACT_TOLL = 128 };

/* One way in which a blob can be stored: solo, or on one base. */
struct group_way {
	uint64_t have; /* bytes of the live record that is it; BASE_PLAN_NEVER: none */
	uint32_t
		permille; /* what coding it anew would make; UINT32_MAX: nothing useful */
	bool measured;    /* by a trial */
};

/* A blob of the group, and what the store has of it. */
struct group_member {
	const struct stock_blob *blob;
	struct extent extent;
	struct extent_finding finding;
	uint64_t reading;       /* bytes that reading it takes */
	char readable[KEY_MAX]; /* the record to read it from; "" where there is none */
	bool lost; /* it is needed, and cannot be read by live records of depth 1 */
};

struct group_costs {
	const struct stock *stock;
	size_t count;
	struct group_member *members; /* owned, as all that follows */
	struct group_way *ways;       /* [i * count + j]: i on j; on itself: solo */
	struct base_plan_group plan;  /* what base_plan.h asks for */
	uint64_t *solo, *delta, *aside;
	uint8_t *roles;
	uint32_t *now;
};

/* Of the group `group`. The caller wipes *out, also after an error. */
int group_costs_make(struct group_costs *out, const struct stock *s, size_t group,
                     struct err *err);
void group_costs_wipe(struct group_costs *c);

struct group_way *group_way(const struct group_costs *c, size_t i, size_t j);

/* Whether `i` on `j` is coded anew when that is planned, rather than kept. */
bool group_way_is_new(const struct group_costs *c, size_t i, size_t j);

/* A trial says what a way takes; UINT32_MAX: it cannot be. */
void group_way_measured(struct group_costs *c, size_t i, size_t j, uint32_t permille);

/* From now on nothing is coded anew that was not measured. */
void group_costs_settle(struct group_costs *c);

#endif
