/*
 * Git servers whose LFS objects are ours, in the user's configuration (server_key.h): for
 * clones of which nothing that is checked out names a store.
 */
#ifndef ZLLM_SERVER_INSTALL_H
#define ZLLM_SERVER_INSTALL_H

struct err;
struct git_scope;

/* Sets the key for a remote: its URL, or its name here. 0; 1 where no such key can be made
 * of the URL (a relative path). */
int server_install_add(const struct git_scope *scope, const char *remote,
                       struct err *err);

/* Removes all such keys whose value is ours. */
int server_install_remove(const struct git_scope *scope, struct err *err);

#endif
