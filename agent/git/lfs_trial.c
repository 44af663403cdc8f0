#include "agent/git/lfs_trial.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/git/git_run.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/work/temp_folder.h"

#define NAME "trial"
#define CONFIG "[lfs \"customtransfer." NAME ".path\"]\n\taccess = false\n"

enum { WORDS_MAX = 40 };

/* Around each command: what could lead it to another repository or configuration. */
static const char *const isolated[] = {
	"env",
	"-u",
	"GIT_DIR",
	"-u",
	"GIT_WORK_TREE",
	"-u",
	"GIT_COMMON_DIR",
	"-u",
	"GIT_INDEX_FILE",
	"-u",
	"GIT_OBJECT_DIRECTORY",
	"-u",
	"GIT_PREFIX",
	"-u",
	"GIT_CONFIG",
	"-u",
	"GIT_CONFIG_COUNT",
	"-u",
	"GIT_CONFIG_PARAMETERS",
	"-u",
	"GIT_TEMPLATE_DIR",
	"GIT_CONFIG_GLOBAL=/dev/null",
	"GIT_CONFIG_NOSYSTEM=1",
	NULL,
};

/* Runs git with `words` in `folder`. Whether it went well. */
static bool run_isolated(const char *folder, const char *const *words, struct buf *out)
{
	const char *argv[WORDS_MAX];
	struct err ignored = ERR_INIT;
	size_t n = 0;
	int status;

	for (size_t i = 0; isolated[i]; i++)
		argv[n++] = isolated[i];
	argv[n++] = "git";
	argv[n++] = "-C";
	argv[n++] = folder;
	while (*words)
		argv[n++] = *words++;
	argv[n] = NULL;
	return !git_run(argv, &(struct git_run_io){ .output = out, .quiet = true },
	                &status, &ignored) &&
	       !status;
}

static bool write_config(const char *folder)
{
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s/.lfsconfig", folder);
	int fd = open(buf_text(&path),
	              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool written = fd >= 0 &&
	               write(fd, CONFIG, strlen(CONFIG)) == (ssize_t)strlen(CONFIG);
	if (fd >= 0 && close(fd))
		written = false;
	buf_wipe(&path);
	return written;
}

/* Whether a line "DownloadTransfers=basic,...,trial" has our name among its words. */
static enum lfs_trial judge(const char *env)
{
	static const char key[] = "DownloadTransfers=";
	const char *line = strstr(env, key);

	if (!line)
		return LFS_TRIAL_UNKNOWN;
	line += strlen(key) - 1;
	do {
		size_t n = strcspn(++line, ",\r\n");
		if (n == strlen(NAME) && strncmp(line, NAME, n) == 0)
			return LFS_TRIAL_OPEN;
		line += n;
	} while (*line == ',');
	return LFS_TRIAL_CLOSED;
}

enum lfs_trial lfs_trial_run(void)
{
	static const char *const init[] = { "init", "-q", "--template=", NULL };
	static const char *const env[] = { "lfs", "env", NULL };
	struct buf folder = BUF_INIT, out = BUF_INIT, ignored = BUF_INIT;
	enum lfs_trial answer = LFS_TRIAL_UNKNOWN;
	int lock;

	if (temp_folder_make("zllm-trial-", &folder, &lock, NULL))
		return LFS_TRIAL_UNKNOWN;
	const char *path = buf_text(&folder);
	if (run_isolated(path, init, &ignored) && write_config(path) &&
	    run_isolated(path, env, &out))
		answer = judge(buf_text(&out));
	temp_folder_remove(&folder, lock);
	buf_wipe(&out);
	buf_wipe(&ignored);
	return answer;
}
