/*
 * What is known of the programs that serve git repositories and keep LFS objects of their
 * own: what each does with pointers to objects that lie elsewhere, in ours. Known by the
 * remote's URL and by files in the worktree alone: nothing is sent.
 */
#ifndef ZLLM_FORGE_H
#define ZLLM_FORGE_H

#include <stdbool.h>
#include <stddef.h>

enum { FORGE_HOST_MAX = 256 }; /* bytes, with the NUL */

struct forge {
	const char *name;  /* "GitLab" */
	const char *words; /* what it does, and what to do: follows "it " */
};

/* The host of a remote's URL, in lower case, without user, password and port: of
 * scheme://[user[:password]@]host[:port]/path and [user@]host:path. False for a path on
 * this machine, and for what is no URL. */
bool forge_host(const char *url, char host[FORGE_HOST_MAX]);

/* The forge behind a URL, by its host or its user's name (gitea@...); NULL when unknown. */
const struct forge *forge_of_url(const char *url);

/* The forge that a worktree is made for, by a file of its own (.gitlab-ci.yml), whose name
 * *file becomes; NULL when there is none. */
const struct forge *forge_of_worktree(const char *top, const char **file);

#endif
