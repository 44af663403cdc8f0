/*
 * A file that appears whole under its name, or not at all: written under another
 * name beside it, made durable, and then renamed over what was there.
 */
#ifndef ZLLM_FILE_REPLACE_H
#define ZLLM_FILE_REPLACE_H

struct err;

struct file_replace {
	int fd;     /* open for reading and writing; -1 when there is none */
	char *path; /* what it will be called; owned */
	char *temp; /* what it is called until then; owned */
};

#define FILE_REPLACE_INIT      \
	{                      \
		-1, NULL, NULL \
	}

/* Begins the file that is to be `path`, with the mode that the umask gives.
 * ERR_INPUT when something other than a file has that name. */
int file_replace_begin(const char *path, struct file_replace *out, struct err *err);

/* Makes it durable and gives it its name. Ends it, whatever the answer. */
int file_replace_commit(struct file_replace *f, struct err *err);

/* Removes it, unless it was committed. */
void file_replace_abort(struct file_replace *f);

#endif
