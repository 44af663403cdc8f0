/*
 * Which files were imported, kept from one run to the next, so that one that was cut need
 * not hash again what nobody has touched since:
 *
 *     device, inode, size, times of modification and of change  ->  SHA-256
 *
 * Only a memory: a file that it knows is still looked at where the store has it (object_look.h
 * compares a glance at it), and one that was touched within two seconds before it was
 * hashed is not remembered. The file, <folder of the cache>/imports, has a line for each,
 * and may be deleted at any time; several processes may write to it.
 */
#ifndef ZLLM_IMPORT_MEMORY_H
#define ZLLM_IMPORT_MEMORY_H

struct batch;
struct batch_file;
struct lfs_config;

struct import_memory {
	int fd; /* appended to; -1: nothing is remembered */
};

/* Fills in what is known of the files of `b`, and opens it for more. Never fails. */
void import_memory_open(struct import_memory *m, const struct lfs_config *config,
                        struct batch *b);
void import_memory_close(struct import_memory *m);

/* The file is in the store. */
void import_memory_add(struct import_memory *m, const struct batch_file *file);

#endif
