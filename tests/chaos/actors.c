/* What one process does. */
#include "tests/chaos/chaos.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/git/lfs_config.h"
#include "agent/where/store_open.h"
#include "index/base/base_hint.h"
#include "index/download.h"
#include "index/gc/prune.h"
#include "index/mirror/store_copy.h"
#include "index/recompact/mark_recompact.h"
#include "index/store/folder/store_folder.h"
#include "index/store/store.h"
#include "index/store/store_memory.h"
#include "index/upload.h"
#include "index/work/term.h"
#include "tests/unit/store_faulty.h"

static const char repo[] = "0123456789abcdef0123456789abcdef";

void say(const char *fmt, ...)
{
	char line[1024];
	va_list list;

	va_start(list, fmt);
	vsnprintf(line, sizeof(line), fmt, list);
	va_end(list);
	dprintf(2, "chaos: %s\n", line);
}

_Noreturn void die(const char *what, const struct err *err)
{
	say("%s: %s", what, err ? err->text : strerror(errno));
	exit(FAILED);
}

unsigned below(uint64_t *random, unsigned n)
{
	return (unsigned)(next_random(random) >> 33) % n;
}

/* ---------------------------------------------------------------- the store */

void open_store(struct actor *a, bool make)
{
	static const struct store_folder_modes modes = { 0444, 0755 };
	struct store_context context = { .modes = &modes, .use = STORE_TO_WRITE };
	struct err err = ERR_INIT;
	int rc = lfs_config_read(&a->config, &err);

	context.config = a->config;
	if (!rc)
		rc = store_url_parse(a->chaos->url, &a->url, &err);
	if (!rc)
		rc = make ? store_open_or_make(&a->url, &context, &a->store, &err)
		          : store_open(&a->url, &context, &a->store, &err);
	if (rc)
		die("opening the store", &err);
}

/* In some rounds a call fails, or the process dies of its store. */
static void break_store(struct actor *a)
{
	static const enum store_fault faults[] = { FAULT_FAIL, FAULT_LOSE_REPLY,
		                                   FAULT_CRASH };
	struct store_fault_plan plan = { faults[below(&a->random, 3)],
		                         1 + below(&a->random, 120) };
	struct store *broken;

	if (store_faulty_new(a->store, plan, 0, &broken, NULL))
		die("a faulty store", NULL);
	a->store = broken;
	atomic_fetch_add(&a->chaos->shared->faults, 1);
}

/* Others are slow, so that what they do rests on what was seen long before. */
static void slow_store(struct actor *a)
{
	const struct store_fault_plan none = { FAULT_NONE, 0 };
	struct store *slow;

	if (store_faulty_new(a->store, none, 0, &slow, NULL))
		die("a slow store", NULL);
	store_faulty_delay(slow, 1 + below(&a->random, SLOW_MAX_MS));
	a->store = slow;
}

void actor_begin(struct actor *a, struct chaos *c, uint64_t seed, bool faulty)
{
	struct err err = ERR_INIT;

	*a = (struct actor){ .chaos = c, .random = seed };
	open_store(a, false);
	if (faulty)
		break_store(a);
	else if (below(&a->random, 4) == 0)
		slow_store(a);
	if (transfer_init(&a->transfer, a->store, 2, &err))
		die("a transfer", &err);
	a->transfer.repo_id = repo;
}

void actor_end(struct actor *a)
{
	transfer_wipe(&a->transfer);
	store_close(a->store);
	store_url_wipe(&a->url);
	lfs_config_free(a->config);
}

/* ---------------------------------------------------------------- pushes and clones */

static void give_hint(void *ctx, const struct oid *oid, uint64_t size,
                      struct base_hints *out)
{
	struct actor *a = ctx;
	const struct model_file *base =
		&a->chaos->files[below(&a->random, OBJECTS)]; /* right or wrong */

	(void)oid, (void)size;
	if (below(&a->random, 4) == 0)
		return;
	out->list = calloc(1, sizeof(*out->list));
	out->list[0].oid = base->oid;
	out->list[0].local_file = strdup(base->path);
	out->count = 1;
}

/* As a session does it: what takes longer than the grace period is done again, and the ref
 * is set only by a push that ended in time. */
