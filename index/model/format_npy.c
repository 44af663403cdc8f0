/* A NumPy array in a file of its own: a header, and its values. It has no name but that of
 * the file, so its tensor has none. What lies behind it (numpy.save() appends to open
 * files) is a gap. */
#include <stdlib.h>

#include "codec/common/err.h"
#include "index/model/extent.h"
#include "index/model/format_table.h"
#include "index/model/npy_header.h"
#include "index/model/tensor_list.h"
#include "index/work/file_range.h"

static bool may_be_npy(const uint8_t *start, size_t n, uint64_t size)
{
	size_t header = n < NPY_START ? 0 : npy_header_size(start);

	return header && header <= size;
}

static int one_tensor(const struct npy_header *h, uint64_t header, uint64_t size,
                      struct extents *out, struct err *err)
{
	struct tensor_list list = TENSOR_LIST_INIT;
	const struct extent tensor = { .kind = EXTENT_TENSOR,
		                       .offset = header,
		                       .size = h->data_size,
		                       .name = "",
		                       .dtype = h->dtype,
		                       .dims = h->dims,
		                       .dim_count = h->dim_count };

	int rc = tensor_list_add(&list, &tensor);
	if (!rc)
		rc = tensor_list_finish(&list, MODEL_NPY, size, out, err);
	tensor_list_wipe(&list);
	return rc;
}

static int scan_npy(int fd, uint64_t size, struct extents *out, struct err *err)
{
	uint8_t bytes[NPY_START];
	struct npy_header header;
	int rc = file_range_read(fd, 0, bytes, sizeof(bytes), err);

	if (rc)
		return rc;
	size_t n = npy_header_size(bytes);
	if (!n || n > size)
		return 1;
	uint8_t *text = malloc(n);
	if (!text)
		return err_nomem(err, "the header of an array");
	rc = file_range_read(fd, 0, text, n, err);
	if (!rc && (!npy_header_parse(text, n, &header) || header.data_size > size - n))
		rc = 1;
	free(text);
	return rc ? rc : one_tensor(&header, n, size, out, err);
}

const struct model_format format_npy = {
	.kind = MODEL_NPY,
	.name = "npy",
	.has_tensors = true,
	.may_have = MODEL_MAY_HAVE(EXTENT_HEADER) | MODEL_MAY_HAVE(EXTENT_TENSOR) |
	            MODEL_MAY_HAVE(EXTENT_GAP),
	.sniff = may_be_npy,
	.scan = scan_npy,
};
