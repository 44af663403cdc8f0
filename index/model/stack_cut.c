#include "index/model/stack_cut.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/checked.h"
#include "codec/common/err.h"
#include "index/model/extent.h"

enum {
	SLICES_MAX = 1 << 16, /* of one stack */
	NUMBER_SIZE = 8       /* digits of a slice's number, its dot, and a NUL */
};

bool stack_fits(const struct extent *x)
{
	uint64_t values = 1, bytes;

	if (x->kind != EXTENT_TENSOR || !x->name || !*x->name || x->dim_count < 3 ||
	    x->dims[0] < 2 || x->dims[0] > SLICES_MAX || dtype_bits(x->dtype) % 8 != 0 ||
	    strlen(x->name) > TENSOR_NAME_MAX - NUMBER_SIZE)
		return false;
	for (unsigned i = 0; i < x->dim_count; i++)
		if (checked_mul(values, x->dims[i], &values))
			return false;
	return !checked_mul(values, dtype_unit(x->dtype), &bytes) && bytes == x->size &&
	       x->size / x->dims[0] >= EXTENT_INLINE_TENSOR;
}

bool stacks_any(const struct extents *x)
{
	for (size_t i = 0; i < x->count; i++)
		if (x->model == MODEL_SAFETENSORS && stack_fits(&x->list[i]))
			return true;
	return false;
}

/* ---------------------------------------------------------------- pieces */

/* Names of slices that are two tensors; and the names of these, which are no longer. */
static const struct fused {
	const char *name, *pieces[2];
} fused[] = {
	{ "gate_up_proj", { "gate_proj", "up_proj" } },
	{ "w13", { "w1", "w3" } },
};

/* A stack's name in three: the last part but "weight" or "bias", and what is around. */
struct stack_name {
	size_t head;      /* bytes */
	const char *part; /* not ended by a NUL */
	size_t part_length;
	const char *tail;
};

static bool ends_with(const char *name, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length > n && memcmp(name + length - n, end, n) == 0;
}

static struct stack_name name_of(const struct extent *x)
{
	size_t end = strlen(x->name);

	if (ends_with(x->name, end, ".weight"))
		end -= strlen(".weight");
	else if (ends_with(x->name, end, ".bias"))
		end -= strlen(".bias");
	size_t at = end;
	while (at > 0 && x->name[at - 1] != '.')
		at--;
	return (struct stack_name){ at, x->name + at, end - at, x->name + end };
}

/* The two tensors that each slice of the stack is; NULL where it is one. */
static const struct fused *pieces_of(const struct extent *x)
{
	struct stack_name n = name_of(x);
	bool halves = x->dim_count == 3 && x->dims[1] % 2 == 0 &&
	              x->size / x->dims[0] / 2 >= EXTENT_INLINE_TENSOR;

	for (size_t i = 0; halves && i < sizeof(fused) / sizeof(fused[0]); i++)
		if (strlen(fused[i].name) == n.part_length &&
		    memcmp(fused[i].name, n.part, n.part_length) == 0)
			return &fused[i];
	return NULL;
}

/* ---------------------------------------------------------------- the list */

/* What a cut list takes. */
struct room {
	size_t extents, names, dims; /* bytes of names */
};

static struct room measure(const struct extents *x, const bool *keep)
{
	struct room room = { 0, 0, 0 };

	for (size_t i = 0; i < x->count; i++) {
		const struct extent *one = &x->list[i];
		bool cut = stack_fits(one) && !(keep && keep[i]);
		size_t count = cut ? (size_t)one->dims[0] * (pieces_of(one) ? 2 : 1) : 1;
		room.extents += count;
		room.names += one->name ? count * (strlen(one->name) + 1 + NUMBER_SIZE)
		                        : 0;
		room.dims += one->dim_count;
	}
	return room;
}

/* Where the next extent, its name and its dimensions go. */
struct making {
	struct extent *next;
	char *names;
	uint64_t *dims;
};

static void copy_dims(struct making *m, struct extent *x)
{
	if (x->dim_count)
		memcpy(m->dims, x->dims, x->dim_count * sizeof(*x->dims));
	x->dims = x->dim_count ? m->dims : NULL;
	m->dims += x->dim_count;
}

static void add(struct making *m, const struct extent *x)
{
	*m->next = *x;
	copy_dims(m, m->next);
	if (x->name) {
		m->next->name = m->names;
		m->names = stpcpy(m->names, x->name) + 1;
	}
	m->next++;
}

/* Adds the tensor of slice `number` that is called `part` where the stack has its own. */
static void add_piece(struct making *m, const struct extent *piece, unsigned number,
                      const char *part)
{
	struct stack_name n = name_of(piece);
	size_t length = part ? strlen(part) : n.part_length;

	*m->next = *piece;
	m->next++->name = m->names;
	m->names += sprintf(m->names, "%.*s%u.%.*s%s", (int)n.head, piece->name, number,
	                    (int)length, part ? part : n.part, n.tail) +
	            1;
}

static void add_slices(struct making *m, const struct extent *x)
{
	const struct fused *pieces = pieces_of(x);
	struct extent one = *x;

	one.size /= x->dims[0] * (pieces ? 2 : 1);
	one.dims++;
	one.dim_count--;
	uint64_t *dims = m->dims;
	copy_dims(m, &one);
	dims[0] = x->dims[1] / (pieces ? 2 : 1);
	for (unsigned i = 0; i < x->dims[0]; i++)
		for (int k = 0; k < (pieces ? 2 : 1); k++, one.offset += one.size)
			add_piece(m, &one, i, pieces ? pieces->pieces[k] : NULL);
}

int stacks_cut(struct extents *x, const bool *keep, struct err *err)
{
	if (!stacks_any(x))
		return 0;
	struct room room = measure(x, keep);
	struct extent *list = calloc(room.extents, sizeof(*list));
	char *names = malloc(room.names + 1);
	uint64_t *dims = malloc((room.dims + 1) * sizeof(*dims));
	struct making m = { list, names, dims };

	if (!list || !names || !dims) {
		free(list);
		free(names);
		free(dims);
		return err_nomem(err, "a list of tensors");
	}
	for (size_t i = 0; i < x->count; i++) {
		const struct extent *one = &x->list[i];
		if (stack_fits(one) && !(keep && keep[i]))
			add_slices(&m, one);
		else
			add(&m, one);
	}
	free(x->list);
	free(x->names);
	free(x->dims);
	x->list = list;
	x->names = names;
	x->dims = dims;
	x->count = room.extents;
	return 0;
}
