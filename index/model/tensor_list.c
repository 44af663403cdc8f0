#include "index/model/tensor_list.h"

#include <string.h>

#include "codec/common/err.h"
#include "index/model/extent.h"

void tensor_list_wipe(struct tensor_list *l)
{
	buf_wipe(&l->extents);
	buf_wipe(&l->names);
	buf_wipe(&l->dims);
	l->end = 0;
}

static void add(struct tensor_list *l, const struct extent *x)
{
	buf_add(&l->extents, x, sizeof(*x));
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

int tensor_list_finish(struct tensor_list *l, enum model_kind kind, uint64_t size,
                       struct extents *out, struct err *err)
{
	const struct extent tail = { .kind = EXTENT_GAP,
		                     .offset = l->end,
		                     .size = size - l->end };

	if (!l->extents.size && !l->extents.failed)
		return 1;
	if (tail.size)
		add(l, &tail);
	if (l->extents.failed || l->names.failed || l->dims.failed)
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
