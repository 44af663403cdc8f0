/*
 * Files of a worktree that we read or write: .lfsconfig, .zllm, .gitattributes, and
 * hooks in a tracked folder. Whoever wrote the repository chose what stands at these
 * names: a symbolic link leads what is written through it out of the worktree, and a
 * FIFO or a device keeps its reader forever.
 *
 * These look before a file is opened, by us or by the program that we start for it.
 * That is enough: a repository's content does not change between the two. Any thread.
 */
#ifndef ZLLM_WORKTREE_FILE_H
#define ZLLM_WORKTREE_FILE_H

struct err;

/* What a person writes into one of these files by hand is far below it, in bytes. */
enum { WORKTREE_FILE_MAX = 1 << 20 };

/* Whether the file `name`, a path below the folder `worktree`, may be written: neither
 * it nor a folder on the way to it is a symbolic link, and where it is there, it is a
 * plain file of at most WORKTREE_FILE_MAX bytes. 0, or ERR_CONFIG with a sentence. */
int worktree_file_check_write(const char *worktree, const char *name, struct err *err);

/* The same for a folder that files are written into: each part of `name` that is there
 * is a folder, and none is a symbolic link. */
int worktree_file_check_folder(const char *worktree, const char *name, struct err *err);

/* Whether the file at `path` can be read to its end, and soon: a plain file of at most
 * WORKTREE_FILE_MAX bytes, or a link to one. 0; 1 when there is none; ERR_CONFIG. */
int worktree_file_check_read(const char *path, struct err *err);

#endif
