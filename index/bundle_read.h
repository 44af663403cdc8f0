/*
 * The file back from its bundle: a download whose store is that one file.
 */
#ifndef ZLLM_BUNDLE_READ_H
#define ZLLM_BUNDLE_READ_H

struct err;
struct local_model;

struct bundle_source {
	const char *name;         /* of the bundle, for messages */
	int fd;                   /* open for reading */
	struct local_model *base; /* opened; or NULL */
	unsigned threads;         /* the caller's counted; 0: one for each CPU */
};

/*
 * Restores the object into the empty file `out_fd`, open for reading and writing, and
 * proves it by its SHA-256. ERR_INPUT when it is not a bundle, holds something else than
 * one object, or needs a base that was not given; ERR_DAMAGED, ERR_MISMATCH, ERR_FORMAT.
 * What was written is then to be thrown away.
 */
int bundle_read(const struct bundle_source *source, int out_fd, struct err *err);

#endif
