/*
 * Whether this git-lfs runs a program that a repository names.
 *
 * Before 3.8.1 (CVE-2026-105803) git-lfs takes every key of .lfsconfig that ends in
 * ".access" for a harmless one, and its match of lfs.customtransfer.<name>.path is not
 * anchored: lfs.customtransfer.zllm.path.access in a repository is then the program that a
 * clone runs in place of git-zllm. Nothing that git-zllm does comes before that. Vendors
 * mend old versions, so a number says little: it is tried.
 */
#ifndef ZLLM_LFS_TRIAL_H
#define ZLLM_LFS_TRIAL_H

enum lfs_trial {
	LFS_TRIAL_CLOSED, /* only the user's configuration names programs */
	LFS_TRIAL_OPEN,
	LFS_TRIAL_UNKNOWN /* git-lfs is missing, or it could not be tried */
};

/* What to do about LFS_TRIAL_OPEN, and what it means, for a person. */
#define LFS_TRIAL_WORDS                                                               \
	"the .lfsconfig of a repository can make this git-lfs run a program of that " \
	"repository (CVE-2026-105803)"
#define LFS_TRIAL_REMEDY \
	"upgrade git-lfs to 3.8.1 or later; until then clone only from people you trust"

/* Tries it in a repository of its own in $TMPDIR or /tmp, which is removed; no
 * configuration but that repository's is read, and nothing of it is run. Starts git and
 * git-lfs. */
enum lfs_trial lfs_trial_run(void);

#endif
