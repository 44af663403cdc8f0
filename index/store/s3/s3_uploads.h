/*
 * What S3 says of uploads in parts that were begun and not ended (ListMultipartUploads).
 */
#ifndef ZLLM_S3_UPLOADS_H
#define ZLLM_S3_UPLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "index/store/s3/s3_answer.h"

enum { S3_UPLOAD_ID_MAX = 768 };

struct s3_unfinished {
	const char *key; /* as it stands there; valid during the call, as the next */
	const char *id;
	int64_t begun; /* seconds since 1970; -1: it does not say */
};

/* Where the next page begins. */
struct s3_uploads_page {
	bool more;
	char key_marker[S3_KEY_MAX], id_marker[S3_UPLOAD_ID_MAX];
};

/* Calls `each` for every upload of a page; non-zero ends it and is returned. One whose key
 * or id does not fit, or lacks, is passed over. ERR_DAMAGED when the text is not such a
 * page. */
int s3_uploads_parse(const void *text, size_t size,
                     int (*each)(void *ctx, const struct s3_unfinished *upload),
                     void *ctx, struct s3_uploads_page *out);

#endif
