/* git zllm doctor: what is set up, what is not, and what to do about it. */
#include <stdbool.h>
#include <stddef.h>

#include "agent/cmd/doctor.h"
#include "agent/command.h"
#include "agent/git/lfs_config.h"
#include "agent/report/checkup.h"
#include "agent/report/json.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "codec/common/err.h"

struct doctor_options {
	bool json;
};

static const struct option_spec specs[] = {
	{ "json", OPTION_FLAG, NULL, "print one JSON object",
	  offsetof(struct doctor_options, json) },
	{ 0 },
};

static int examine(const struct doctor_options *options, const char *store, unsigned *bad,
                   struct err *err)
{
	struct checkup c = { .json = options->json ? json_array() : NULL };
	struct lfs_config *config = NULL;
	int rc = lfs_config_read(&config, err);

	if (rc) {
		json_free(c.json);
		return rc;
	}
	doctor_setup(&c, config);
	doctor_store(&c, config, store);
	lfs_config_free(config);
	*bad = c.bad;
	return checkup_end(&c, err);
}

static int run(int argc, char **argv)
{
	struct doctor_options options = { 0 };
	struct err err = ERR_INIT;
	unsigned bad = 0;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && argc > 1)
		rc = err_set(&err, ERR_INPUT, "doctor takes one store, or none");
	if (!rc)
		rc = examine(&options, argc ? argv[0] : NULL, &bad, &err);
	return rc ? report_error(&err) : bad != 0;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.arguments = "[--json] [<store>]",
	.summary = "what is set up, what is not, and what to do about it",
	.details =
		"Looks at git, git-lfs, the configuration by which git-lfs finds git-zllm, the\n"
		"hook of this repository, how much of its history is here to find bases in, and\n"
		"its store: is it there, may you list, read, write\n"
		"and remove (each is tried, on a key of its own that is removed again), do the\n"
		"clocks agree, and where are the bases of a bucket's models kept. Of a folder it says\n"
		"who may push, what is in the way of others in a shared one, and which promise its\n"
		"file system does not keep. Where a remote lies on a server that keeps LFS objects\n"
		"of its own (GitHub, GitLab, Gitea ...), it says what that wants. With a store's\n"
		"name it looks at that store instead of the repository. Exit code 1 when something\n"
		"is to be put right.\n",
	.options = specs,
	.run = run,
};
