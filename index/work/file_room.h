/*
 * Room on the disk for a file whose size is known before its bytes come. A disk that is
 * too small says so now and not after an hour, and is as full afterwards as before.
 *
 * What is free is asked for first: fallocate() takes every free block before it says
 * that they are too few, and meanwhile no other program can write. Then they are taken,
 * so that nobody else does; where that fails all the same, they are given back. The
 * system call itself is used, never glibc's posix_fallocate(): on a file system that
 * cannot reserve (NFS before 4.2) that writes a byte into every block instead.
 *
 * Thread rule: one thread at a time for each file.
 */
#ifndef ZLLM_FILE_ROOM_H
#define ZLLM_FILE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* Reserves `size` bytes for the file, counting those it has, and sets its size to that.
 * 0, also where the file system cannot reserve and says that as much is free; ERR_IO with
 * what does not fit where, and the file is then as it was. */
int file_room_take(int fd, uint64_t size, struct err *err);

/* Gives back what is reserved where nothing was written. The bytes stay, and so does the
 * size. */
void file_room_give_back(int fd);

/* Whether anything was written into the file, as far as the file system tells. */
bool file_room_has_bytes(int fd);

/* Whether the disk has free what the file lacks to be `size` bytes long; true where the
 * file system does not say. */
bool file_room_is_there(int fd, uint64_t size);

#endif
