/* The kernel in plain C, on every machine. Private to codec/. */
#ifndef ZLLM_KERNEL_PORTABLE_H
#define ZLLM_KERNEL_PORTABLE_H

#include "codec/kernel.h"

extern const struct kernel kernel_portable;

#endif
