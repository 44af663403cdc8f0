/* The URL of the store that a person types. */
#ifndef ZLLM_TYPED_STORE_H
#define ZLLM_TYPED_STORE_H

struct buf;
struct err;

/* Appends it, without our options: a folder becomes zllm::/its/absolute/path, unless it says
 * of itself where it starts; "zllm::..." and "https://zllm.invalid/..." stay. */
int typed_store_add(const char *typed, struct buf *out, struct err *err);

#endif
