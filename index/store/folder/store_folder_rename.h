/* Renaming between open folders, again where a signal interrupted it. */
#ifndef ZLLM_STORE_FOLDER_RENAME_H
#define ZLLM_STORE_FOLDER_RENAME_H

/* Renames `name` of the folder `from` to `as` in the folder `to`, and spares what is
 * there: EEXIST. 0, or -1 and errno: EINVAL, ENOSYS and others where the file system
 * cannot be told to spare it. */
int store_folder_rename_sparing(int from, const char *name, int to, const char *as);

/* The same, and replaces what is there. */
int store_folder_rename_over(int from, const char *name, int to, const char *as);

#endif
