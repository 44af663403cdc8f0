/* The name of a commit. Plain data. */
#ifndef ZLLM_COMMIT_ID_H
#define ZLLM_COMMIT_ID_H

enum { COMMIT_HEX = 64 }; /* digits; room for SHA-256 repositories */

struct commit_id {
	char hex[COMMIT_HEX + 1];
};

#endif
