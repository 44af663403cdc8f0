#include "agent/report/options.h"

#include <string.h>

#include "codec/common/err.h"

static const struct option_spec *find_spec(const struct option_spec *specs,
                                           const char *name, size_t n)
{
	for (; specs->name; specs++)
		if (strlen(specs->name) == n && memcmp(specs->name, name, n) == 0)
			return specs;
	return NULL;
}

/* Stores one option; 1 when it took the next word as its value. */
static int take_option(const char *word, const char *next,
                       const struct option_spec *specs, void *into, struct err *err)
{
	const char *name = word + 2;
	const char *equals = strchr(name, '=');
	size_t n = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_spec *spec = find_spec(specs, name, n);

	if (!spec)
		return err_set(err, ERR_INPUT, "unknown option '%s'; see 'git zllm help'",
		               word);
	if (spec->kind == OPTION_FLAG) {
		if (equals)
			return err_set(err, ERR_INPUT, "option '--%s' takes no value",
			               spec->name);
		*(bool *)((char *)into + spec->offset) = true;
		return 0;
	}
	if (!equals && !next)
		return err_set(err, ERR_INPUT, "option '--%s' needs a value (%s)",
		               spec->name, spec->value_name);
	*(const char **)(void *)((char *)into + spec->offset) = equals ? equals + 1
	                                                               : next;
	return !equals;
}

int options_parse(int *argc, char **argv, const struct option_spec *specs, void *into,
                  struct err *err)
{
	int kept = 0;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (++i < *argc)
				argv[kept++] = argv[i];
			break;
		}
		if (strncmp(argv[i], "--", 2) != 0) {
			argv[kept++] = argv[i];
			continue;
		}
		const char *next = i + 1 < *argc ? argv[i + 1] : NULL;
		int rc = take_option(argv[i], next, specs, into, err);
		if (rc < 0)
			return rc;
		i += rc;
	}
	*argc = kept;
	return 0;
}
