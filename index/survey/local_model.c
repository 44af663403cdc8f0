#include "index/survey/local_model.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/model/extents_hash.h"
#include "index/model/model_scan.h"

struct local_range {
	struct oid id;
	uint64_t offset, size;
};

static int open_file(const char *path, struct local_model *m, struct err *err)
{
	struct stat st;

	m->path = path;
	m->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (m->fd < 0 || fstat(m->fd, &st))
		return err_errno(err, "cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT, "%s is not a regular file", path);
	m->size = (uint64_t)st.st_size;
	return 0;
}

int local_model_open(const char *path, struct local_model *out, struct err *err)
{
	struct local_model m = LOCAL_MODEL_INIT;
	int rc = open_file(path, &m, err);

	if (!rc && model_scan(m.fd, m.size, &m.extents, err))
		rc = err_context(err, "%s", path);
	if (rc)
		local_model_close(&m);
	else
		*out = m;
	return rc;
}

static int one_tensor(uint64_t size, enum dtype dtype, struct extents *out,
                      struct err *err)
{
	struct extents x = { .model = MODEL_SAFETENSORS, .size = size, .count = 1 };

	x.list = calloc(1, sizeof(*x.list));
	x.names = calloc(1, 1);
	x.dims = calloc(1, sizeof(*x.dims));
	if (!x.list || !x.names || !x.dims) {
		extents_wipe(&x);
		return err_nomem(err, "a list of extents");
	}
	x.list[0].kind = EXTENT_TENSOR;
	x.list[0].dtype = dtype;
	x.list[0].size = size;
	x.list[0].name = x.names;
	x.list[0].dim_count = 1;
	x.list[0].dims = x.dims;
	x.dims[0] = size / dtype_bits(dtype) * 8 +
	            size % dtype_bits(dtype) * 8 / dtype_bits(dtype);
	*out = x;
	return 0;
}

int local_model_open_array(const char *path, enum dtype dtype, struct local_model *out,
                           struct err *err)
{
	struct local_model m = LOCAL_MODEL_INIT;
	int rc = open_file(path, &m, err);

	if (!rc && m.size)
		rc = one_tensor(m.size, dtype, &m.extents, err);
	if (rc)
		local_model_close(&m);
	else
		*out = m;
	return rc;
}

void local_model_close(struct local_model *m)
{
	if (m->fd >= 0)
		close(m->fd);
	extents_wipe(&m->extents);
	free(m->ranges);
	*m = (struct local_model)LOCAL_MODEL_INIT;
}

/* ---------------------------------------------------------------- blobs */

static int by_id(const void *a, const void *b)
{
	const struct local_range *x = a, *y = b;

	return oid_compare(&x->id, &y->id);
}

static int index_blobs(struct local_model *m, struct err *err)
{
	m->ranges = malloc((m->extents.count + 1) * sizeof(*m->ranges));
	if (!m->ranges)
		return err_nomem(err, "a list of blobs");
	m->ranges[m->range_count++] = (struct local_range){ m->oid, 0, m->size };
	for (size_t i = 0; i < m->extents.count; i++) {
		const struct extent *x = &m->extents.list[i];
		m->ranges[m->range_count++] = (struct local_range){ x->id, x->offset,
			                                            x->size };
	}
	qsort(m->ranges, m->range_count, sizeof(*m->ranges), by_id);
	return 0;
}

int local_model_hash(struct local_model *m, struct err *err)
{
	if (extents_hash(m->fd, &m->extents, &m->oid, NULL, err))
		return err_context(err, "%s", m->path);
	return index_blobs(m, err);
}

int local_model_find(void *ctx, const struct oid *id, const char **path, uint64_t *offset,
                     uint64_t *size)
{
	const struct local_model *m = ctx;
	struct local_range key = { .id = *id };
	const struct local_range *found = bsearch(&key, m->ranges, m->range_count,
	                                          sizeof(key), by_id);

	if (!found)
		return 1;
	*path = m->path;
	*offset = found->offset;
	*size = found->size;
	return 0;
}
