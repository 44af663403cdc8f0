#include "index/survey/bench_likes.h"

#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"
#include "codec/common/le.h"
#include "codec/frame.h"
#include "index/base/tensor_names.h"
#include "index/blob/bases.h"
#include "index/blob/blob_source.h"
#include "index/blob/file_source.h"
#include "index/blob/predictor.h"
#include "index/survey/local_model.h"

struct bench_likes {
	const struct local_model *base;
	struct extents extents; /* a copy whose ids are numbers, to tell tensors apart */
	struct tensor_names *names;

	/* Of the latest tensor. */
	struct tensor_relation relation;
	struct bases bases;
	struct predictor *predictor;
};

int bench_likes_new(const struct local_model *base, struct bench_likes **out,
                    struct err *err)
{
	const struct extents *x = &base->extents;
	struct bench_likes *l = calloc(1, sizeof(*l));

	if (l)
		l->extents.list = malloc((x->count + 1) * sizeof(*x->list));
	if (!l || !l->extents.list) {
		bench_likes_free(l);
		return err_nomem(err, "a list of tensors");
	}
	l->base = base;
	l->extents.count = x->count;
	for (size_t i = 0; i < x->count; i++) {
		struct extent *one = &l->extents.list[i];
		*one = x->list[i];
		one->inlined = false;
		memset(&one->id, 0, sizeof(one->id));
		le64_store(one->id.bytes, i + 1);
	}
	int rc = tensor_names_new(&l->extents, &l->names, err);
	if (rc)
		bench_likes_free(l);
	else
		*out = l;
	return rc;
}

/* Frees what the latest tensor was predicted by. */
static void forget(struct bench_likes *l)
{
	predictor_free(l->predictor);
	l->predictor = NULL;
	bases_close(&l->bases);
}

void bench_likes_free(struct bench_likes *l)
{
	if (!l)
		return;
	forget(l);
	tensor_names_free(l->names);
	free(l->extents.list);
	free(l);
}

/* A base by its number in the copy of the list, which is its id. */
static int open_base(const void *ctx, const struct record_base *base,
                     struct blob_source **out, struct err *err)
{
	const struct bench_likes *l = ctx;
	const struct extent *x = &l->base->extents.list[le64_load(base->id.bytes) - 1];
	int rc = file_source_of(l->base->fd, x->offset, x->size, out, err);

	return rc ? err_context(err, "%s", l->base->path) : 0;
}

int bench_likes_find(struct bench_likes *l, const struct extent *x,
                     struct predictor **out, struct parts *parts, struct err *err)
{
	const struct bases_opener opener = { open_base, l };
	struct predictor_source source = { .bases = &l->bases, .read = blob_source_read };

	forget(l);
	if (!tensor_names_relate(l->names, x, &l->relation) ||
	    record_basis_fault(&l->relation.basis, x->dtype, x->size))
		return 1;
	source.block = frame_size(l->relation.basis.bases[0].dtype);
	int rc = bases_open(&l->bases, &l->relation.basis, &opener, err);
	if (!rc)
		rc = predictor_new(&l->relation.basis, x->dtype, &source, &l->predictor,
		                   err);
	if (rc)
		return rc;
	*out = l->predictor;
	*parts = l->relation.basis.parts;
	return 0;
}
