/*
 * A tensor's sketch as data: what tensor_sketch.h makes and compares, and what stands in
 * manifests and in the keys of markers.
 */
#ifndef ZLLM_SKETCH_H
#define ZLLM_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SKETCH_VALUES = 24,
	SKETCH_BYTES = 2 * SKETCH_VALUES /* as it stands in keys and manifests */
};

struct tensor_sketch {
	bool known;
	uint8_t band;
	uint8_t values[SKETCH_BYTES]; /* 16 bits each, the high byte first */
};

#endif
