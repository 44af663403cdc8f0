/*
 * Who pushes to a store that .lfsconfig names has said of the git server that its LFS objects
 * are ours. That is kept in the user's configuration as `git zllm install <remote>` would
 * keep it (server_install.h), so that what runs git-lfs before it checks anything out, and
 * who checks out a commit from before `init`, find the store too.
 *
 * A key that is wrong (the repository was made anew with files elsewhere, nothing was ever
 * pushed there) breaks no clone: where no ref here and not the remote's default branch
 * names a store, the agent has git-lfs do what it would do without us
 * (agent/session/pass_through.h). A key names no store and no program, so it cannot lead
 * objects anywhere by itself.
 */
#ifndef ZLLM_SERVER_REMEMBER_H
#define ZLLM_SERVER_REMEMBER_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct lfs_config;

/* Whether the configuration says of the server of `remote` (a name or a URL) that its LFS
 * objects are ours, so that git-lfs starts us for it. */
bool server_is_ours(const struct lfs_config *config, const char *remote);

/* How many servers it says this of. */
size_t server_count_ours(const struct lfs_config *config);

/* To be called when a push to `remote` (a name or a URL) went well. Remembers its server where
 * `git zllm install` was run for this user, .lfsconfig names the store, zllm.remember is not
 * false, and nothing is said of this server yet. 0 when it is remembered now, *server has its
 * address appended; 1 when there was nothing to do; negative when it could not be written. */
int server_remember(const struct lfs_config *config, const char *remote,
                    struct buf *server, struct err *err);

#endif
