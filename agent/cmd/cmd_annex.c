#include <signal.h>
#include <stdio.h>

#include "agent/annex/annex_session.h"
#include "agent/command.h"
#include "agent/report/report.h"
#include "codec/common/err.h"

static int run(int argc, char **argv)
{
	struct err err = ERR_INIT;

	(void)argc;
	(void)argv;
	/* git-annex that dies is an error of a write, not the end of us half-way. */
	signal(SIGPIPE, SIG_IGN);
	int rc = annex_session_run(stdin, stdout, &err);
	return rc ? report_error(&err) : 0;
}

const struct command cmd_annex = {
	.name = "annex",
	.arguments = "",
	.summary = "carry contents for git-annex (git-annex runs this, not you)",
	.details =
		"Speaks git-annex's external special remote protocol on standard input and\n"
		"output. git-annex runs it as git-annex-remote-zllm, which is this program under\n"
		"another name. A store becomes a remote of an annex by\n"
		"    git annex initremote <name> type=external externaltype=zllm \\\n"
		"        store=<store> encryption=none autoenable=true\n"
		"With GIT_TRACE=1 or ZLLM_TRACE=1 it says on standard error what it does.\n",
	.run = run,
};
