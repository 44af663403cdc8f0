/*
 * What `git zllm doctor` examines, in order: the programs and the user's configuration,
 * the repository, the store. Each part adds its findings and goes on as far as it can.
 */
#ifndef ZLLM_DOCTOR_H
#define ZLLM_DOCTOR_H

struct checkup;
struct git_paths;
struct lfs_config;
struct store;

/* git, git-lfs, the keys by which git-lfs finds us, and that they lead to a program. */
void doctor_setup(struct checkup *c, const struct lfs_config *config);

/* The hook of the repository of the current directory. */
void doctor_hook(struct checkup *c);

/* How git's history is read for the bases it may name, and what of it is not here. */
void doctor_history(struct checkup *c, const struct git_paths *paths);

/* What is known of the servers of its remotes; `top` is its worktree, or NULL. */
void doctor_servers(struct checkup *c, const char *top);

/* The repository of the current directory, its hook and its store, or the store that
 * `named` names: found, opened, each verb tried, its clock compared. */
void doctor_store(struct checkup *c, const struct lfs_config *config, const char *named);

/* The settings of the cache of bases and of look-ahead, as they are for `store`. */
void doctor_cache(struct checkup *c, const struct lfs_config *config,
                  const struct store *store);

#endif
