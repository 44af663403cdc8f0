/*
 * A download is `git lfs smudge`, the one command that takes an object by its name in all
 * versions of git-lfs; an upload is `git lfs push --object-id`. Each inherits the environment,
 * so what is set by `git -c` holds, but for what would have it do nothing.
 */
#include "agent/session/pass_through.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/git/git_paths.h"
#include "agent/git/git_run.h"
#include "agent/git/lfs_config.h"
#include "agent/report/report.h"
#include "agent/session/lfs_message.h"
#include "agent/session/temp_file.h"
#include "agent/where/server_key.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define OURS "zllm"
/* Set for the git-lfs that we start: it must not come back to us. */
#define PASSED_ON "ZLLM_PASSED_ON"

static const char passed_on[] = PASSED_ON "=1";

enum { KEYS_MAX = 32, WORDS_MAX = 2 * KEYS_MAX + 32 };

struct pass_through {
	char *settings[KEYS_MAX + 2]; /* "key=value", each for a -c; owned */
	size_t count;
	char *remote; /* owned */
};

void pass_through_free(struct pass_through *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++)
		free(p->settings[i]);
	free(p->remote);
	free(p);
}

/* ---------------------------------------------------------------- the keys */

static int add_setting(struct pass_through *p, const char *key, const char *value)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "%s=%s", key, value);
	char *setting = text.failed ? NULL : strdup(buf_text(&text));
	buf_wipe(&text);
	if (!setting)
		return ERR_NOMEM;
	p->settings[p->count++] = setting;
	return 0;
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* Takes back each key that says of a server, or of all, that its objects are ours. git-lfs
 * itself has an agent for folders, which an empty value would switch off. */
static int take_key(void *ctx, const char *key, const char *value)
{
	static const char front[] = SERVER_KEY_FRONT "file://";
	struct pass_through *p = ctx;

	if (!ends_in(key, SERVER_KEY_END) || strcmp(value, OURS) != 0 ||
	    strcmp(key, "lfs.zllm::" SERVER_KEY_END) == 0 ||
	    strcmp(key, "lfs.https://zllm.invalid" SERVER_KEY_END) == 0 ||
	    p->count == KEYS_MAX)
		return 0;
	return add_setting(
		p, key,
		strncmp(key, front, sizeof(front) - 1) == 0 ? "lfs-standalone-file" : "");
}

/* `git lfs smudge` knows no remote but the default one: that of the branch, or this. */
static int add_remote(struct pass_through *p, const char *remote)
{
	static const char *const head[] = { "git",     "symbolic-ref", "-q",
		                            "--short", "HEAD",         NULL };
	struct buf branch = BUF_INIT, key = BUF_INIT;
	int status;

	int rc = add_setting(p, "remote.lfsdefault", remote);
	if (!rc &&
	    git_run(head, &(struct git_run_io){ .output = &branch, .quiet = true },
	            &status, NULL) == 0 &&
	    status == 0) {
		branch.size = strcspn(buf_text(&branch), "\n");
		buf_addf(&key, "branch.%s.remote", buf_text(&branch));
		rc = add_setting(p, buf_text(&key), remote);
	}
	buf_wipe(&key);
	buf_wipe(&branch);
	return rc;
}

int pass_through_new(const struct lfs_config *config, const char *remote,
                     struct pass_through **out, struct err *err)
{
	struct pass_through *p = getenv(PASSED_ON) ? NULL : calloc(1, sizeof(*p));

	if (!p)
		return getenv(PASSED_ON) ? 1 : err_nomem(err, "what git-lfs is told");
	int rc = lfs_config_each(config, take_key, p);
	if (!rc && !p->count)
		rc = 1;
	p->remote = strdup(remote ? remote : "origin");
	if (!rc && !p->remote)
		rc = ERR_NOMEM;
	if (!rc)
		rc = add_remote(p, p->remote);
	if (!rc)
		*out = p;
	else
		pass_through_free(p);
	return rc == ERR_NOMEM ? err_nomem(err, "what git-lfs is told") : rc;
}

