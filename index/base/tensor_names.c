#include "index/base/tensor_names.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "index/base/tensor_role.h"
#include "index/model/extent.h"
#include "index/model/tensor_name.h"

struct named {
	const struct extent *extent;
	struct tensor_role role; /* in the list of roles only */
};

struct tensor_names {
	struct named *names; /* sorted by name */
	size_t name_count;
	struct named *roles; /* those that have a role, sorted by it */
	size_t role_count;
};

/* ---------------------------------------------------------------- making */

/* By what is left of the names without wrappers, then by the whole. */
static int by_core(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return strcmp(tensor_name_core(x->extent->name),
	              tensor_name_core(y->extent->name));
}

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = by_core(a, b);

	return order ? order : strcmp(x->extent->name, y->extent->name);
}

static int by_role(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return tensor_role_compare(&x->role, &y->role);
}

static int by_role_and_name(const void *a, const void *b)
{
	int order = by_role(a, b);

	return order ? order : by_name(a, b);
}

int tensor_names_new(const struct extents *model, struct tensor_names **out,
                     struct err *err)
{
	struct tensor_names *n = calloc(1, sizeof(*n));
	size_t room = model->count ? model->count : 1;

	if (n) {
		n->names = calloc(room, sizeof(*n->names));
		n->roles = calloc(room, sizeof(*n->roles));
	}
	if (!n || !n->names || !n->roles) {
		tensor_names_free(n);
		return err_nomem(err, "the names of tensors");
	}
	for (size_t i = 0; i < model->count; i++) {
		struct named one = { .extent = &model->list[i] };
		if (!one.extent->name)
			continue;
		n->names[n->name_count++] = one;
		if (tensor_role_of(one.extent->name, &one.role))
			n->roles[n->role_count++] = one;
	}
	qsort(n->names, n->name_count, sizeof(*n->names), by_name);
	qsort(n->roles, n->role_count, sizeof(*n->roles), by_role_and_name);
	*out = n;
	return 0;
}

void tensor_names_free(struct tensor_names *n)
{
	if (!n)
		return;
	free(n->names);
	free(n->roles);
	free(n);
}

/* ---------------------------------------------------------------- asking */

/* The tensor of that name, or one that is called so in a wrapper. */
static const struct extent *find_name(const struct tensor_names *n, const char *name)
{
	struct extent wanted = { .name = name };
	struct named key = { .extent = &wanted };
	const struct named *found = NULL;

	if (n->name_count)
		found = bsearch(&key, n->names, n->name_count, sizeof(key), by_name);
	if (!found && n->name_count)
		found = bsearch(&key, n->names, n->name_count, sizeof(key), by_core);
	return found ? found->extent : NULL;
}

static bool same_place(const struct tensor_role *a, const struct tensor_role *b)
{
	return a->place_length == b->place_length &&
	       memcmp(a->place, b->place, a->place_length) == 0;
}

/* The tensor that has `role` where `like` has its own: at the same place, or else at
 * the only one that has the same numbers. */
static const struct extent *find_role(const struct tensor_names *n,
                                      const struct tensor_role *like, enum role role)
{
	struct named key = { .role = *like };

	key.role.role = role;
	const struct named *end = n->roles + n->role_count, *found = NULL;
	if (n->role_count)
		found = bsearch(&key, n->roles, n->role_count, sizeof(key), by_role);
	if (!found)
		return NULL;
	while (found > n->roles && by_role(found - 1, &key) == 0)
		found--;
	const struct named *first = found;
	for (; found < end && by_role(found, &key) == 0; found++)
		if (same_place(&found->role, like))
			return found->extent;
	return found - first == 1 ? first->extent : NULL;
}

/* x as a piece of what is fused in the model. */
static bool relate_piece(const struct tensor_names *n, const struct extent *x,
                         const struct tensor_role *role, struct tensor_relation *out)
{
	static const enum role fused[] = { ROLE_QUERY_KEY_VALUE, ROLE_KEY_VALUE,
		                           ROLE_GATE_UP };

	for (size_t i = 0; i < sizeof(fused) / sizeof(fused[0]); i++) {
		enum role pieces[3];
		int count = (int)tensor_role_pieces(fused[i], pieces);
		for (int k = 0; k < count; k++) {
			const struct extent *whole;
			if (pieces[k] != role->role)
				continue;
			whole = find_role(n, role, fused[i]);
			/* All but the first have the same length. */
			if (whole && !whole->inlined &&
			    relation_to_fused(x, whole, k ? k - count : 0, out))
				return true;
		}
	}
	return false;
}

/* x as a fusion of pieces that the model has. */
static bool relate_fused(const struct tensor_names *n, const struct extent *x,
                         const struct tensor_role *role, struct tensor_relation *out)
{
	const struct extent *parts[3];
	enum role pieces[3];
	unsigned count = tensor_role_pieces(role->role, pieces);

	for (unsigned i = 0; i < count; i++) {
		parts[i] = find_role(n, role, pieces[i]);
		if (!parts[i])
			return false;
	}
	return count && relation_to_parts(x, parts, count, out);
}

/* x as the head of an embedding, or the other way round. */
static bool relate_tied(const struct tensor_names *n, const struct extent *x,
                        const struct tensor_role *role, struct tensor_relation *out)
{
	const struct extent *twin = NULL;

	if (role->role == ROLE_HEAD)
		twin = find_role(n, role, ROLE_EMBEDDING);
	else if (role->role == ROLE_EMBEDDING)
		twin = find_role(n, role, ROLE_HEAD);
	if (!twin || twin->inlined || !relation_by_shape(x, twin, out))
		return false;
	out->kind = RELATION_TIED;
	return true;
}

bool tensor_names_relate(const struct tensor_names *n, const struct extent *x,
                         struct tensor_relation *out)
{
	const struct extent *same = x->name ? find_name(n, x->name) : NULL;
	struct tensor_role role;

	if (same && !same->inlined && relation_by_shape(x, same, out))
		return true;
	if (!x->name || !tensor_role_of(x->name, &role))
		return false;
	return relate_piece(n, x, &role, out) || relate_fused(n, x, &role, out) ||
	       relate_tied(n, x, &role, out);
}