static int push(struct actor *a)
{
	struct term term = { .seconds = a->chaos->grace };
	unsigned i = below(&a->random, OBJECTS);
	const struct model_file *f = &a->chaos->files[i];
	struct upload_request request = { .oid = f->oid,
		                          .size = f->size,
		                          .path = f->path,
		                          .find_hints = give_hint,
		                          .ctx = a };
	struct upload_result result;
	struct err err = ERR_INIT;

	for (int round = 0; round < 3; round++) {
		transfer_look_anew(&a->transfer);
		term_begin(&term);
		unsigned before = atomic_load(&a->chaos->shared->epoch[i]);
		if (upload_object(&a->transfer, &request, &result, &err))
			return FAILED;
		if (term_over(&term))
			continue;
		/* Somebody else may have set or dropped the ref meanwhile. */
		if (before % 2 == 0)
			atomic_compare_exchange_strong(&a->chaos->shared->epoch[i],
			                               &before, before + 1);
		atomic_fetch_add(&a->chaos->shared->pushes, 1);
		return FINE;
	}
	return FAILED;
}

static int drop(struct actor *a)
{
	unsigned i = below(&a->random, OBJECTS);
	unsigned before = atomic_load(&a->chaos->shared->epoch[i]);

	if (before % 2)
		atomic_compare_exchange_strong(&a->chaos->shared->epoch[i], &before,
		                               before + 1);
	return FINE;
}

/* Whether the object comes back, bit for bit. */
static bool comes_back(const struct transfer *t, const struct model_file *f,
                       struct err *err)
{
	char path[] = "/dev/shm/zllm-chaos-XXXXXX";
	int fd = mkstemp(path);
	struct download_request request = { .oid = f->oid, .size = f->size, .fd = fd };
	uint8_t *bytes = malloc(f->size);

	if (fd < 0 || !bytes)
		die("a temporary file", NULL);
	unlink(path);
	bool same = download_object(t, &request, err) == 0;
	if (same && (pread(fd, bytes, f->size, 0) != (ssize_t)f->size ||
	             memcmp(bytes, f->bytes.data, f->size) != 0)) {
		err_set(err, ERR_MISMATCH, "other bytes came back");
		same = false;
	}
	free(bytes);
	close(fd);
	return same;
}

/* As long as one ref reaches the object all the time, it comes back. */
static int clone_one(struct actor *a, unsigned i, bool faulty)
{
	unsigned before = atomic_load(&a->chaos->shared->epoch[i]);
	struct term term = { .seconds = a->chaos->grace };
	struct err err = ERR_INIT;

	term_begin(&term);
	if (before % 2 == 0 || comes_back(&a->transfer, &a->chaos->files[i], &err)) {
		atomic_fetch_add(&a->chaos->shared->clones, before % 2);
		return FINE;
	}
	/* Who reads for longer than the grace period may have to begin again. */
	if (faulty || term_over(&term) ||
	    atomic_load(&a->chaos->shared->epoch[i]) != before)
		return FAILED;
	say("LOST: object %u: %s", i, err.text);
	return LOST;
}

static void note_copied(void *ctx, const struct oid *oid, uint64_t size,
                        const struct err *failure)
{
	(void)oid, (void)size;
	if (failure)
		*(struct err *)ctx = *failure;
}

/* Mirrors the store, and reads the mirror. */
static int copy(struct actor *a, bool faulty)
{
	unsigned before[OBJECTS];
	struct err err = ERR_INIT, failure = ERR_INIT;
	struct term term = { .seconds = a->chaos->grace };
	struct store *to;
	struct transfer t;
	int answer = FINE;

	term_begin(&term);

	for (int i = 0; i < OBJECTS; i++)
		before[i] = atomic_load(&a->chaos->shared->epoch[i]);
	if (store_memory_new(&to, &err) || transfer_init(&t, to, 1, &err))
		die("a mirror", &err);
	struct store_copy_request request = { .from = &a->transfer,
		                              .to = to,
		                              .repo_id = "",
		                              .told = note_copied,
		                              .ctx = &failure };
	struct store_copy_result result = { 0 };
	if (store_copy(&request, &result, &err) || term_over(&term))
		answer = FAILED;
	for (int i = 0; i < OBJECTS && answer == FINE && !faulty; i++) {
		if (before[i] % 2 == 0 || comes_back(&t, &a->chaos->files[i], &err) ||
		    atomic_load(&a->chaos->shared->epoch[i]) != before[i])
			continue;
		say("LOST: object %d is not in the mirror (%zu copied, %zu failed): %s; %s",
		    i, result.copied, result.failed, failure.text, err.text);
		answer = LOST;
	}
	atomic_fetch_add(&a->chaos->shared->copies, answer == FINE);
	transfer_wipe(&t);
	store_close(to);
	return answer;
}

