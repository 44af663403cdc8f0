#include "agent/cmd/doctor.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/agent_install.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/git/lfs_trial.h"
#include "agent/report/checkup.h"
#include "agent/report/count_text.h"
#include "agent/where/server_remember.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define INSTALL "run 'git zllm install'"

/* Below it git-lfs does not pass zllm:: URLs on, or does not ask standalone agents as
 * it does now; 3.3 is what is tested. */
enum { LFS_MAJOR = 3, LFS_MINOR = 3 };

/* The first line that a program prints; false when it does not run. */
static bool first_line(const char *const *argv, struct buf *out)
{
	int status;
	struct err ignored = ERR_INIT;
	int rc = git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	                 &status, &ignored);
	char *end = out->size ? memchr(out->data, '\n', out->size) : NULL;

	if (end)
		out->size = (size_t)(end - (char *)out->data);
	return !rc && !status && out->size;
}

static void check_git(struct checkup *c)
{
	static const char *const argv[] = { "git", "version", NULL };
	struct buf line = BUF_INIT;

	if (first_line(argv, &line))
		checkup_add(c, FINDING_GOOD, "git", NULL, "%s", buf_text(&line));
	else
		checkup_add(c, FINDING_BAD, "git", "install git", "git does not run");
	buf_wipe(&line);
}

static void check_lfs(struct checkup *c)
{
	static const char *const argv[] = { "git", "lfs", "version", NULL };
	struct buf line = BUF_INIT;
	unsigned major, minor;

	if (!first_line(argv, &line))
		checkup_add(c, FINDING_BAD, "git-lfs", "install git-lfs",
		            "'git lfs' does not run");
	else if (sscanf(buf_text(&line), "git-lfs/%u.%u", &major, &minor) != 2)
		checkup_add(c, FINDING_DOUBTFUL, "git-lfs", NULL,
		            "its version is not clear: %s", buf_text(&line));
	else if (major < LFS_MAJOR || (major == LFS_MAJOR && minor < LFS_MINOR))
		checkup_add(c, FINDING_BAD, "git-lfs", "install git-lfs 3.3 or later",
		            "too old: %s", buf_text(&line));
	else
		checkup_add(c, FINDING_GOOD, "git-lfs", NULL, "%s", buf_text(&line));
	buf_wipe(&line);
}

static void check_trial(struct checkup *c)
{
	switch (lfs_trial_run()) {
	case LFS_TRIAL_OPEN:
		checkup_add(c, FINDING_DOUBTFUL, "git-lfs", LFS_TRIAL_REMEDY,
		            LFS_TRIAL_WORDS);
		break;
	case LFS_TRIAL_CLOSED:
		checkup_add(c, FINDING_GOOD, "git-lfs", NULL,
		            "no repository can make it run a program");
		break;
	case LFS_TRIAL_UNKNOWN:
		break; /* git-lfs does not run: said above */
	}
}

static void check_filter(struct checkup *c, const struct lfs_config *config)
{
	if (lfs_config_get(config, "filter.lfs.process"))
		checkup_add(c, FINDING_GOOD, "git-lfs", NULL, "its filters are set up");
	else
		checkup_add(c, FINDING_BAD, "git-lfs", INSTALL,
		            "its filters are not set up, so files would be committed "
		            "whole");
}

/* ---------------------------------------------------------------- our keys */

/* Where sh, which git-lfs asks, would find the program. */
static bool find_program(const char *name, char found[PATH_MAX])
{
	const char *const argv[] = { "sh", "-c", "command -v \"$0\"", name, NULL };
	struct buf line = BUF_INIT;
	bool is = first_line(argv, &line) && line.size < PATH_MAX &&
	          access(buf_text(&line), X_OK) == 0;

	if (is)
		strcpy(found, buf_text(&line));
	buf_wipe(&line);
	return is;
}

static void check_program(struct checkup *c, const char *key, const char *name)
{
	char found[PATH_MAX], real[PATH_MAX], self[PATH_MAX];

	if (!find_program(name, found)) {
		checkup_add(c, FINDING_BAD, "agent", INSTALL,
		            "%s is '%s', which is not an executable program: "
		            "git-lfs would only say EOF",
		            key, name);
		return;
	}
	if (realpath("/proc/self/exe", self) && realpath(found, real) &&
	    strcmp(self, real) != 0)
		checkup_add(c, FINDING_DOUBTFUL, "agent", INSTALL,
		            "git-lfs starts %s, and this is %s", real, self);
	else
		checkup_add(c, FINDING_GOOD, "agent", NULL, "git-lfs starts %s", found);
}

struct key_count {
	struct checkup *checkup;
	unsigned right, missing, all;
};

static void check_key(void *ctx, const char *key, const char *is, const char *want)
{
	struct key_count *count = ctx;

	count->all++;
	if (!is) {
		count->missing++;
	} else if (!want) {
		count->right++;
		check_program(count->checkup, key, is);
	} else if (strcmp(is, want) != 0) {
		checkup_add(count->checkup, FINDING_BAD, "agent", INSTALL,
		            "%s is '%s' instead of '%s'", key, is, want);
	} else {
		count->right++;
	}
}

void doctor_setup(struct checkup *c, const struct lfs_config *config)
{
	struct key_count count = { .checkup = c };

	check_git(c);
	check_lfs(c);
	check_trial(c);
	check_filter(c, config);
	agent_install_each(config, check_key, &count);
	if (count.missing)
		checkup_add(
			c, FINDING_BAD, "agent", INSTALL,
			"%u of the %u keys by which git-lfs finds git-zllm %s not set",
			count.missing, count.all, count.missing == 1 ? "is" : "are");
	else if (count.right == count.all)
		checkup_add(c, FINDING_GOOD, "agent", NULL,
		            "all %u keys by which git-lfs finds git-zllm are right",
		            count.all);
	size_t servers = server_count_ours(config);
	if (servers)
		checkup_add(c, FINDING_GOOD, "agent", NULL,
		            "%s remembered: git-lfs comes to us also where nothing "
		            "that is checked out names a store",
		            COUNT(servers, "git server is", "git servers are"));
}
