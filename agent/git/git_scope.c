#include "agent/git/git_scope.h"

#include <stddef.h>

#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum { WORDS_MAX = 12, STATUS_NOT_SET = 1, STATUS_NOTHING_TO_UNSET = 5 };

/* `git config <scope> <verb> <key> [<value>]` */
static int run(const struct git_scope *scope, const char *const *words, struct buf *out,
               int *status, struct err *err)
{
	const char *argv[WORDS_MAX] = { "git", "config", scope->option };
	size_t n = 3;

	if (scope->file)
		argv[n++] = scope->file;
	while (*words && n < WORDS_MAX - 1)
		argv[n++] = *words++;
	argv[n] = NULL;
	return git_run(argv, &(struct git_run_io){ .output = out, .quiet = scope->quiet },
	               status, err);
}

int git_scope_get(const struct git_scope *scope, const char *key, struct buf *out,
                  struct err *err)
{
	const char *words[] = { "--get", key, NULL };
	size_t before = out->size;
	int status;

	int rc = run(scope, words, out, &status, err);
	if (rc)
		return rc;
	if (status == STATUS_NOT_SET)
		return 1;
	if (status)
		return err_set(err, ERR_CONFIG,
		               "git cannot read its configuration (%s %s)", scope->option,
		               key);
	if (out->size > before && out->data[out->size - 1] == '\n')
		out->size--;
	return 0;
}

static int write_value(const struct git_scope *scope, const char *option, const char *key,
                       const char *value, struct err *err)
{
	const char *words[] = { option, key, value, NULL };
	int status;

	int rc = run(scope, words, NULL, &status, err);
	if (!rc && status)
		rc = err_set(err, ERR_CONFIG, "git cannot write %s (%s)", key,
		             scope->option);
	return rc;
}

int git_scope_set(const struct git_scope *scope, const char *key, const char *value,
                  struct err *err)
{
	return write_value(scope, "--replace-all", key, value, err);
}

int git_scope_add(const struct git_scope *scope, const char *key, const char *value,
                  struct err *err)
{
	return write_value(scope, "--add", key, value, err);
}

int git_scope_unset(const struct git_scope *scope, const char *key, struct err *err)
{
	const char *words[] = { "--unset-all", key, NULL };
	int status;

	int rc = run(scope, words, NULL, &status, err);
	if (!rc && status && status != STATUS_NOTHING_TO_UNSET)
		rc = err_set(err, ERR_CONFIG, "git cannot remove %s (%s)", key,
		             scope->option);
	return rc;
}
