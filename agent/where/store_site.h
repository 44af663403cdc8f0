/* Which folders may not become stores. */
#ifndef ZLLM_STORE_SITE_H
#define ZLLM_STORE_SITE_H

struct err;

/* ERR_INPUT where the folder is the top of a worktree or a bare repository: a store's files
 * would be mixed with git's, and `git add` or `git gc` would take them. */
int store_site_check(const char *folder, struct err *err);

#endif
