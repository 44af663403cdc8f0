#include <signal.h>
#include <stdio.h>

#include "agent/command.h"
#include "agent/report/report.h"
#include "agent/session/lfs_session.h"
#include "codec/common/err.h"

static int run(int argc, char **argv)
{
	struct err err = ERR_INIT;

	(void)argc;
	(void)argv;
	/* git-lfs that dies is an error of a write, not the end of us half-way. */
	signal(SIGPIPE, SIG_IGN);
	int rc = lfs_session_run(stdin, stdout, &err);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_agent = {
	.name = "agent",
	.arguments = "",
	.summary = "carry objects for git-lfs (git-lfs runs this, not you)",
	.details =
		"Speaks git-lfs's custom transfer protocol on standard input and output.\n"
		"'git zllm install' tells git-lfs about it. With GIT_TRACE=1 or\n"
		"ZLLM_TRACE=1 it says on standard error what it does.\n",
	.run = run,
};
