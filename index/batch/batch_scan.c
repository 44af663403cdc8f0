/*
 * Three passes: headers, each file giving its best tensors; which files are one unit, and
 * its best tensors; sketches of these.
 */
#include "index/batch/batch_scan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/common/err.h"
#include "index/base/base_marker.h"
#include "index/batch/batch.h"
#include "index/model/model_scan.h"
#include "index/model/tensor_name.h"
#include "index/model/tensor_sketch.h"
#include "index/work/file_range.h"
#include "index/work/lanes.h"

enum {
	LANES = 8,       /* files at once: a disk, or a server of files, mostly waits */
	STEM_MAX = 4096, /* bytes */
	SHARD_DIGITS_MAX = 6
};

struct file_scan {
	struct batch_tensor *tensors; /* owned; the best, by rank */
	size_t count;
	size_t large;          /* how many there are in all */
	uint64_t tensor_bytes; /* of all */
	bool is_model;
};

struct scanning {
	const struct batch *batch;
	unsigned most;           /* tensors of a unit */
	struct file_scan *files; /* owned */
	uint32_t *order;         /* files, those of a unit together; owned */
	char **stems;            /* of each file; owned */
	const char **paths;      /* of each file, its first name; owned */
	struct batch_scan *out;
};

/* ---------------------------------------------------------------- asking */

size_t batch_unit_count(const struct batch_scan *s)
{
	return s->units.size / sizeof(struct batch_unit);
}

const struct batch_unit *batch_unit(const struct batch_scan *s, size_t i)
{
	return (const struct batch_unit *)(const void *)s->units.data + i;
}

const struct batch_tensor *batch_tensor(const struct batch_scan *s, size_t i)
{
	return (const struct batch_tensor *)(const void *)s->tensors.data + i;
}

bool batch_unit_has_tensors(const struct batch_scan *s, size_t i)
{
	const struct batch_unit *unit = batch_unit(s, i);

	return unit->count && batch_tensor(s, unit->tensors)->name;
}

void batch_tensor_extent(const struct batch_tensor *t, struct extent *x,
                         struct extent_finding *finding)
{
	*finding = (struct extent_finding){ .sketch = t->sketch };
	*x = (struct extent){ .offset = t->offset,
		              .size = t->size,
		              .name = "",
		              .dims = t->dims,
		              .finding = finding,
		              .kind = t->name ? EXTENT_TENSOR : EXTENT_CHUNK,
		              .dtype = t->dtype,
		              .dim_count = t->dim_count };
}

void batch_scan_wipe(struct batch_scan *s)
{
	buf_wipe(&s->units);
	buf_wipe(&s->tensors);
	free(s->unit_of);
	s->unit_of = NULL;
}

/* ---------------------------------------------------------------- names of shards */

static size_t digits_at(const char *text)
{
	return strspn(text, "0123456789");
}

/* The length of "-00002-of-00003" at `text`, or 0. */
static size_t shard_mark(const char *text)
{
	size_t first, second;

	if (*text != '-')
		return 0;
	first = digits_at(text + 1);
	if (!first || first > SHARD_DIGITS_MAX ||
	    strncmp(text + 1 + first, "-of-", 4) != 0)
		return 0;
	second = digits_at(text + first + 5);
	return second && second <= SHARD_DIGITS_MAX ? first + second + 5 : 0;
}

void batch_stem(const char *name, char *out, size_t n)
{
	const char *end = strrchr(name, '/');
	size_t used = 0;

	while (*name && used + 1 < n) {
		size_t mark = !end || name > end ? shard_mark(name) : 0;
		if (mark)
			name += mark;
		else
			out[used++] = *name++;
	}
	out[used] = 0;
}

/* ---------------------------------------------------------------- headers */

