#include "index/model/tensor_list.h"

#include <string.h>

#include "codec/common/err.h"
#include "index/model/extent.h"

void tensor_list_wipe(struct tensor_list *l)
{
	buf_wipe(&l->extents);
	buf_wipe(&l->names);
	buf_wipe(&l->dims);
	l->end = l->small = 0;
}

static void add(struct tensor_list *l, const struct extent *x)
{
	buf_add(&l->extents, x, sizeof(*x));
	l->small += x->size < EXTENT_INLINE_TENSOR ? x->size : 0;
}

int tensor_list_add(struct tensor_list *l, const struct extent *x)
{
	const struct extent header = { .kind = EXTENT_HEADER,
		                       .offset = l->end,
		                       .size = x->offset - l->end };

	if (x->offset <= l->end)
		return 1;
	add(l, &header);
	add(l, x);
	buf_add(&l->names, x->name, strlen(x->name) + 1);
	buf_add(&l->dims, x->dims, x->dim_count * sizeof(*x->dims));
	l->end = x->offset + x->size;
	return 0;
}

static void keep_bytes(struct buf *b, size_t from, size_t n)
{
	if (n)
		memmove(b->data + b->size, b->data + from, n);
	b->size += n;
}

/* Leaves the tensors that get a record, with their names and dims. Each has the header
 * in front of it, which grows over what is left out. */
static void drop_small(struct tensor_list *l)
{
	struct extent *list = (struct extent *)(void *)l->extents.data;
	size_t count = l->extents.size / sizeof(*list), kept = 0, names = 0, dims = 0;

	l->names.size = l->dims.size = l->end = 0;
	for (size_t i = 1; i < count; i += 2) {
		const struct extent x = list[i];
		size_t name = strlen((const char *)l->names.data + names) + 1;
		size_t shape = x.dim_count * sizeof(*x.dims);
		if (x.size >= EXTENT_INLINE_TENSOR) {
			keep_bytes(&l->names, names, name);
			keep_bytes(&l->dims, dims, shape);
			list[kept++] = (struct extent){ .kind = EXTENT_HEADER,
				                        .offset = l->end,
				                        .size = x.offset - l->end };
			list[kept++] = x;
			l->end = x.offset + x.size;
		}
		names += name;
		dims += shape;
	}
	l->extents.size = kept * sizeof(*list);
}

static bool failed(const struct tensor_list *l)
{
	return l->extents.failed || l->names.failed || l->dims.failed;
}

int tensor_list_finish(struct tensor_list *l, enum model_kind kind, uint64_t size,
                       struct extents *out, struct err *err)
{
	if (!failed(l) && l->small > EXTENT_INLINE_TOTAL)
		drop_small(l);
	const struct extent tail = { .kind = EXTENT_GAP,
		                     .offset = l->end,
		                     .size = size - l->end };
	if (!l->extents.size && !failed(l))
		return 1;
	if (tail.size)
		add(l, &tail);
	if (failed(l))
		return err_nomem(err, "a list of tensors");
	*out = (struct extents){ .model = kind,
		                 .size = size,
		                 .list = (struct extent *)(void *)l->extents.data,
		                 .count = l->extents.size / sizeof(struct extent),
		                 .names = (char *)l->names.data,
		                 .dims = (uint64_t *)(void *)l->dims.data };
	const char *name = out->names;
	size_t dims = 0;
	for (size_t i = 0; i < out->count; i++) {
		struct extent *x = &out->list[i];
		if (x->kind != EXTENT_TENSOR)
			continue;
		x->name = name;
		x->dims = x->dim_count ? out->dims + dims : NULL;
		name += strlen(name) + 1;
		dims += x->dim_count;
	}
	*l = (struct tensor_list)TENSOR_LIST_INIT;
	return 0;
}
