/*
 * git-zllm: keeps families of large models in git, by way of git-lfs.
 *
 * The map, from the top; each floor includes only what is below it.
 *
 *   agent/            speaks
 *     main.c            the table of commands
 *     cmd_*.c           one command each; cmd_agent.c is what git-lfs starts
 *     git_*.c           git: its programs, paths, commits
 *     lfs_*.c           git-lfs: its configuration, pointers, messages, the session
 *     history*.c        what git knows about an object that is being pushed
 *     endpoint.c, store_url.c   which store, and opening it
 *     store_bucket.c            a bucket: settings, trust, keys
 *     push_check.c      are a push's objects in the store?
 *     report.c          the one place that prints
 *   index/            knows: which blobs an object has, what they derive from
 *     index/model/      a file's extents: safetensors, and anything else
 *     index/store/      a key space over get, put, list, remove
 *   codec/            turns bytes into bytes: no files, no clock
 *     codec/common/     errors, buffers, hashes, the thread pool
 *
 * docs/ says why; hooks/ has the hooks; each folder has a README.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "agent/command.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "codec/common/err.h"

static const struct command *const commands[] = {
	&cmd_install, &cmd_uninstall, &cmd_init,  &cmd_base,   &cmd_status, &cmd_show,
	&cmd_diff,    &cmd_family,    &cmd_stats, &cmd_verify, &cmd_fsck,   &cmd_copy,
	&cmd_doctor,  &cmd_trust,     &cmd_hook,  &cmd_codec,  &cmd_agent,
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	struct err err;

	err_set(&err, ERR_INPUT, "'%s' is no command; 'git zllm help' lists them", name);
	return report_error(&err);
}

static void print_overview(void)
{
	report_line("usage: git zllm <command> [<arguments>]");
	report_line("%s", "");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		report_line("  %-10s %s", commands[i]->name, commands[i]->summary);
	report_line("  %-10s %s", "version", "which git-zllm this is");
	report_line("  %-10s %s", "help", "this list, or 'git zllm help <command>'");
}

static void print_option(const struct option_spec *spec)
{
	char left[64] = "--";

	strncat(left, spec->name, sizeof(left) - strlen(left) - 1);
	if (spec->value_name) {
		strncat(left, " ", sizeof(left) - strlen(left) - 1);
		strncat(left, spec->value_name, sizeof(left) - strlen(left) - 1);
	}
	report_line("  %-16s %s", left, spec->help);
}

static int run_help(const char *name)
{
	const struct command *command = name ? find_command(name) : NULL;

	if (name && !command)
		return unknown_command(name);
	if (!command) {
		print_overview();
		return 0;
	}
	report_line("usage: git zllm %s %s", command->name,
	            command->arguments ? command->arguments : "");
	report_line("%s", "");
	report_text(command->details);
	for (const struct option_spec *s = command->options; s && s->name; s++) {
		if (s == command->options)
			report_line("%s", "");
		print_option(s);
	}
	return 0;
}

/* Output that did not reach the disk is no success. */
static int end_output(int code)
{
	struct err err;

	if (!fflush(stdout) && !ferror(stdout))
		return code;
	err_errno(&err, "cannot write the output");
	return code ? code : report_error(&err);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help";

	if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 ||
	    strcmp(name, "-h") == 0)
		return end_output(run_help(argc > 2 ? argv[2] : NULL));
	if (strcmp(name, "version") == 0 || strcmp(name, "--version") == 0) {
		report_line("git-zllm version %s", ZLLM_VERSION);
		return end_output(0);
	}
	const struct command *command = find_command(name);
	if (!command)
		return unknown_command(name);
	return end_output(command->run(argc - 1, argv + 1));
}
