/*
 * Command lines by table: the options of a command, their parsing, and their
 * lines in its help, all from one array.
 */
#ifndef ZLLM_OPTIONS_H
#define ZLLM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum option_kind { OPTION_FLAG, OPTION_VALUE };

struct option_spec {
	const char *name; /* without the dashes: "json" */
	enum option_kind kind;
	const char *value_name; /* for help: "FILE"; NULL for flags */
	const char *help;       /* one line */
	size_t offset;          /* of a bool or a const char * in the command's struct */
};

/* Parses argv[1..] into the struct at `into` by `specs` (ended by a NULL name).
 * What is no option is moved to the front of argv; *argc is then their number.
 * "--" ends the options. ERR_INPUT names the option that is wrong. */
int options_parse(int *argc, char **argv, const struct option_spec *specs, void *into,
                  struct err *err);

#endif
