/*
 * `git zllm help`: what the rows of the commands say, for people, for the man page and
 * for completion.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "agent/command.h"
#include "agent/report/options.h"
#include "agent/report/report.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

struct help_options {
	bool synopsis, words;
};

static void print_overview(void)
{
	report_line("usage: git zllm <command> [<arguments>]");
	report_line("%s", "");
	for (size_t i = 0; command_at(i); i++)
		report_line("  %-10s %s", command_at(i)->name, command_at(i)->summary);
	report_line("%s", "");
	report_line("See 'git zllm help <command>' and git-zllm(1).");
}

static void print_option(const struct option_spec *spec)
{
	struct buf left = BUF_INIT;

	buf_addf(&left, "--%s%s%s", spec->name, spec->value_name ? " " : "",
	         spec->value_name ? spec->value_name : "");
	report_line("  %-16s %s", buf_text(&left), spec->help);
	buf_wipe(&left);
}

static void print_command(const struct command *command)
{
	report_line("usage: git zllm %s%s%s", command->name,
	            *command->arguments ? " " : "", command->arguments);
	report_line("%s", "");
	report_text(command->details);
	for (const struct option_spec *s = command->options; s && s->name; s++) {
		if (s == command->options)
			report_line("%s", "");
		print_option(s);
	}
}

/* ---------------------------------------------------------------- the man page */

/* Appends a word in a font of the man page; hyphens there are minus signs. */
static void add_word(char font, const char *word, size_t n, struct buf *line)
{
	buf_addf(line, "\\f%c", font);
	for (size_t i = 0; i < n; i++)
		buf_addf(line, word[i] == '-' ? "\\%c" : "%c", word[i]);
	buf_add_str(line, "\\fR");
}

/* Takes one piece off the front of a row's arguments: what stands for something,
 * "<store>", is slanted, what is typed is bold, and brackets are themselves. */
static void add_argument(const char **text, struct buf *line)
{
	size_t n = strspn(*text, "-abcdefghijklmnopqrstuvwxyz");

	if (**text == '<') {
		n = strcspn(*text, ">");
		add_word('I', *text + 1, n - 1, line);
		n += (*text)[n] == '>';
	} else if (n) {
		add_word('B', *text, n, line);
	} else {
		n = 1;
		buf_add(line, *text, n);
	}
	*text += n;
}

static void print_synopsis(const struct command *command)
{
	struct buf line = BUF_INIT;
	const char *text = command->arguments;

	buf_addf(&line, "\\fBgit zllm %s\\fR%s", command->name, *text ? " " : "");
	while (*text)
		add_argument(&text, &line);
	report_line("%s", buf_text(&line));
	buf_wipe(&line);
}

/* ---------------------------------------------------------------- completion */

static void print_words(const struct command *command)
{
	for (size_t i = 0; !command && command_at(i); i++)
		report_line("%s", command_at(i)->name);
	for (const struct option_spec *s = command ? command->options : NULL;
	     s && s->name; s++)
		report_line("--%s%s", s->name, s->value_name ? "=" : "");
}

static const struct option_spec specs[] = {
	{ "synopsis", OPTION_FLAG, NULL, "every command's usage as the man page has it",
	  offsetof(struct help_options, synopsis) },
	{ "words", OPTION_FLAG, NULL,
	  "the commands, or a command's options, one a line: for completion",
	  offsetof(struct help_options, words) },
	{ 0 },
};

static int run(int argc, char **argv)
{
	struct help_options options = { 0 };
	const struct command *command = NULL;
	struct err err = ERR_INIT;
	int rc = options_parse(&argc, argv, specs, &options, &err);

	if (!rc && argc && !(command = command_find(argv[0])))
		rc = err_set(&err, ERR_INPUT,
		             "'%s' is not a git zllm command. See 'git zllm help'.",
		             argv[0]);
	if (rc)
		return report_error(&err);
	if (options.words)
		print_words(command);
	else if (options.synopsis)
		for (size_t i = 0; command_at(i); i++)
			print_synopsis(command_at(i));
	else if (command)
		print_command(command);
	else
		print_overview();
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.arguments = "[--synopsis | --words] [<command>]",
	.summary = "this list, or 'git zllm help <command>'",
	.details = "Lists the commands, or says what a command does and takes.\n",
	.options = specs,
	.run = run,
};
