/*
 * git-zllm: keeps families of large models in git, by way of git-lfs.
 *
 * The map, from the top; each floor includes only what is below it, and so does each room
 * (tests/lint/rooms.txt has all of them in order).
 *
 *   agent/            speaks
 *     command.h         the list of commands; cmd/ has one file for each
 *     annex/            the conversation with git-annex
 *     session/          the conversation with git-lfs, and what runs ahead of it
 *     where/            which store, and the way to it
 *     hints/            what git, cards and people say about bases
 *     aws/  git/        access keys; git's and git-lfs's world
 *     report/           the one place that prints
 *   index/            knows: which blobs an object has, what they derive from
 *     upload.c, download.c      an object into the store, and out of it
 *     base/             which base a tensor is coded against
 *     manifest/  blob/  an object's extents; one blob there and back
 *     model/            a file becomes extents
 *     store/            keys and values: a folder, a bucket, a bundle, a cache
 *   codec/            turns bytes into bytes: no files, no clock
 *     kernel/           inner loops, a processor each
 *     common/           errors, buffers, hashes, the thread pool
 *
 * docs/hacking.md is the guide, docs/design.md says why, docs/store.md why nothing is lost.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/command.h"
#include "agent/report/report.h"
#include "codec/common/err.h"

/* Output that did not reach the disk is no success; that nobody waits for it is no
 * failure. */
static int end_output(int code)
{
	struct err err;

	if ((!fflush(stdout) && !ferror(stdout)) || report_reader_is_gone())
		return code;
	err_errno(&err, "cannot write the output");
	return code ? code : report_error(&err);
}

/* Whoever reads what we print may stop, as `head` does: then we end as git does, by
 * SIGPIPE, whatever our parent did with that. */
static void end_with_reader(void)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &ours, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* The name under which git-annex runs us. */
static bool is_annex_remote(const char *program)
{
	const char *slash = program ? strrchr(program, '/') : NULL;

	return program &&
	       strcmp(slash ? slash + 1 : program, "git-annex-remote-zllm") == 0;
}

/* The command that is asked for: by its name, or as an option, as git's own. */
static const char *asked(const char *word)
{
	if (!word || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return "help";
	return strcmp(word, "--version") == 0 ? "version" : word;
}

int main(int argc, char **argv)
{
	static char help[] = "help";
	char *alone[] = { help, NULL };
	const bool annex = is_annex_remote(argv[0]);
	const char *name = annex ? "annex" : asked(argv[1]);
	const struct command *command = command_find(name);
	struct err err;

	/* A file that may not grow (ulimit -f) is EFBIG and a sentence, not the end. */
	signal(SIGXFSZ, SIG_IGN);
	end_with_reader();
	if (!command) {
		err_set(&err, ERR_INPUT,
		        "'%s' is not a git zllm command. See 'git zllm help'.", name);
		return report_error(&err);
	}
	return end_output(argc > 1 && !annex ? command->run(argc - 1, argv + 1)
	                                     : command->run(1, alone));
}
