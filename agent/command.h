/*
 * The commands of git-zllm, one file each (cmd_<name>.c). A command gets its own
 * name as argv[0], and returns an exit code: 0, or what report_error() gave.
 */
#ifndef ZLLM_COMMAND_H
#define ZLLM_COMMAND_H

struct option_spec;

struct command {
	const char *name;
	const char *arguments;             /* for help: "<store> [<pattern>...]" */
	const char *summary;               /* one line for the list */
	const char *details;               /* paragraphs for `git zllm help <name>` */
	const struct option_spec *options; /* ended by a NULL name; may be NULL */
	int (*run)(int argc, char **argv);
};

extern const struct command cmd_agent;
extern const struct command cmd_install;
extern const struct command cmd_uninstall;
extern const struct command cmd_init;
extern const struct command cmd_base;
extern const struct command cmd_diff;
extern const struct command cmd_family;
extern const struct command cmd_status;
extern const struct command cmd_show;
extern const struct command cmd_stats;
extern const struct command cmd_verify;
extern const struct command cmd_fsck;
extern const struct command cmd_copy;
extern const struct command cmd_doctor;
extern const struct command cmd_trust;
extern const struct command cmd_codec;
extern const struct command cmd_hook;

#endif
