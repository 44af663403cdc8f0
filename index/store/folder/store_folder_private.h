/*
 * What the parts of the folder store share. Keys are paths relative to the
 * store's folder, which is held open: nothing is ever joined to a path, and a
 * disk mounted over it later cannot get half of our files.
 */
#ifndef ZLLM_STORE_FOLDER_PRIVATE_H
#define ZLLM_STORE_FOLDER_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "index/store/folder/store_folder.h"
#include "index/store/folder/store_folder_mode.h"
#include "index/store/store.h"
#include "index/store/store_keys.h"

enum {
	FOLDER_NONCE_HEX = 32,
	FOLDER_TEMP_MAX = KEY_MAX + 1 + FOLDER_NONCE_HEX + 1, /* in any folder */
	FOLDER_NAMES = 64 * 1024 * 1024, /* bytes, as names_limit */
	FOLDER_TRIES = 5,   /* at making a folder that somebody else removes */
	FOLDER_REPEATS = 32 /* of a call that a signal interrupted */
};

/* Constant once open but for what `seen` points to, so that any number of threads
 * may use it. */
struct folder {
	struct store base;
	int root;             /* the store's folder */
	struct access access; /* what all that is made in it gets */
	struct folder_seen *seen;
	size_t names_limit; /* bytes of names of one folder that a listing keeps */
	char path[]; /* as given, for messages */
};

/* What its file system turned out to be like. */
struct folder_seen {
	atomic_uint lacks;  /* of enum store_folder_promise */
	atomic_bool parted; /* tmp/ is on another disk than some folder of keys */
};

/* ---------------------------------------------------------------- store_folder_path.c */

/* openat() below the store's folder, once more after ESTALE; no part of `path` is
 * followed when it is a symbolic link (ELOOP). A descriptor, or -1 and errno. */
int store_folder_path_open(const struct folder *f, const char *path, int flags,
                           mode_t mode);

/* Opens the folder that `key` lies in; *name is then the rest of the key. */
int store_folder_path_open_parent(const struct folder *f, const char *key,
                                  const char **name);

/* The folder that `key` lies in; "." for the store's own. */
void store_folder_path_parent(const char *key, char parent[KEY_MAX]);

/* The sentence for errno after `doing` ("opening") something to `path`: ERR_IO; or, where
 * errno is ELOOP, which part of it is a symbolic link: ERR_CONFIG when that stands for a
 * folder, ERR_DAMAGED when it stands for the file. */
int store_folder_path_error(const struct folder *f, const char *doing, const char *path,
                            struct err *err);

/* The same after writing: ERR_CONFIG also where we may not, which will be so for all that
 * is written (no permission, a file system that can only be read). */
int store_folder_path_refused(const struct folder *f, const char *doing, const char *path,
                              struct err *err);

/* ---------------------------------------------------------------- the verbs */

/* store_folder_write.c, store_folder_list.c: put and list. */
int store_folder_put(struct store *s, const char *key, size_t head_size,
                     struct store_writer **out, struct err *err);
int store_folder_list(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
                      struct err *err);

/* ---------------------------------------------------------------- store_folder_aside.c */

/* The verbs that move out of sight, and give back. */
int store_folder_set_aside(struct store *s, const char *key, const char *trash,
                           struct err *err);
int store_folder_restore(struct store *s, const char *trash, const char *key,
                         struct err *err);

/* Something has the name `key`. FOLDER_PLAIN when it is a plain file, or was one that had
 * just come; 0 when it is gone, moved out of sight where it was a folder, a link, a FIFO
 * or a socket; or negative. */
enum { FOLDER_PLAIN = 3 };
int store_folder_clear_foreign(const struct folder *f, const char *key, struct err *err);

/* ---------------------------------------------------------------- store_folder_left.c */

/* The verbs of what killed writers left; names are paths below the store's folder. */
int store_folder_list_left(struct store *s, store_left_fn *each, void *ctx,
                           struct err *err);
int store_folder_remove_left(struct store *s, const char *name, struct err *err);

/* ---------------------------------------------------------------- store_folder_reserve.c */

/* The verb that keeps some room. */
void store_folder_reserve_keep(struct store *s);

/* Something could not be written to `key`. True when that is a key of probe/ or trash/: what
 * was kept is room now, and it may be tried once more. */
bool store_folder_reserve_spend(const struct folder *f, const char *key);

/* ---------------------------------------------------------------- store_folder_tree.c */

/* Makes the folders that `key` lies in as far as they are missing, with the store's
 * access whatever the umask, and durable. 0; 1 when one was removed meanwhile, so
 * that another try may do; or negative. */
int store_folder_tree_make(const struct folder *f, const char *key, struct err *err);

/* ---------------------------------------------------------------- store_folder_sync.c */

/* Makes the bytes of a file durable. 0, or -1 and errno: then they may be gone. */
int store_folder_sync_bytes(const struct folder *f, int fd);

/* Makes the names in the folder `fd` durable, which is called `path`. */
int store_folder_sync_names(const struct folder *f, int fd, const char *path,
                            struct err *err);

/* Notes that the file system does not keep a promise. */
void store_folder_sync_lacks(const struct folder *f, enum store_folder_promise promise);

/* ---------------------------------------------------------------- store_folder_place.c */

/* Gives the file `temp` its name: `key`. 0; 1 when the key is there already; or
 * negative. `temp` may be another file afterwards: where tmp/ lies on another disk
 * than the key, a copy in the key's own folder. The caller removes it. */
int store_folder_place(const struct folder *f, char temp[FOLDER_TEMP_MAX],
                       const char *key, struct err *err);

/* ---------------------------------------------------------------- store_folder_temp.c */

/* Creates an empty temporary file for the value of `key`, open for writing as *fd:
 * in tmp/, or, where that is known to be another disk, in the key's own folder. */
int store_folder_temp_new(const struct folder *f, const char *key,
                          char temp[FOLDER_TEMP_MAX], int *fd, struct err *err);

/* The same in the key's own folder in any case. */
int store_folder_temp_beside(const struct folder *f, const char *key,
                             char temp[FOLDER_TEMP_MAX], int *fd, struct err *err);

#endif
