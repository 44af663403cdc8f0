/*
 * A file as the remote has it on its default branch now, whatever of the remote is in this
 * clone. The clone is not touched: what is fetched, one commit and its trees where the server
 * can leave out the rest, lies in a repository aside (repo_aside.h).
 */
#ifndef ZLLM_REMOTE_HEAD_H
#define ZLLM_REMOTE_HEAD_H

struct buf;
struct err;
struct git_paths;

/* Appends the bytes of the file `name` at HEAD of `remote` (a name or a URL). 0; 1 when it has
 * no such file; ERR_IO when it cannot be asked. */
int remote_head_file(const struct git_paths *paths, const char *remote, const char *name,
                     struct buf *out, struct err *err);

#endif
