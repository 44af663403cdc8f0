/* What the golden stores (README.md) and their maker agree upon. */
#ifndef ZLLM_GOLDEN_STORE_H
#define ZLLM_GOLDEN_STORE_H

#define GOLDEN_OURS "0123456789abcdef0123456789abcdef" /* the repository that prunes */
#define GOLDEN_THEIRS "fedcba9876543210fedcba9876543210"

#endif
