/*
 * What a file format is: how people call it, and how a file of it becomes extents. Each
 * is a const struct in a file of its own, format_NAME.c; format_table.h finds them.
 *
 * Content alone decides, never a name. A format that is unsure of a file leaves it to
 * the next one; the last, opaque, takes everything. So nothing is refused, and a fault
 * in a format costs space at the worst, never a byte.
 * Thread rule: calls for different files may run at once.
 */
#ifndef ZLLM_MODEL_FORMAT_H
#define ZLLM_MODEL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct extents;

enum { MODEL_START = 16 }; /* bytes of a file's beginning by which it is recognised */

/*
 * The formats: name in capitals, name. The order is that in which a file is offered to
 * them; opaque comes after them all. A new format is a line here and a file,
 * format_NAME.c, that defines format_NAME. The names stand in manifests and never change
 * (docs/format-manifest.md); the numbers do not.
 */
#define MODEL_FORMATS(FORMAT)            \
	FORMAT(SAFETENSORS, safetensors) \
	FORMAT(NPY, npy)                 \
	FORMAT(NPZ, npz)

#define MODEL_KIND(NAME, name) MODEL_##NAME,
enum model_kind { MODEL_OPAQUE, MODEL_FORMATS(MODEL_KIND) };
#undef MODEL_KIND

/* Sets of enum extent_kind. */
#define MODEL_MAY_HAVE(kind) (1u << (kind))

struct model_format {
	enum model_kind kind;
	const char *name; /* for people, and for manifests */

	/* A model: its tensors are compared by name, serve as bases, and have records of
	 * their own. Other files are compared and, while they are small, kept whole. */
	bool has_tensors;

	unsigned may_have; /* kinds of extents, MODEL_MAY_HAVE() each */

	/* Whether the file of `size` bytes may be one, by its first `n` bytes: MODEL_START
	 * of them, or all it has. */
	bool (*sniff)(const uint8_t *start, size_t n, uint64_t size);

	/* Finds the extents of the file `fd` of `size` bytes, which sniff() found likely:
	 * 0 with *out, which covers the file; 1 where it is not one after all; or ERR_IO,
	 * ERR_NOMEM, ERR_MISMATCH where the file ends early. Memory follows what the file
	 * has, not what it says. */
	int (*scan)(int fd, uint64_t size, struct extents *out, struct err *err);
};

#endif
