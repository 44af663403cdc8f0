/*
 * NumPy arrays in a zip archive (.npz): a member NAME.npy that is not compressed is a
 * tensor NAME. Everything else, compressed members too, stands between tensors: in the
 * header in front of one, or in the gap at the end, where the directory lies.
 */
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/common/utf8.h"
#include "index/model/extent.h"
#include "index/model/format_table.h"
#include "index/model/npy_header.h"
#include "index/model/tensor_list.h"
#include "index/model/zip_directory.h"
#include "index/work/file_range.h"

#define SUFFIX ".npy"
enum { SUFFIX_SIZE = sizeof(SUFFIX) - 1 };

static bool may_be_npz(const uint8_t *start, size_t n, uint64_t size)
{
	(void)size;
	return n >= ZIP_START && zip_directory_sniff(start);
}

static bool may_be_array(const struct zip_member *m)
{
	return m->stored && m->size >= NPY_START && m->name_size >= SUFFIX_SIZE &&
	       memcmp(m->name + m->name_size - SUFFIX_SIZE, SUFFIX, SUFFIX_SIZE) == 0 &&
	       utf8_is_text(m->name, m->name_size);
}

/* What the members are read with. */
struct reader {
	int fd;
	uint8_t *header; /* NPY_HEADER_MAX bytes */
	char *name;      /* TENSOR_NAME_MAX and a NUL */
	struct tensor_list tensors;
};

/* Reads the header of an array; *n is its size, 0 where it is not one that we read. */
static int read_header(const struct reader *r, const struct zip_member *m,
                       struct npy_header *header, size_t *n, struct err *err)
{
	int rc = file_range_read(r->fd, m->data_at, r->header, NPY_START, err);

	*n = rc ? 0 : npy_header_size(r->header);
	if (*n > m->size)
		*n = 0;
	if (*n)
		rc = file_range_read(r->fd, m->data_at, r->header, *n, err);
	if (!rc && *n &&
	    (!npy_header_parse(r->header, *n, header) ||
	     header->data_size > m->size - *n))
		*n = 0;
	return rc;
}

static int add_array(struct reader *r, const struct zip_member *m, struct err *err)
{
	struct npy_header header;
	size_t name_size = m->name_size - SUFFIX_SIZE, n;
	int rc = read_header(r, m, &header, &n, err);

	if (rc || !n)
		return rc;
	memcpy(r->name, m->name, name_size);
	r->name[name_size] = 0;
	return tensor_list_add(&r->tensors,
	                       &(struct extent){ .kind = EXTENT_TENSOR,
	                                         .offset = m->data_at + n,
	                                         .size = header.data_size,
	                                         .name = r->name,
	                                         .dtype = header.dtype,
	                                         .dims = header.dims,
	                                         .dim_count = header.dim_count });
}

/* Each member is opened, of whatever kind it is: none may lie within another. */
static int read_members(struct reader *r, struct zip_directory *d, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < d->count && !rc; i++) {
		rc = zip_directory_open(r->fd, &d->list[i], err);
		if (!rc && may_be_array(&d->list[i]))
			rc = add_array(r, &d->list[i], err);
	}
	return rc;
}

static int by_text(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* 1 where two tensors have one name. */
static int check_names(const struct extents *x, struct err *err)
{
	const char **names = calloc(x->count, sizeof(*names));
	size_t count = 0;
	int rc = 0;

	if (!names)
		return err_nomem(err, "a list of names");
	for (size_t i = 0; i < x->count; i++)
		if (x->list[i].name)
			names[count++] = x->list[i].name;
	qsort(names, count, sizeof(*names), by_text);
	for (size_t i = 1; i < count && !rc; i++)
		rc = strcmp(names[i - 1], names[i]) == 0;
	free(names);
	return rc;
}

static int find_arrays(struct zip_directory *d, int fd, uint64_t size,
                       struct extents *out, struct err *err)
{
	struct reader r = { .fd = fd, .tensors = TENSOR_LIST_INIT };

	r.header = malloc(NPY_HEADER_MAX);
	r.name = malloc(TENSOR_NAME_MAX + 1);
	int rc = r.header && r.name ? read_members(&r, d, err)
	                            : err_nomem(err, "reading an archive");
	if (!rc)
		rc = tensor_list_finish(&r.tensors, MODEL_NPZ, size, out, err);
	if (!rc) {
		rc = check_names(out, err);
		if (rc)
			extents_wipe(out);
	}
	tensor_list_wipe(&r.tensors);
	free(r.name);
	free(r.header);
	return rc;
}

/* Most archives are of other kinds: their members are not opened. */
static int scan_npz(int fd, uint64_t size, struct extents *out, struct err *err)
{
	struct zip_directory d;
	bool any = false;
	int rc = zip_directory_read(fd, size, &d, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < d.count && !any; i++)
		any = may_be_array(&d.list[i]);
	rc = any ? find_arrays(&d, fd, size, out, err) : 1;
	zip_directory_wipe(&d);
	return rc;
}

const struct model_format format_npz = {
	.kind = MODEL_NPZ,
	.name = "npz",
	.has_tensors = true,
	.may_have = MODEL_MAY_HAVE(EXTENT_HEADER) | MODEL_MAY_HAVE(EXTENT_TENSOR) |
	            MODEL_MAY_HAVE(EXTENT_GAP),
	.sniff = may_be_npz,
	.scan = scan_npz,
};