/* ---------------------------------------------------------------- collections */

static void add_counts(struct actor *a, const struct gc_run *run)
{
	struct shared *s = a->chaos->shared;

	for (int i = 0; i < GC_THINGS; i++) {
		const struct gc_count *of = run->counts.of[i];
		atomic_fetch_add(&s->moved, (unsigned)of[GC_MOVED].count);
		atomic_fetch_add(&s->destroyed, (unsigned)of[GC_DESTROYED].count);
		atomic_fetch_add(&s->restored, (unsigned)of[GC_RESTORED].count);
	}
}

int collect(struct actor *a, struct gc_summary *summary, struct err *err)
{
	struct mark_recompact recompacting = { .memory = NULL };
	struct gc_request request = { .recompact = mark_recompact, .ctx = &recompacting };
	const struct gc_request plain = { .recompact = NULL };
	struct gc_run run;

	gc_run_begin(&run, &a->transfer);
	int rc = gc_ages_begin(&run.ages, a->store, a->chaos->grace, err);
	if (!rc)
		rc = gc(&run, below(&a->random, 2) ? &request : &plain, summary, err);
	add_counts(a, &run);
	atomic_fetch_add(&a->chaos->shared->recoded, (unsigned)recompacting.result.made);
	gc_run_wipe(&run);
	return rc;
}

static int collect_garbage(struct actor *a)
{
	struct gc_summary summary;
	struct err err = ERR_INIT;

	if (collect(a, &summary, &err))
		return FAILED;
	atomic_fetch_add(&a->chaos->shared->gcs, 1);
	return FINE;
}

static int by_oid(const void *x, const void *y)
{
	return oid_compare(x, y);
}

/* The objects that refs reach now. */
static size_t reached_now(const struct chaos *c, struct oid reached[OBJECTS])
{
	size_t n = 0;

	for (int i = 0; i < OBJECTS; i++)
		if (atomic_load(&c->shared->epoch[i]) % 2)
			reached[n++] = c->files[i].oid;
	qsort(reached, n, sizeof(*reached), by_oid);
	return n;
}

static int prune_owners(struct actor *a, enum prune_way way)
{
	struct oid reached[OBJECTS];
	struct prune_request request = {
		.repo_id = repo, .way = way, .reached = reached, .expire = a->chaos->grace
	};
	struct prune p = { .count = 0 };
	struct err err = ERR_INIT;
	struct gc_run run;

	gc_run_begin(&run, &a->transfer);
	int rc = gc_ages_begin(&run.ages, a->store, a->chaos->grace, &err);
	request.reached_count = reached_now(a->chaos, reached);
	if (way == PRUNE_BRING_BACK)
		request.reached = NULL;
	if (!rc)
		rc = prune_look(&p, &run, &request, &err);
	if (!rc)
		rc = prune_act(&p, &run, &err);
	add_counts(a, &run);
	atomic_fetch_add(&a->chaos->shared->expired, (unsigned)p.of[PRUNE_EXPIRES]);
	prune_wipe(&p);
	gc_run_wipe(&run);
	return rc ? FAILED : FINE;
}

/* Every object that a ref reaches is read and proved. */
int check_all(struct actor *a, bool faulty)
{
	for (unsigned i = 0; i < OBJECTS; i++) {
		int answer = clone_one(a, i, faulty);
		if (answer == LOST)
			return answer;
	}
	atomic_fetch_add(&a->chaos->shared->fscks, 1);
	return FINE;
}

int act(struct actor *a, bool faulty)
{
	unsigned what = below(&a->random, 100);

	if (what < 32)
		return push(a);
	if (what < 52)
		return drop(a);
	if (what < 64)
		return clone_one(a, below(&a->random, OBJECTS), faulty);
	if (what < 68)
		return copy(a, faulty);
	if (what < 82)
		return collect_garbage(a);
	if (what < 94) {
		int answer = prune_owners(a, PRUNE_BY_REFS);
		atomic_fetch_add(&a->chaos->shared->prunes, answer == FINE);
		return answer;
	}
	if (what < 95) {
		int answer = prune_owners(a, PRUNE_BRING_BACK);
		atomic_fetch_add(&a->chaos->shared->undos, answer == FINE);
		return answer;
	}
	return check_all(a, faulty);
}
