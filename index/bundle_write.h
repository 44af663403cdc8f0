/*
 * A file into a bundle of its own (docs/format-bundle.md): an upload whose store is
 * that one file.
 */
#ifndef ZLLM_BUNDLE_WRITE_H
#define ZLLM_BUNDLE_WRITE_H

#include "index/upload.h"

struct codec;
struct err;
struct local_model;

struct bundle_request {
	struct local_model *model; /* opened; its extents are used up */
	struct local_model *base;  /* opened; or NULL */
	const struct codec *codec; /* of every tensor that it can code; NULL: tried */
	const char *name;          /* of the bundle, for messages */
	int fd;                    /* an empty file, open for reading and writing */
	unsigned threads;          /* the caller's counted; 0: one for each CPU */
};

/* Hashes the files and writes the bundle; it is durable when this returns 0. */
int bundle_write(const struct bundle_request *request, struct upload_result *out,
                 struct err *err);

#endif
