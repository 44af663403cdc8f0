#include "index/base/tensor_role.h"

#include <string.h>

/* The names that we know. A role is a whole component of a name; what follows an
 * underscore in "in_proj_weight" is the suffix as if a dot stood there. */
static const struct {
	const char *component;
	enum role role;
} names[] = {
	{ "q_proj", ROLE_QUERY },
	{ "k_proj", ROLE_KEY },
	{ "v_proj", ROLE_VALUE },
	{ "query", ROLE_QUERY },
	{ "key", ROLE_KEY },
	{ "value", ROLE_VALUE },
	{ "wq", ROLE_QUERY },
	{ "wk", ROLE_KEY },
	{ "wv", ROLE_VALUE },
	{ "to_q", ROLE_QUERY },
	{ "to_k", ROLE_KEY },
	{ "to_v", ROLE_VALUE },
	{ "q", ROLE_QUERY },
	{ "k", ROLE_KEY },
	{ "v", ROLE_VALUE },
	{ "qkv_proj", ROLE_QUERY_KEY_VALUE },
	{ "qkv", ROLE_QUERY_KEY_VALUE },
	{ "Wqkv", ROLE_QUERY_KEY_VALUE },
	{ "wqkv", ROLE_QUERY_KEY_VALUE },
	{ "query_key_value", ROLE_QUERY_KEY_VALUE },
	{ "c_attn", ROLE_QUERY_KEY_VALUE },
	{ "W_pack", ROLE_QUERY_KEY_VALUE },
	{ "in_proj", ROLE_QUERY_KEY_VALUE },
	{ "in_proj_weight", ROLE_QUERY_KEY_VALUE },
	{ "in_proj_bias", ROLE_QUERY_KEY_VALUE },
	{ "to_qkv", ROLE_QUERY_KEY_VALUE },
	{ "kv_proj", ROLE_KEY_VALUE },
	{ "to_kv", ROLE_KEY_VALUE },
	{ "gate_proj", ROLE_GATE },
	{ "up_proj", ROLE_UP },
	{ "w1", ROLE_GATE },
	{ "w3", ROLE_UP },
	{ "gate_up_proj", ROLE_GATE_UP },
	{ "w13", ROLE_GATE_UP },
	{ "embed_tokens", ROLE_EMBEDDING },
	{ "wte", ROLE_EMBEDDING },
	{ "embed_in", ROLE_EMBEDDING },
	{ "tok_embeddings", ROLE_EMBEDDING },
	{ "word_embeddings", ROLE_EMBEDDING },
	{ "shared", ROLE_EMBEDDING },
	{ "lm_head", ROLE_HEAD },
	{ "embed_out", ROLE_HEAD },
	{ "output", ROLE_HEAD },
};

/* Which of them is exactly the `n` bytes at `component`; -1 when none. */
static int find_name(const char *component, size_t n)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].component) == n &&
		    memcmp(names[i].component, component, n) == 0)
			return (int)i;
	return -1;
}

/* Where the suffix of a component begins that has its own. */
static const char *own_suffix(const char *component, const char *end)
{
	const char *last = end;

	while (last > component && last[-1] != '_')
		last--;
	return last > component && (strncmp(last, "weight", 6) == 0 ||
	                            strncmp(last, "bias", 4) == 0)
	               ? last
	               : NULL;
}

bool tensor_role_of(const char *name, struct tensor_role *out)
{
	const char *end = name + strlen(name);

	/* The last component that is a role. */
	while (end > name) {
		const char *begin = end;
		while (begin > name && begin[-1] != '.')
			begin--;
		int found = find_name(begin, (size_t)(end - begin));
		if (found >= 0) {
			const char *own = own_suffix(begin, end);
			*out = (struct tensor_role){ names[found].role, name,
				                     (size_t)(begin - name),
				                     own    ? own
				                     : *end ? end + 1
				                            : end };
			return true;
		}
		end = begin > name ? begin - 1 : name;
	}
	return false;
}

/* The next number among the components of [*at, end): its digits and how many, or 0
 * when there is none left. */
static size_t next_number(const char **at, const char *end, const char **digits)
{
	while (*at < end) {
		const char *begin = *at, *stop = begin;
		size_t n = 0;
		for (; stop < end && *stop != '.'; stop++)
			n += *stop >= '0' && *stop <= '9';
		*at = stop < end ? stop + 1 : end;
		if (n && n == (size_t)(stop - begin)) {
			*digits = begin;
			return n;
		}
	}
	return 0;
}

static int compare_numbers(const struct tensor_role *a, const struct tensor_role *b)
{
	const char *x = a->place, *y = b->place, *p = NULL, *q = NULL;

	for (;;) {
		size_t n = next_number(&x, a->place + a->place_length, &p);
		size_t m = next_number(&y, b->place + b->place_length, &q);
		if (n != m)
			return n < m ? -1 : 1;
		int order = n ? memcmp(p, q, n) : 0;
		if (order || !n)
			return order;
	}
}

int tensor_role_compare(const struct tensor_role *a, const struct tensor_role *b)
{
	if (a->role != b->role)
		return a->role < b->role ? -1 : 1;
	int order = strcmp(a->suffix, b->suffix);
	return order ? order : compare_numbers(a, b);
}

unsigned tensor_role_pieces(enum role fused, enum role pieces[3])
{
	switch (fused) {
	case ROLE_QUERY_KEY_VALUE:
		pieces[0] = ROLE_QUERY;
		pieces[1] = ROLE_KEY;
		pieces[2] = ROLE_VALUE;
		return 3;
	case ROLE_KEY_VALUE:
		pieces[0] = ROLE_KEY;
		pieces[1] = ROLE_VALUE;
		return 2;
	case ROLE_GATE_UP:
		pieces[0] = ROLE_GATE;
		pieces[1] = ROLE_UP;
		return 2;
	default:
		return 0;
	}
}