static int by_rank(const void *a, const void *b)
{
	const struct batch_tensor *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool is_sketched(const struct extent *x)
{
	return x->kind == EXTENT_TENSOR && x->name && *x->name &&
	       x->size >= EXTENT_INLINE_TENSOR;
}

/* All of its tensors; the best of them stay. */
static int take_tensors(struct file_scan *f, const struct extents *x, uint32_t file,
                        unsigned most)
{
	struct batch_tensor *all = calloc(x->count ? x->count : 1, sizeof(*all)), *kept;

	if (!all)
		return ERR_NOMEM;
	for (size_t i = 0; i < x->count; i++) {
		const struct extent *one = &x->list[i];
		if (!is_sketched(one))
			continue;
		struct batch_tensor *t = &all[f->count++];
		t->name = tensor_name_key(one);
		t->rank = base_marker_rank(one);
		t->offset = one->offset;
		t->size = one->size;
		t->file = file;
		t->dtype = (uint8_t)one->dtype;
		t->dim_count = (uint8_t)one->dim_count;
		memcpy(t->dims, one->dims, one->dim_count * sizeof(uint64_t));
		f->tensor_bytes += one->size;
	}
	f->large = f->count;
	qsort(all, f->count, sizeof(*all), by_rank);
	f->count = f->count < most ? f->count : most;
	kept = realloc(all, (f->count ? f->count : 1) * sizeof(*all));
	f->tensors = kept ? kept : all;
	return 0;
}

/* What has no structure stands for itself. */
static int take_bytes(struct file_scan *f, uint64_t size, uint32_t file)
{
	f->tensors = calloc(1, sizeof(*f->tensors));
	if (!f->tensors)
		return ERR_NOMEM;
	f->count = size > 0;
	f->tensors[0] = (struct batch_tensor){
		.size = size, .file = file, .rank = UINT64_MAX, .dtype = DTYPE_BYTES
	};
	f->tensor_bytes = size;
	return 0;
}

static int scan_file(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct scanning *s = ctx;
	const struct batch_file *file = batch_file(s->batch, i);
	struct file_scan *f = &s->files[i];
	struct extents x = { .model = MODEL_OPAQUE };
	struct err ignored = ERR_INIT;
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;

	(void)lane;
	if (fd >= 0 && !model_scan(fd, file->size, &x, &ignored))
		rc = take_tensors(f, &x, (uint32_t)i, s->most);
	f->is_model = !rc && f->count;
	if (!rc && !f->is_model) {
		free(f->tensors);
		rc = take_bytes(f, file->size, (uint32_t)i);
	}
	extents_wipe(&x);
	if (fd >= 0)
		close(fd);
	return rc ? err_nomem(err, "a list of tensors") : 0;
}

/* ---------------------------------------------------------------- units */

/* What the files of a unit have in common: in one model, the name without a shard's
 * number; small files without tensors go together. */
static int name_stems(struct scanning *s, struct err *err)
{
	char stem[STEM_MAX];

	for (size_t i = batch_name_count(s->batch); i-- > 0;) {
		const struct batch_name *name = batch_name(s->batch, i);
		const struct file_scan *f = &s->files[name->file];
		if (batch_file(s->batch, name->file)->model != name->model)
			continue;
		batch_stem(name->path, stem, sizeof(stem));
		free(s->stems[name->file]);
		s->paths[name->file] = name->path;
		bool alone = f->is_model || f->tensor_bytes >= EXTENT_INLINE_CHUNK;
		s->stems[name->file] = strdup(alone ? stem : "");
		if (!s->stems[name->file])
			return err_nomem(err, "names of files");
	}
	return 0;
}

static int by_unit(const void *a, const void *b, void *ctx)
{
	const struct scanning *s = ctx;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	uint32_t mi = batch_file(s->batch, i)->model, mk = batch_file(s->batch, k)->model;

	if (mi != mk)
		return mi < mk ? -1 : 1;
	int order = strcmp(s->stems[i] ? s->stems[i] : "",
	                   s->stems[k] ? s->stems[k] : "");
	return order ? order : i < k ? -1 : i > k;
}

static bool same_stem(const struct scanning *s, uint32_t i, uint32_t k)
{
	return batch_file(s->batch, i)->model == batch_file(s->batch, k)->model &&
	       s->stems[i] && s->stems[k] && strcmp(s->stems[i], s->stems[k]) == 0;
}

/* Whether file order[end] is of the unit that begins with order[first]. What is called as
 * one of that is another version of it (of a history), and begins a unit. */
static bool same_unit(const struct scanning *s, size_t first, size_t end)
{
	if (!same_stem(s, s->order[first], s->order[end]))
		return false;
	for (size_t i = first; i < end && *s->stems[s->order[end]]; i++)
		if (strcmp(s->paths[s->order[i]], s->paths[s->order[end]]) == 0)
			return false;
	return true;
}

/* For how many bytes each stands: tensors are taken by luck and by size, so that a large
 * one stands for itself, and each of the others for as much as any other. */
static void weigh(struct batch_tensor *list, size_t count, uint64_t total)
{
	uint64_t share = count ? total / count : 0, sum = 0, left = total;

	for (size_t i = 0; i < count; i++) {
		list[i].bytes = list[i].size > share ? list[i].size : share;
		sum += list[i].bytes;
	}
	for (size_t i = 0; i < count && sum; i++) {
		uint64_t part = (uint64_t)((double)list[i].bytes / (double)sum *
		                           (double)total);
		list[i].bytes = i + 1 == count ? left : part;
		left -= part < left ? part : left;
	}
}

/* The files order[first ... end) are one. */
static void add_unit(struct scanning *s, size_t first, size_t end)
{
	struct batch_scan *out = s->out;
	struct batch_unit unit = { .file = s->order[first],
		                   .model = batch_file(s->batch, s->order[first])->model,
		                   .tensors = out->tensors.size /
		                              sizeof(struct batch_tensor) };
	struct buf all = BUF_INIT;

	for (size_t i = first; i < end; i++) {
		const struct file_scan *f = &s->files[s->order[i]];
		unit.bytes += batch_file(s->batch, s->order[i])->size;
		unit.tensor_bytes += f->tensor_bytes;
		unit.large += f->large;
		buf_add(&all, f->tensors, f->count * sizeof(*f->tensors));
		s->out->unit_of[s->order[i]] = (uint32_t)batch_unit_count(out);
	}
	size_t count = all.size / sizeof(struct batch_tensor);
	struct batch_tensor *list = (struct batch_tensor *)(void *)all.data;
	if (count)
		qsort(list, count, sizeof(*list), by_rank);
	unit.count = count < s->most ? count : s->most;
	weigh(list, unit.count, unit.tensor_bytes);
	buf_add(&out->tensors, list, unit.count * sizeof(*list));
	buf_add(&out->units, &unit, sizeof(unit));
	out->units.failed = out->units.failed || all.failed;
	buf_wipe(&all);
}

static int make_units(struct scanning *s, struct err *err)
{
	size_t count = batch_file_count(s->batch);

	for (size_t i = 0; i < count; i++)
		s->order[i] = (uint32_t)i;
	if (count)
		qsort_r(s->order, count, sizeof(*s->order), by_unit, s);
	for (size_t i = 0, end; i < count; i = end) {
		end = i + 1;
		while (end < count && same_unit(s, i, end))
			end++;
		add_unit(s, i, end);
	}
	return s->out->units.failed || s->out->tensors.failed
	               ? err_nomem(err, "a list of models")
	               : 0;
}

/* ---------------------------------------------------------------- sketches */

struct place {
	int fd;
	uint64_t offset;
};

static int read_place(void *ctx, uint64_t offset, void *dst, size_t n, struct err *err)
{
	const struct place *place = ctx;

	return file_range_read(place->fd, place->offset + offset, dst, n, err);
}

/* A tensor that cannot be read has no sketch. */
static int sketch_unit(void *ctx, unsigned lane, size_t i, struct err *err)
{
	struct scanning *s = ctx;
	const struct batch_unit *unit = batch_unit(s->out, i);
	struct batch_tensor *list = (struct batch_tensor *)(void *)s->out->tensors.data +
	                            unit->tensors;

	(void)lane;
	(void)err;
	for (size_t k = 0; k < unit->count; k++) {
		struct extent_finding finding;
		struct extent x;
		struct err ignored = ERR_INIT;
		if (!list[k].name)
			continue;
		int fd = open(batch_file(s->batch, list[k].file)->path,
		              O_RDONLY | O_CLOEXEC);
		struct place place = { fd, list[k].offset };
		batch_tensor_extent(&list[k], &x, &finding);
		if (fd >= 0 &&
		    tensor_sketch_make(&x, read_place, &place, &list[k].sketch, &ignored))
			list[k].sketch.known = false;
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

/* ---------------------------------------------------------------- the whole */

static int scan_all(struct scanning *s, struct err *err)
{
	struct lanes_work work = { .count = batch_file_count(s->batch),
		                   .task = scan_file,
		                   .ctx = s };
	int rc = lanes_run(LANES, &work, err);

	if (!rc)
		rc = name_stems(s, err);
	if (!rc)
		rc = make_units(s, err);
	if (rc)
		return rc;
	work.count = batch_unit_count(s->out);
	work.task = sketch_unit;
	return lanes_run(LANES, &work, err);
}

int batch_scan_run(const struct batch *b, unsigned tensors, struct batch_scan *out,
                   struct err *err)
{
	size_t count = batch_file_count(b), room = count ? count : 1;
	struct scanning s = { .batch = b, .most = tensors, .out = out };
	int rc = 0;

	*out = (struct batch_scan){ .units = BUF_INIT };
	s.files = calloc(room, sizeof(*s.files));
	s.order = calloc(room, sizeof(*s.order));
	s.stems = calloc(room, sizeof(*s.stems));
	s.paths = calloc(room, sizeof(*s.paths));
	out->unit_of = calloc(room, sizeof(*out->unit_of));
	if (!s.files || !s.order || !s.stems || !s.paths || !out->unit_of)
		rc = err_nomem(err, "a list of files");
	else
		rc = scan_all(&s, err);
	for (size_t i = 0; i < count; i++) {
		if (s.files)
			free(s.files[i].tensors);
		if (s.stems)
			free(s.stems[i]);
	}
	free(s.files);
	free(s.order);
	free(s.stems);
	free(s.paths);
	if (rc)
		batch_scan_wipe(out);
	return rc;
}
