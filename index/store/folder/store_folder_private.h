/*
 * What the parts of the folder store share. Keys are paths relative to the
 * store's folder, which is held open: nothing is ever joined to a path, and a
 * disk mounted over it later cannot get half of our files.
 */
#ifndef ZLLM_STORE_FOLDER_PRIVATE_H
#define ZLLM_STORE_FOLDER_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "index/store/store.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store_keys.h"

enum {
	FOLDER_NONCE_HEX = 32,
	FOLDER_TEMP_MAX = 4 + FOLDER_NONCE_HEX + 1, /* "tmp/" and a nonce */
	FOLDER_TRIES = 5 /* at making a folder that somebody else removes */
};

/* Constant once open, so that any number of threads may use it. */
struct folder {
	struct store base;
	int root; /* the store's folder */
	struct store_folder_modes modes;
	char path[]; /* as given, for messages */
};

/* store_folder.c: openat() below the store's folder, once more after ESTALE. A
 * descriptor, or -1 and errno. */
int store_folder_openat(const struct folder *f, const char *path, int flags);

/* store_folder_write.c, store_folder_list.c: the verbs put and list. */
int store_folder_put(struct store *s, const char *key, size_t head_size,
                     struct store_writer **out, struct err *err);
int store_folder_list(struct store *s, const char *prefix, store_each_fn *each, void *ctx,
                      struct err *err);

/* store_folder_aside.c: the verbs that move out of sight, and give back. */
int store_folder_set_aside(struct store *s, const char *key, const char *trash,
                           struct err *err);
int store_folder_restore(struct store *s, const char *trash, const char *key,
                         struct err *err);

/* Something has the name `key`. FOLDER_PLAIN when it is a plain file, or was one that had
 * just come; 0 when it is gone, moved out of sight where it was a folder, a link, a FIFO
 * or a socket; or negative. */
enum { FOLDER_PLAIN = 3 };
int store_folder_clear_foreign(const struct folder *f, const char *key, struct err *err);

/* store_folder_tree.c: the folder that `key` lies in; "." for the store's own. */
void store_folder_tree_parent(const char *key, char parent[KEY_MAX]);

/* Makes the folders that `key` lies in as far as they are missing, with their
 * mode whatever the umask, and durable. 0; 1 when one was removed meanwhile, so
 * that another try may do; or negative. */
int store_folder_tree_make(const struct folder *f, const char *key, struct err *err);

/* Makes the names in `folder` durable. */
int store_folder_tree_sync(const struct folder *f, const char *folder, struct err *err);

/* Whether chmod() failed with `errnum` because the file system has no modes. */
bool store_folder_tree_modeless(int errnum);

/* store_folder_temp.c: FOLDER_NONCE_HEX random digits and a NUL. */
int store_folder_temp_nonce(char nonce[FOLDER_NONCE_HEX + 1], struct err *err);

/* Creates an empty temporary file, open for writing as *fd, readable by its
 * owner only. */
int store_folder_temp_new(const struct folder *f, char temp[FOLDER_TEMP_MAX], int *fd,
                          struct err *err);

#endif
