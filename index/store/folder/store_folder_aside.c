/*
 * What is at a key goes out of sight, whatever it is: a rename moves a file, a folder, a
 * link or a FIFO alike, and it happens wholly or not at all. The name that it goes to was
 * never used before, so nothing is ever replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/store/folder/store_folder_private.h"
#include "index/store/folder/store_folder_rename.h"
#include "index/store/trash_keys.h"
#include "index/work/random_name.h"

/* Two names of the store, and the folders that they lie in, open. */
struct two_names {
	int folders[2];
	const char *names[2];
	const char *keys[2];
};

static void two_names_close(struct two_names *t)
{
	for (int i = 0; i < 2; i++)
		if (t->folders[i] >= 0)
			close(t->folders[i]);
}

/* 0, or -1 and errno: nothing is open then. */
static int two_names_open(const struct folder *f, const char *from, const char *to,
                          struct two_names *t)
{
	*t = (struct two_names){ { -1, -1 }, { NULL, NULL }, { from, to } };
	for (int i = 0; i < 2; i++)
		t->folders[i] = store_folder_path_open_parent(f, t->keys[i],
		                                              &t->names[i]);
	if (t->folders[0] >= 0 && t->folders[1] >= 0)
		return 0;
	int why = errno;
	two_names_close(t);
	errno = why;
	return -1;
}

/* The name is random: where a rename cannot be told to spare what is there, nothing is. */
static int rename_fresh(const struct two_names *t)
{
	if (!store_folder_rename_sparing(t->folders[0], t->names[0], t->folders[1],
	                                 t->names[1]))
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -1;
	return store_folder_rename_over(t->folders[0], t->names[0], t->folders[1],
	                                t->names[1]);
}

/* Makes the name that something has now durable, and then that it lacks the other. */
static int sync_both(const struct folder *f, const struct two_names *t, struct err *err)
{
	char parent[KEY_MAX];
	int rc = 0;

	for (int i = 1; i >= 0 && !rc; i--) {
		store_folder_path_parent(t->keys[i], parent);
		rc = store_folder_sync_names(f, t->folders[i], parent, err);
	}
	return rc;
}

/* 0; 1 when nothing has the name `key`; 2 where a folder vanished meanwhile. */
static int move_once(const struct folder *f, const char *key, const char *trash,
                     struct err *err)
{
	struct two_names t;
	struct stat st;
	int rc = two_names_open(f, key, trash, &t);

	if (rc)
		return errno == ENOENT ? 2
		                       : store_folder_path_refused(f, "moving", key, err);
	if (fstatat(t.folders[0], t.names[0], &st, AT_SYMLINK_NOFOLLOW))
		rc = errno == ENOENT ? 1 : store_folder_path_error(f, "moving", key, err);
	else if (!rename_fresh(&t))
		rc = sync_both(f, &t, err);
	else
		rc = errno == ENOENT ? 2
		                     : store_folder_path_refused(f, "moving", key, err);
	two_names_close(&t);
	return rc;
}

/* Whether the folder of `key` is not there, so that the key is not either. */
static bool has_no_folder(const struct folder *f, const char *key)
{
	const char *name;
	int in = store_folder_path_open_parent(f, key, &name);

	if (in >= 0)
		close(in);
	return in < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static int set_aside(const struct folder *f, const char *key, const char *trash,
                     struct err *err)
{
	for (int tries = 0; tries < FOLDER_TRIES; tries++) {
		if (has_no_folder(f, key))
			return 1;
		int rc = store_folder_tree_make(f, trash, err);
		if (!rc)
			rc = move_once(f, key, trash, err);
		if (rc == 1 || rc <= 0)
			return rc;
	}
	return err_set(err, ERR_IO, "store %s: the folders of %s keep vanishing", f->path,
	               trash);
}

int store_folder_set_aside(struct store *s, const char *key, const char *trash,
                           struct err *err)
{
	const struct folder *f = (const struct folder *)s;
	struct err why = ERR_INIT;
	int rc = set_aside(f, key, trash, &why);

	if (rc < 0 && store_folder_reserve_spend(f, trash))
		return set_aside(f, key, trash, err);
	if (rc < 0 && err)
		*err = why;
	return rc;
}

static const char *kind_name(mode_t mode)
{
	return S_ISDIR(mode)    ? "a folder"
	       : S_ISLNK(mode)  ? "a symbolic link"
	       : S_ISFIFO(mode) ? "a FIFO"
	       : S_ISSOCK(mode) ? "a socket"
	                        : "a device";
}

/* What was moved may be a plain file that came in the moment before: it goes back. */
static int look_at_moved(const struct folder *f, const char *trash, const char *key,
                         struct err *err)
{
	struct stat st;

	if (fstatat(f->root, trash, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return 0;
	int rc = store_restore((struct store *)(uintptr_t)&f->base, trash, key, err);
	return rc < 0 ? rc : FOLDER_PLAIN;
}

int store_folder_clear_foreign(const struct folder *f, const char *key, struct err *err)
{
	struct store *s = (struct store *)(uintptr_t)&f->base;
	char nonce[FOLDER_NONCE_HEX + 1], trash[KEY_MAX];
	struct stat st;

	if (fstatat(f->root, key, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT
		               ? 0
		               : err_errno(err, "store %s: looking at %s", f->path, key);
	if (S_ISREG(st.st_mode))
		return FOLDER_PLAIN;
	int rc = random_name(nonce, err);
	if (rc)
		return rc;
	if (!key_trash(key, nonce, trash))
		return err_set(err, ERR_DAMAGED,
		               "store %s: %s is %s and not a plain file; move it away",
		               f->path, key, kind_name(st.st_mode));
	rc = store_folder_set_aside(s, key, trash, err);
	if (rc < 0)
		return err_context(err, "%s is %s and not a plain file", key,
		                   kind_name(st.st_mode));
	return rc ? 0 : look_at_moved(f, trash, key, err);
}

/* A link, which takes no space: the entry stays. We never remove the folders of `key`, in
 * which it lay; but what copies a store may leave out those that are empty. */
int store_folder_restore(struct store *s, const char *trash, const char *key,
                         struct err *err)
{
	const struct folder *f = (const struct folder *)s;
	struct two_names t;
	struct stat st;
	int rc = 0;

	if (has_no_folder(f, key) && !has_no_folder(f, trash))
		rc = store_folder_tree_make(f, key, err);
	if (rc)
		return rc;
	if (two_names_open(f, trash, key, &t))
		return errno == ENOENT
		               ? 1
		               : store_folder_path_refused(f, "restoring", key, err);
	if (fstatat(t.folders[0], t.names[0], &st, AT_SYMLINK_NOFOLLOW))
		rc = errno == ENOENT ? 1
		                     : store_folder_path_error(f, "restoring", key, err);
	else if (linkat(t.folders[0], t.names[0], t.folders[1], t.names[1], 0) &&
	         errno != EEXIST)
		rc = STORE_RESTORE_BY_COPY;
	else
		rc = sync_both(f, &t, err);
	two_names_close(&t);
	return rc;
}
