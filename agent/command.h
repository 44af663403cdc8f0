/*
 * The commands of git-zllm, one file each (agent/cmd/cmd_<name>.c), and the list of them.
 * A row is all that is said of a command: help, the man page's synopsis, completion and
 * the parser of its options come from it.
 */
#ifndef ZLLM_COMMAND_H
#define ZLLM_COMMAND_H

#include <stddef.h>

struct option_spec;

struct command {
	const char *name;
	const char *arguments; /* for help: "[--json] <store> [<pattern>...]" */
	const char *summary;   /* one line for the list */
	const char *details;   /* paragraphs for `git zllm help <name>` */
	const struct option_spec *options; /* ended by a NULL name; may be NULL */

	/* Gets its own name as argv[0]; returns an exit code: 0, or what report_error()
	 * gave. */
	int (*run)(int argc, char **argv);
};

/* All of them, in the order of `git zllm help`. A new one is its file and its name here. */
#define COMMANDS(row)                                                                    \
	row(install) row(uninstall) row(init) row(base) row(status) row(show) row(diff)  \
		row(family) row(stats) row(verify) row(fsck) row(gc) row(prune)          \
			row(import) row(export) row(copy) row(doctor) row(trust) row(hook) \
				row(codec) row(agent) row(annex) row(version) row(help)

#define COMMAND_DECLARE(name) extern const struct command cmd_##name;
COMMANDS(COMMAND_DECLARE)

/* The command called so, or NULL. */
const struct command *command_find(const char *name);

/* Command number `i` of the list; NULL past its end. */
const struct command *command_at(size_t i);

#endif
