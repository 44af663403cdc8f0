#include "agent/where/part_choice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/report/report.h"
#include "codec/common/err.h"

/* What a scheduler says: a task's number in a row of them. */
struct task {
	const char *variable; /* that has the number, for people; NULL: no scheduler */
	const char *text;
	uint64_t id;
	uint64_t count; /* 0: not said */
	uint64_t min, max;
};

enum { TASK_MAX = 100000000 };

/* A number from 0 on, and nothing else. */
static bool read_number(const char *text, uint64_t *out)
{
	uint64_t n = 0;

	if (!text || !*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n > TASK_MAX)
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	*out = n;
	return true;
}

static int not_a_number(const char *name, const char *text, struct err *err)
{
	return err_set(err, ERR_INPUT,
	               "%s is '%s', which is not a number; say which part by --part 3/16",
	               name, text ? text : "");
}

static int read_slurm(part_variable_fn *get, struct task *t, struct err *err)
{
	const char *count = get("SLURM_ARRAY_TASK_COUNT");

	if (!read_number(t->text, &t->id))
		return not_a_number(t->variable, t->text, err);
	if (count && !read_number(count, &t->count))
		return not_a_number("SLURM_ARRAY_TASK_COUNT", count, err);
	if (!read_number(get("SLURM_ARRAY_TASK_MIN"), &t->min))
		t->min = 0;
	if (!read_number(get("SLURM_ARRAY_TASK_MAX"), &t->max))
		t->max = t->min + (t->count ? t->count - 1 : 0);
	return 0;
}

static int read_kubernetes(part_variable_fn *get, struct task *t, struct err *err)
{
	const char *count = get("ZLLM_PARTS");

	if (!read_number(t->text, &t->id))
		return not_a_number(t->variable, t->text, err);
	if (count && !read_number(count, &t->count))
		return not_a_number("ZLLM_PARTS", count, err);
	t->max = t->count ? t->count - 1 : 0;
	return 0;
}

static int read_task(part_variable_fn *get, struct task *t, struct err *err)
{
	*t = (struct task){ .variable = "SLURM_ARRAY_TASK_ID" };
	t->text = get(t->variable);
	if (t->text)
		return read_slurm(get, t, err);
	t->variable = "JOB_COMPLETION_INDEX";
	t->text = get(t->variable);
	if (t->text)
		return read_kubernetes(get, t, err);
	t->variable = NULL;
	return 0;
}

/* Where the task stands in a row like 10-40:10. False: the numbers are no such row. */
static bool place_in_row(const struct task *t, uint64_t *place)
{
	uint64_t step = t->count > 1 ? (t->max - t->min) / (t->count - 1) : 1;

	if (t->max < t->min || t->id < t->min || t->id > t->max || !step)
		return false;
	if (t->count > 1 && (t->max - t->min) % (t->count - 1))
		return false;
	*place = (t->id - t->min) / step;
	return (t->id - t->min) % step == 0 && *place < t->count;
}

static int by_row(const struct task *t, struct work_part *out, struct err *err)
{
	uint64_t place;

	if (!t->count)
		return err_set(
			err, ERR_INPUT,
			"%s is set, and nothing says of how many parts: say --part "
			"auto/16 (or set ZLLM_PARTS=16), or --part 1/1 for all",
			t->variable);
	if (t->count > WORK_PARTS_MAX || !place_in_row(t, &place))
		return err_set(
			err, ERR_INPUT,
			"the numbers of this array (%s is %s) do not tell which of "
			"%llu parts is meant; say --part auto/16 and number the "
			"tasks from 0, or --part 3/16",
			t->variable, t->text, (unsigned long long)t->count);
	*out = (struct work_part){ (uint32_t)place, (uint32_t)t->count };
	return 0;
}

/* `auto/16`: the row where it has as many tasks, else the task's own number, so that some
 * of them can be run again. */
static int by_number(const struct task *t, const char *text, struct work_part *out,
                     struct err *err)
{
	uint64_t of, place;

	if (!read_number(text, &of) || !of || of > WORK_PARTS_MAX)
		return err_set(
			err, ERR_INPUT,
			"--part is 'auto/%s': a number of parts is wanted, such as "
			"auto/16",
			text);
	if (t->count != of || !place_in_row(t, &place))
		place = t->id;
	if (place >= of)
		return err_set(err, ERR_INPUT,
		               "%s is %s, and the %llu parts are numbered from 0; number "
		               "the tasks so, or say --part 3/16",
		               t->variable, t->text, (unsigned long long)of);
	*out = (struct work_part){ (uint32_t)place, (uint32_t)of };
	return 0;
}

int part_choose_by(const char *option, part_variable_fn *get, struct work_part *out,
                   struct err *err)
{
	bool automatic = option && strncmp(option, "auto", 4) == 0 &&
	                 (!option[4] || option[4] == '/');
	struct task task;

	*out = (struct work_part){ 0, 1 };
	if (option && !automatic)
		return work_part_parse(option, out)
		               ? 0
		               : err_set(err, ERR_INPUT,
		                         "--part is '%s': which part of how many is "
		                         "wanted, such as 3/16",
		                         option);
	int rc = read_task(get, &task, err);
	if (rc)
		return rc;
	if (!task.variable)
		return !automatic
		               ? 0
		               : err_set(err, ERR_INPUT,
		                         "--part is '%s', and neither "
		                         "SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX "
		                         "is set; say which part by --part 3/16",
		                         option);
	return option && option[4] ? by_number(&task, option + 5, out, err)
	                           : by_row(&task, out, err);
}

static const char *from_environment(const char *name)
{
	return getenv(name);
}

int part_choose(const char *option, struct work_part *out, struct err *err)
{
	int rc = part_choose_by(option, from_environment, out, err);

	if (!rc && !work_part_is_all(out) && (!option || *option == 'a'))
		report_note("this is part %u of %u, as the scheduler numbers it "
		            "('--part 1/1' does all)",
		            out->nth + 1, out->of);
	return rc;
}
