#include "agent/annex/annex_content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/annex/annex_remote.h"
#include "agent/annex/annex_which.h"
#include "agent/hints/history.h"
#include "agent/report/report.h"
#include "agent/session/partial_file.h"
#include "agent/session/temp_file.h"
#include "index/download.h"
#include "index/manifest/manifest.h"
#include "index/manifest/manifest_store.h"
#include "index/model/extent.h"
#include "index/model/extents_hash.h"
#include "index/model/model_scan.h"
#include "index/model/stack_cut.h"
#include "index/upload.h"

/* A content on its way. */
struct moving {
	struct annex_remote *remote;
	struct annex_job *job;
	struct annex_which which;
	struct transfer transfer; /* with as many lanes as it gets */
	bool large;
	uint64_t told; /* bytes of progress that git-annex knows */
};

static int tell_progress(void *ctx, uint64_t bytes, struct err *err)
{
	struct moving *m = ctx;

	if (atomic_load(&m->remote->stop))
		return err_set(err, ERR_INTERRUPTED, "git-annex went away");
	if (bytes <= m->told)
		return 0;
	m->told = bytes;
	return annex_say(&m->remote->talk, m->job, err, "PROGRESS %llu",
	                 (unsigned long long)bytes);
}

/* Its turn: large ones have all lanes, one after another. */
static void begin_moving(struct moving *m, uint64_t size)
{
	const struct transfer *t = &m->remote->connection.transfer;

	m->large = size >= ANNEX_LARGE;
	if (m->large)
		pthread_mutex_lock(&m->remote->large);
	m->transfer = transfer_view(t, m->large ? t->lanes : 1, NULL);
	m->transfer.repo_id = m->which.owner;
	annex_remote_enter(m->remote);
}

/* Whether it took so long that it must be done again. */
static bool end_moving(struct moving *m)
{
	bool over = annex_remote_leave(m->remote);

	if (m->large)
		pthread_mutex_unlock(&m->remote->large);
	return over;
}

/* ---------------------------------------------------------------- storing */

/* git is asked what it knows by one job at a time. */
static void find_hints(void *ctx, const struct oid *oid, uint64_t size,
                       struct base_hints *out)
{
	struct annex_remote *r = ((struct moving *)ctx)->remote;

	pthread_mutex_lock(&r->hints);
	if (!r->history) {
		r->history = history_open(&r->connection.paths, NULL);
		if (r->history) {
			history_know_annex(r->history);
			history_use_store(r->history, &r->connection.transfer);
		}
	}
	if (r->history)
		history_hints(r->history, oid, size, out);
	pthread_mutex_unlock(&r->hints);
}

static int look_at_file(const struct moving *m, const char *file, uint64_t *size,
                        struct err *err)
{
	const struct annex_key *key = &m->which.parsed;
	struct stat st;

	if (stat(file, &st))
		return err_errno(err, "cannot open %s", file);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INPUT, "%s is not a file", file);
	*size = (uint64_t)st.st_size;
	if (key->has_oid && key->has_size && key->size != *size)
		return err_set(err, ERR_MISMATCH,
		               "%s has %llu bytes, and its key says %llu; 'git annex "
		               "fsck' looks at the copy here",
		               file, (unsigned long long)*size,
		               (unsigned long long)key->size);
	return 0;
}

/* Which object the file is, of a key that does not say it; its extents go to the upload. */
static int find_object(const char *file, struct upload_request *request, struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "cannot open %s", file);
	int rc = model_scan(fd, request->size, request->scanned, err);
	if (!rc)
		rc = stacks_cut(request->scanned, NULL, err);
	if (!rc)
		rc = extents_hash(fd, request->scanned, &request->oid, NULL, err);
	close(fd);
	return rc;
}

/* Once. For a key that needs it, the marker by which it is found comes before its claim. */
static int store_once(struct moving *m, const struct upload_request *asked,
                      struct err *err)
{
	struct extents extents = { .model = MODEL_OPAQUE };
	struct upload_request own = *asked, *request = &own;
	struct upload_result result;
	int rc = 0;

	if (!m->which.parsed.has_oid) {
		own.scanned = &extents;
		rc = find_object(request->path, request, err);
		if (!rc)
			rc = annex_content_put(m->transfer.store, &m->which.key,
			                       &request->oid, err);
	}
	if (!rc)
		rc = upload_object(&m->transfer, request, &result, err);
	extents_wipe(&extents);
	if (rc == ERR_MISMATCH && m->which.parsed.has_oid)
		return err_set(err, rc,
		               "%s is not the content of its key: it changed, or is "
		               "damaged; 'git annex fsck' looks at the copy here",
		               request->path);
	if (!rc)
		report_trace("annex: stored %s: %llu bytes, %llu stored, %llu known, "
		             "%zu deltas, %zu solo",
		             request->path, (unsigned long long)request->size,
		             (unsigned long long)result.stored,
		             (unsigned long long)result.known, result.deltas,
		             result.solos);
	return rc;
}

enum { ROUNDS = 3 };