/* ---------------------------------------------------------------- git-lfs */

static void add_words(const char **argv, const char *const *words)
{
	size_t n = 0;

	while (argv[n])
		n++;
	while (*words && n < WORDS_MAX - 1)
		argv[n++] = *words++;
}

/* The first line of what git-lfs said that tells of an error, else the first of all. */
static int say_why(struct buf *said, struct err *err)
{
	const char *text = buf_text(said), *line = strstr(text, "rror");

	while (line && line > text && line[-1] != '\n')
		line--;
	line = line ? line : text;
	return err_set(err, ERR_IO,
	               "no branch or tag here names a store of git-zllm, so git-lfs was "
	               "asked for this object as if there were none: %.*s",
	               (int)strcspn(line, "\n"), line);
}

/* Runs `words` behind `front`, which may lead its output elsewhere. */
static int run(const struct pass_through *p, const char *const *front,
               const char *const *words, const struct buf *input, struct err *err)
{
	static const char *const environment[] = {
		"env", "-u", "GIT_LFS_SKIP_SMUDGE", "-u", "GIT_LFS_SKIP_PUSH", passed_on,
		"git", "-c", "lfs.fetchinclude=",   "-c", "lfs.fetchexclude=", NULL
	};
	const char *argv[WORDS_MAX] = { NULL };
	struct buf said = BUF_INIT, printed = BUF_INIT;
	int status;

	add_words(argv, front);
	add_words(argv, environment);
	for (size_t i = 0; i < p->count; i++)
		add_words(argv, (const char *[]){ "-c", p->settings[i], NULL });
	add_words(argv, words);
	int rc = git_run(argv,
	                 &(struct git_run_io){
				 .input = input, .output = &printed, .errors = &said },
	                 &status, err);
	if (!rc && status)
		rc = say_why(&said, err);
	buf_wipe(&said);
	buf_wipe(&printed);
	return rc;
}

/* Where it is told not to mind, git-lfs prints the pointer in the place of the object. */
static int check_size(const struct temp_file *temp, const struct lfs_message *m,
                      struct err *err)
{
	struct stat st;

	if (fstat(temp->fd, &st))
		return err_errno(err, "cannot look at %s", temp->path);
	if ((uint64_t)st.st_size != m->size)
		return err_set(err, ERR_MISSING,
		               "no branch or tag here names a store of git-zllm, and "
		               "git-lfs without one did not get this object");
	return 0;
}

int pass_through_download(const struct pass_through *p, const struct git_paths *paths,
                          const struct lfs_message *m, char **path, struct err *err)
{
	static const char *const words[] = { "lfs", "smudge", NULL };
	struct temp_file temp = TEMP_FILE_INIT;
	struct buf pointer = BUF_INIT;

	buf_addf(&pointer,
	         "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %llu\n",
	         m->oid_text, (unsigned long long)m->size);
	int rc = temp_file_create(paths, &temp, err);
	const char *const front[] = { "sh", "-c", "o=$0; exec \"$@\" >\"$o\"", temp.path,
		                      NULL };
	if (!rc)
		rc = run(p, front, words, &pointer, err);
	if (!rc)
		rc = check_size(&temp, m, err);
	if (!rc)
		rc = temp_file_keep(&temp, path, err);
	temp_file_discard(&temp);
	report_trace("download %s: passed on to git-lfs%s", m->oid_text,
	             rc ? ", which failed" : "");
	buf_wipe(&pointer);
	return rc;
}

int pass_through_upload(const struct pass_through *p, const struct lfs_message *m,
                        struct err *err)
{
	static const char *const nothing[] = { NULL };
	const char *const words[] = { "lfs",     "push",      "--object-id",
		                      p->remote, m->oid_text, NULL };
	int rc = run(p, nothing, words, NULL, err);

	report_trace("upload %s: passed on to git-lfs%s", m->oid_text,
	             rc ? ", which failed" : "");
	return rc;
}
