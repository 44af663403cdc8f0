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

/* What a cut list takes. */
struct room {
	size_t extents, names; /* bytes */
};

static struct room measure(const struct extents *x, const bool *keep)
{
	struct room room = { 0, 0 };

	for (size_t i = 0; i < x->count; i++) {
		const struct extent *one = &x->list[i];
		bool cut = stack_fits(one) && !(keep && keep[i]);
		size_t count = cut ? (size_t)one->dims[0] : 1;
		room.extents += count;
		room.names += one->name ? count * (strlen(one->name) + 1 + NUMBER_SIZE)
		                        : 0;
	}
	return room;
}

static bool ends_with(const char *name, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length > n && memcmp(name + length - n, end, n) == 0;
}

/* Where the number of a slice goes: in front of the last part of the name, or of the one
 * before "weight" or "bias". */
static size_t place_of_number(const char *name)
{
	size_t at = strlen(name);

	if (ends_with(name, at, ".weight"))
		at -= strlen(".weight");
	else if (ends_with(name, at, ".bias"))
		at -= strlen(".bias");
	while (at > 0 && name[at - 1] != '.')
		at--;
	return at;
}

/* Where the next extent and its name go. */
struct making {
	struct extent *next;
	char *names;
};

static void add(struct making *m, const struct extent *x, const char *name)
{
	*m->next = *x;
	if (x->name) {
		m->next->name = m->names;
		m->names = stpcpy(m->names, name) + 1;
	}
	m->next++;
}

static void add_slices(struct making *m, const struct extent *x)
{
	size_t at = place_of_number(x->name);
	struct extent slice = *x;

	slice.size /= x->dims[0];
	slice.dims++;
	slice.dim_count--;
	for (uint64_t i = 0; i < x->dims[0]; i++, slice.offset += slice.size) {
		char *name = m->names;
		*m->next = slice;
		m->next++->name = name;
		memcpy(name, x->name, at);
		name += at;
		name += sprintf(name, "%u.", (unsigned)i);
		m->names = stpcpy(name, x->name + at) + 1;
	}
}

int stacks_cut(struct extents *x, const bool *keep, struct err *err)
{
	if (!stacks_any(x))
		return 0;
	struct room room = measure(x, keep);
	struct extent *list = calloc(room.extents, sizeof(*list));
	char *names = malloc(room.names + 1);
	struct making m = { list, names };

	if (!list || !names) {
		free(list);
		free(names);
		return err_nomem(err, "a list of tensors");
	}
	for (size_t i = 0; i < x->count; i++) {
		const struct extent *one = &x->list[i];
		if (stack_fits(one) && !(keep && keep[i]))
			add_slices(&m, one);
		else
			add(&m, one, one->name);
	}
	free(x->list);
	free(x->names);
	x->list = list;
	x->names = names;
	x->count = room.extents;
	return 0;
}