int annex_content_store(struct annex_remote *r, struct annex_job *job, const char *key,
                        const char *file, struct err *err)
{
	struct moving m = { .remote = r, .job = job };
	struct upload_request request = { .path = file,
		                          .find_hints = find_hints,
		                          .progress = tell_progress,
		                          .ctx = &m };
	int rc = annex_remote_may_write(r, err);

	if (!rc)
		rc = annex_which(r, key, &m.which, err);
	if (!rc)
		rc = look_at_file(&m, file, &request.size, err);
	request.oid = m.which.parsed.oid;
	for (int round = 0; !rc && round < ROUNDS; round++) {
		begin_moving(&m, request.size);
		rc = store_once(&m, &request, err);
		if (!end_moving(&m))
			return rc;
	}
	return rc ? rc
	          : err_set(err, ERR_IO,
	                    "storing it took longer than the grace period three times; "
	                    "raise zllm.gc.grace, also for whoever runs 'git zllm gc' "
	                    "on the store");
}

/* ---------------------------------------------------------------- retrieving */

/* Of several contents, the one that is claimed: a STORE that was cut leaves none. */
static int choose_content(const struct moving *m, struct oid *out, struct err *err)
{
	struct annex_contents contents;
	int rc = annex_which_contents(m->remote, &m->which, &contents, err);

	if (!rc && !contents.count)
		rc = err_set(err, ERR_MISSING, "the store does not have this key");
	if (rc)
		return rc;
	*out = contents.list[0];
	for (size_t i = 0; i < contents.count && contents.count > 1 && !rc; i++) {
		enum annex_claim claim;
		rc = annex_claim_look(m->remote->connection.store, m->which.owner,
		                      &contents.list[i], &claim, err);
		if (!rc && claim == ANNEX_CLAIM_LIVE) {
			*out = contents.list[i];
			break;
		}
	}
	return rc;
}

/* As the manifest says it; where that cannot be read, or lies in trash, as the key does. */
static int find_size(const struct moving *m, const struct oid *oid, uint64_t *size,
                     struct err *err)
{
	const struct annex_key *key = &m->which.parsed;
	struct manifest_outline outline;
	int rc = manifest_get_outline(m->remote->connection.store, oid, &outline, err);

	if (rc < 0)
		return rc;
	if (rc && !(key->has_size && !key->is_chunk))
		return err_set(err, ERR_MISSING, "the store does not have this key");
	*size = rc ? key->size : outline.size;
	if (key->has_oid && key->has_size && key->size != *size)
		return err_set(err, ERR_MISMATCH,
		               "the object of this key has %llu bytes, and the key says "
		               "%llu",
		               (unsigned long long)*size, (unsigned long long)key->size);
	return 0;
}

/* Where a rename cannot get there: another disk. */
static int copy_to(int from, const char *file, uint64_t size, struct err *err)
{
	int to = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	loff_t at = 0;
	ssize_t n = 1;

	if (to < 0)
		return err_errno(err, "cannot write %s", file);
	while (n > 0 && (uint64_t)at < size)
		n = copy_file_range(from, &at, to, NULL, (size_t)(size - (uint64_t)at),
		                    0);
	int rc = n < 0 ? err_errno(err, "cannot write %s", file) : 0;
	if (!rc && (uint64_t)at < size)
		rc = err_set(err, ERR_IO, "%s ends early", file);
	if (close(to) && !rc)
		rc = err_errno(err, "cannot write %s", file);
	return rc;
}

/* Gives the file to git-annex. */
static int hand_over(struct partial_file *p, const char *file, uint64_t size,
                     struct err *err)
{
	if (!rename(p->path, file))
		return 0;
	if (errno != EXDEV)
		return err_errno(err, "cannot rename %s to %s", p->path, file);
	return copy_to(p->fd, file, size, err);
}

/* A file for a content that another job or process is fetching for another key. */
static int open_other(const struct moving *m, struct partial_file *p, struct err *err)
{
	struct temp_file temp = TEMP_FILE_INIT;
	int rc = temp_file_create(&m->remote->connection.paths, &temp, err);

	if (!rc)
		*p = (struct partial_file){ temp.fd, temp.path };
	return rc;
}

/* What is fetched lies beside the file until it is whole: git-annex, and other remotes, go
 * on where a file ends, and we fill it in any order. */
static int fetch(struct moving *m, struct download_request *request, const char *file,
                 struct err *err)
{
	struct partial_file p = PARTIAL_FILE_INIT;
	int rc = partial_file_open(&m->remote->connection.paths, &request->oid, &p, err);

	bool other = rc > 0;
	if (other)
		rc = open_other(m, &p, err);
	if (rc)
		return rc;
	request->fd = p.fd;
	rc = download_object(&m->transfer, request, err);
	if (!rc)
		rc = hand_over(&p, file, request->size, err);
	if (rc == ERR_MISMATCH || other)
		partial_file_remove(&p);
	else
		partial_file_leave(&p);
	return rc;
}

int annex_content_retrieve(struct annex_remote *r, struct annex_job *job, const char *key,
                           const char *file, struct err *err)
{
	struct moving m = { .remote = r, .job = job };
	struct download_request request = { .into = DOWNLOAD_RESUME,
		                            .progress = tell_progress,
		                            .ctx = &m };
	int rc = annex_which(r, key, &m.which, err);

	if (!rc)
		rc = choose_content(&m, &request.oid, err);
	if (!rc)
		rc = find_size(&m, &request.oid, &request.size, err);
	if (rc)
		return rc;
	begin_moving(&m, request.size);
	rc = fetch(&m, &request, file, err);
	(void)end_moving(&m);
	report_trace("annex: retrieved %s: %s", key, rc ? err->text : "whole");
	return rc;
}
