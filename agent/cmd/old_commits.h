/*
 * Commits from before `git zllm init`, or from before a store moved, have no .lfsconfig, or
 * one that names another place: git-lfs asks that when they are checked out or pushed. What
 * this clone's own configuration says can lead it to the store nevertheless:
 *
 *   remote.<name>.lfsurl    where a commit names nothing: below .lfsconfig, so that a
 *                           store that moves later is followed
 *   url.<store>.insteadOf   where a commit names another server
 *
 * Clones to come have only the user's, who has to say it: server_install.h.
 */
#ifndef ZLLM_OLD_COMMITS_H
#define ZLLM_OLD_COMMITS_H

struct checkup;
struct err;
struct lfs_config;

/* Sets both for the store `url`, and says which. Where history names another store of
 * ours, only says the line that leads from there: it may be a mirror that is in use. */
int old_commits_lead(const struct lfs_config *config, const char *url, struct err *err);

/* The finding of `doctor`: branches and tags whose tip has files in git-lfs and leads to
 * no store of ours in this clone, and the line that changes it. Nothing where there are
 * none, or where no ref names a store. */
void doctor_old_commits(struct checkup *c, const struct lfs_config *config);

#endif
