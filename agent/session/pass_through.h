/*
 * What git-lfs would do without us. Where the user's configuration says of a git server that
 * its LFS objects are ours (agent/where/server_key.h), git-lfs starts us also for a clone in
 * which nothing names a store: that of a repository which never had one, or whose files were
 * never moved. Its objects go the way that they would go without that key: git-lfs is run for
 * each of them, with the key taken back.
 *
 * Thread rule: one thread at a time.
 */
#ifndef ZLLM_PASS_THROUGH_H
#define ZLLM_PASS_THROUGH_H

#include <stdint.h>

struct err;
struct git_paths;
struct lfs_config;
struct lfs_message;
struct pass_through;

/* For transfers with `remote` (a name or a URL; may be NULL). 0; 1 where it is no such key
 * that brought git-lfs here, or where it is we who started that git-lfs. */
int pass_through_new(const struct lfs_config *config, const char *remote,
                     struct pass_through **out, struct err *err);

/* Brings the object that `m` asks for into a file in git-lfs's tmp folder, whose path the
 * caller frees. The error says what git-lfs said. git-lfs proves the bytes. */
int pass_through_download(const struct pass_through *p, const struct git_paths *paths,
                          const struct lfs_message *m, char **path, struct err *err);

/* Sends the object that `m` offers, from git-lfs's storage. */
int pass_through_upload(const struct pass_through *p, const struct lfs_message *m,
                        struct err *err);

/* NULL is fine. */
void pass_through_free(struct pass_through *p);

#endif
