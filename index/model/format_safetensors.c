/* safetensors: a length field, a text that names the tensors, and their bytes. */
#include <stdlib.h>

#include "codec/common/err.h"
#include "codec/common/le.h"
#include "index/model/extent.h"
#include "index/model/format_table.h"
#include "index/model/safetensors.h"
#include "index/work/file_range.h"

enum { LENGTH_SIZE = 8 }; /* bytes of the length field */

static bool may_be_safetensors(const uint8_t *start, size_t n, uint64_t size)
{
	if (n < LENGTH_SIZE)
		return false;
	uint64_t length = le64_load(start);
	return length <= SAFETENSORS_HEADER_MAX && length <= size - LENGTH_SIZE;
}

static int scan_safetensors(int fd, uint64_t size, struct extents *out, struct err *err)
{
	uint8_t field[LENGTH_SIZE];
	struct err why = ERR_INIT;
	int rc = file_range_read(fd, 0, field, sizeof(field), err);

	if (rc)
		return rc;
	if (!may_be_safetensors(field, sizeof(field), size))
		return 1;
	size_t n = LENGTH_SIZE + (size_t)le64_load(field);
	uint8_t *bytes = malloc(n);
	if (!bytes)
		return err_nomem(err, "the header of a safetensors file");
	rc = file_range_read(fd, 0, bytes, n, err);
	if (rc) {
		free(bytes);
		return rc;
	}
	rc = safetensors_parse(bytes, n, size, out, &why);
	return rc < 0 ? err_set(err, rc, "%s", why.text) : rc;
}

const struct model_format format_safetensors = {
	.kind = MODEL_SAFETENSORS,
	.name = "safetensors",
	.has_tensors = true,
	.may_have = MODEL_MAY_HAVE(EXTENT_HEADER) | MODEL_MAY_HAVE(EXTENT_TENSOR) |
	            MODEL_MAY_HAVE(EXTENT_GAP),
	.sniff = may_be_safetensors,
	.scan = scan_safetensors,
};
