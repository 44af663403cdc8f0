#include "agent/command.h"

#include <string.h>

#define COMMAND_ROW(name) &cmd_##name,

static const struct command *const commands[] = { COMMANDS(COMMAND_ROW) NULL };

const struct command *command_at(size_t i)
{
	size_t count = sizeof(commands) / sizeof(commands[0]) - 1;

	return i < count ? commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}
