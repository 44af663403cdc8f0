/* What doctor says of the servers that the repository's remotes lie on (forge.h). */
#include "agent/cmd/doctor.h"

#include <stdbool.h>
#include <string.h>

#include "agent/git/forge.h"
#include "agent/git/git_run.h"
#include "agent/report/checkup.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

#define AREA "server"

enum { SAID_MAX = 16 };

struct servers {
	struct checkup *checkup;
	const char *top;                     /* of the worktree, or NULL */
	char said[SAID_MAX][FORGE_HOST_MAX]; /* each host once */
	size_t count;
};

static bool is_said(const struct servers *s, const char *host)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->said[i], host) == 0)
			return true;
	return false;
}

static void say_host(struct servers *s, const char *url, const char *host)
{
	const struct forge *forge = forge_of_url(url);
	const char *file = NULL;

	if (forge) {
		checkup_add(s->checkup, FINDING_GOOD, AREA, NULL, "%s is %s: it %s", host,
		            forge->name, forge->words);
		return;
	}
	forge = s->top ? forge_of_worktree(s->top, &file) : NULL;
	if (forge)
		checkup_add(s->checkup, FINDING_GOOD, AREA, NULL,
		            "%s may be %s, as there is %s here: it %s", host, forge->name,
		            file, forge->words);
}

/* "<name> TAB <url> (fetch)": the URL as git uses it, insteadOf included. */
static void say_line(struct servers *s, const char *line, size_t n)
{
	char host[FORGE_HOST_MAX];
	struct buf url = BUF_INIT;
	const char *tab = memchr(line, '\t', n);
	const char *end = tab ? memrchr(line, ' ', n) : NULL;

	if (end && end > tab)
		buf_add(&url, tab + 1, (size_t)(end - tab) - 1);
	if (s->count < SAID_MAX && forge_host(buf_text(&url), host) &&
	    !is_said(s, host)) {
		strcpy(s->said[s->count++], host);
		say_host(s, buf_text(&url), host);
	}
	buf_wipe(&url);
}

void doctor_servers(struct checkup *c, const char *top)
{
	static const char *const argv[] = { "git", "remote", "-v", NULL };
	struct servers servers = { .checkup = c, .top = top };
	struct buf list = BUF_INIT;
	struct err ignored = ERR_INIT;
	int status;

	int rc = git_run(argv, &(struct git_run_io){ .output = &list, .quiet = true },
	                 &status, &ignored);
	const char *line = rc || status ? "" : buf_text(&list);
	while (*line) {
		size_t n = strcspn(line, "\n");
		say_line(&servers, line, n);
		line += n + (line[n] == '\n');
	}
	buf_wipe(&list);
}
