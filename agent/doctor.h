/*
 * What `git zllm doctor` examines, in order: the programs and the user's configuration,
 * the repository, the store. Each part adds its findings and goes on as far as it can.
 */
#ifndef ZLLM_DOCTOR_H
#define ZLLM_DOCTOR_H

struct checkup;
struct err;
struct lfs_config;

/* git, git-lfs, the keys by which git-lfs finds us, and that they lead to a program. */
void doctor_setup(struct checkup *c, const struct lfs_config *config);

/* The hook of the repository of the current directory. */
void doctor_hook(struct checkup *c);

/* The repository of the current directory, its hook and its store, or the store that
 * `named` names: found, opened, each verb tried, its clock compared. */
void doctor_store(struct checkup *c, const struct lfs_config *config, const char *named);

#endif
