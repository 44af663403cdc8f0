/* `git zllm version`. */
#include <stddef.h>

#include "agent/command.h"
#include "agent/report/report.h"

static int run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	report_line("git-zllm version %s", ZLLM_VERSION);
	return 0;
}

const struct command cmd_version = {
	.name = "version",
	.arguments = "",
	.summary = "which git-zllm this is",
	.details = "Prints the program's name and version on one line.\n",
	.run = run,
};
