/* Which part of a work a process does: by an option, or by what a scheduler says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/where/part_choice.h"
#include "codec/common/err.h"

/* The environment: pairs of a name and a value. */
static const char *const *environment;

static const char *variable(const char *name)
{
	for (const char *const *at = environment; at && *at; at += 2)
		if (strcmp(at[0], name) == 0)
			return at[1];
	return NULL;
}

struct expected {
	const char *option;
	const char *variables[9];
	uint32_t nth, of; /* of 0: refused */
};

#define SLURM(id, count, min, max)                                  \
	"SLURM_ARRAY_TASK_ID", id, "SLURM_ARRAY_TASK_COUNT", count, \
		"SLURM_ARRAY_TASK_MIN", min, "SLURM_ARRAY_TASK_MAX", max

static const struct expected all[] = {
	{ NULL, { NULL }, 0, 1 },
	{ "1/1", { NULL }, 0, 1 },
	{ "3/16", { NULL }, 2, 16 },
	{ "16/16", { NULL }, 15, 16 },
	{ "0/16", { NULL }, 0, 0 },
	{ "17/16", { NULL }, 0, 0 },
	{ "3/", { NULL }, 0, 0 },
	{ "/3", { NULL }, 0, 0 },
	{ "3/16 ", { NULL }, 0, 0 },
	{ "-1/3", { NULL }, 0, 0 },
	{ "1/65537", { NULL }, 0, 0 },
	{ "4294967297/4294967297", { NULL }, 0, 0 },
	{ "auto", { NULL }, 0, 0 },
	{ "auto/4", { NULL }, 0, 0 },
	{ "automatic", { NULL }, 0, 0 },
	/* An option wins over a scheduler. */
	{ "2/3", { SLURM("0", "4", "0", "3") }, 1, 3 },
	{ NULL, { SLURM("0", "4", "0", "3") }, 0, 4 },
	{ NULL, { SLURM("3", "4", "0", "3") }, 3, 4 },
	{ "auto", { SLURM("3", "4", "0", "3") }, 3, 4 },
	{ NULL, { SLURM("1", "4", "1", "4") }, 0, 4 },
	{ NULL, { SLURM("30", "4", "10", "40") }, 2, 4 },
	{ NULL, { SLURM("7", "1", "7", "7") }, 0, 1 },
	/* 1,5,7: no row. */
	{ NULL, { SLURM("5", "3", "1", "7") }, 0, 0 },
	{ NULL, { SLURM("5", "3", "1", "8") }, 0, 0 },
	{ NULL, { SLURM("x", "3", "1", "3") }, 0, 0 },
	{ NULL, { SLURM("9", "3", "1", "3") }, 0, 0 },
	{ NULL, { "SLURM_ARRAY_TASK_ID", "2" }, 0, 0 },
	{ "auto/4", { "SLURM_ARRAY_TASK_ID", "2" }, 2, 4 },
	/* All of a row that begins at 1; one of them again: its own number. */
	{ "auto/4", { SLURM("4", "4", "1", "4") }, 3, 4 },
	{ "auto/16", { SLURM("7", "1", "7", "7") }, 7, 16 },
	{ "auto/16", { SLURM("16", "1", "16", "16") }, 0, 0 },
	{ "auto/0", { SLURM("0", "1", "0", "0") }, 0, 0 },
	{ "auto/x", { SLURM("0", "1", "0", "0") }, 0, 0 },
	{ NULL, { "JOB_COMPLETION_INDEX", "2" }, 0, 0 },
	{ "auto/8", { "JOB_COMPLETION_INDEX", "2" }, 2, 8 },
	{ "auto/2", { "JOB_COMPLETION_INDEX", "2" }, 0, 0 },
	{ NULL, { "JOB_COMPLETION_INDEX", "2", "ZLLM_PARTS", "8" }, 2, 8 },
	{ NULL, { "JOB_COMPLETION_INDEX", "8", "ZLLM_PARTS", "8" }, 0, 0 },
	{ NULL, { "JOB_COMPLETION_INDEX", "", "ZLLM_PARTS", "8" }, 0, 0 },
	{ NULL, { "ZLLM_PARTS", "8" }, 0, 1 },
	{ "1/1", { "JOB_COMPLETION_INDEX", "2" }, 0, 1 },
};

static void the_part_is_the_one_that_is_meant_or_it_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct work_part part;
		struct err err = ERR_INIT;
		environment = all[i].variables;
		int rc = part_choose_by(all[i].option, variable, &part, &err);
		if ((rc == 0) != (all[i].of != 0) ||
		    (!rc && (part.nth != all[i].nth || part.of != all[i].of)))
			fail_msg("row %zu (%s): rc %d, part %u of %u: %s", i,
			         all[i].option ? all[i].option : "-", rc, part.nth,
			         part.of, err.text);
		if (rc)
			assert_int_equal(err.code, ERR_INPUT);
	}
}

static void each_id_is_in_one_part(void **state)
{
	(void)state;
	for (uint32_t of = 1; of < 40; of += 3)
		for (uint32_t id = 0; id < 65536; id += 251) {
			uint8_t bytes[2] = { (uint8_t)(id >> 8), (uint8_t)id };
			uint32_t holders = 0;
			for (uint32_t nth = 0; nth < of; nth++) {
				struct work_part part = { nth, of };
				holders += work_part_has(&part, bytes);
			}
			assert_int_equal(holders, 1);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_part_is_the_one_that_is_meant_or_it_is_refused),
		cmocka_unit_test(each_id_is_in_one_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
