/*
 * The key of git's configuration that brings us what git-lfs would take to the LFS server
 * of a git server: lfs.https://host/team/models.git.standalonetransferagent. With it a
 * repository's objects come to us also where nothing that is checked out names a store: at
 * commits from before `git zllm init`, and before anything is checked out, as CI systems
 * do it. The store is then that of another branch or tag (ref_stores.h).
 */
#ifndef ZLLM_SERVER_KEY_H
#define ZLLM_SERVER_KEY_H

struct buf;

#define SERVER_KEY_FRONT "lfs."
#define SERVER_KEY_END ".standalonetransferagent"

/* Appends the key for the git server at `url`, as git names it: https, http, ssh and
 * host:path, git, file and absolute paths. What a URL has of users and passwords is left
 * out. 0; 1 where git-lfs has no LFS server for such a URL. Any thread. */
int server_key(const char *url, struct buf *out);

#endif
