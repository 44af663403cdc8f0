/*
 * Which part of a work this process does. The first that says something:
 *
 *   --part 3/16          the third of sixteen
 *   --part auto/16       of sixteen, the one whose number the scheduler gave
 *   --part auto          the same; the scheduler says how many there are, too
 *   nothing, in an array of jobs: as `auto`
 *
 * The schedulers, by what they put into the environment:
 *
 *   Slurm        SLURM_ARRAY_TASK_ID, with _COUNT, _MIN and _MAX
 *   Kubernetes   JOB_COMPLETION_INDEX, from 0; how many: ZLLM_PARTS, which a Job has to set
 *
 * A Slurm array may begin anywhere and have a step (10-40:10). One whose numbers are no
 * such row, or of which only some are run again, does not tell which part is meant: then
 * `auto/16` is the task's own number, from 0.
 */
#ifndef ZLLM_PART_CHOICE_H
#define ZLLM_PART_CHOICE_H

#include "index/work/work_part.h"

struct err;

/* `option` is the value of --part, or NULL. ERR_INPUT with what is wrong. Where the
 * environment decided, a note says which part it is. */
int part_choose(const char *option, struct work_part *out, struct err *err);

/* The same without a note, of the variables that `get` gives: for tests. */
typedef const char *part_variable_fn(const char *name);
int part_choose_by(const char *option, part_variable_fn *get, struct work_part *out,
                   struct err *err);

#endif
