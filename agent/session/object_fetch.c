#include "agent/session/object_fetch.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/git/git_paths.h"
#include "agent/session/temp_file.h"
#include "codec/common/err.h"
#include "index/download.h"

static int fetch_into(const struct transfer *t, const struct object_fetch *f,
                      struct download_request request, struct err *err)
{
	request.oid = f->oid;
	request.size = f->size;
	request.progress = f->progress;
	request.ctx = f->ctx;
	return download_object(t, &request, err);
}

static int fetch_to_temp(const struct transfer *t, const struct git_paths *paths,
                         const struct object_fetch *f, char **path, struct err *err)
{
	struct temp_file temp = TEMP_FILE_INIT;
	int rc = f->folder ? temp_file_create_in(paths, f->folder, &temp, err)
	                   : temp_file_create(paths, &temp, err);

	if (!rc)
		rc = fetch_into(t, f, (struct download_request){ .fd = temp.fd }, err);
	if (!rc)
		rc = temp_file_keep(&temp, path, err);
	temp_file_discard(&temp);
	return rc;
}

int object_fetch(const struct transfer *t, const struct git_paths *paths,
                 const struct object_fetch *f, struct fetched *out, struct err *err)
{
	struct fetched made = { NULL, PARTIAL_FILE_INIT };
	struct err ignored = ERR_INIT;
	int rc;

	/* A partial file that cannot be had is no reason to fail. */
	if (f->size < PARTIAL_MIN ||
	    partial_file_open(paths, &f->oid, &made.partial, &ignored))
		rc = fetch_to_temp(t, paths, f, &made.path, err);
	else
		rc = fetch_into(t, f,
		                (struct download_request){ .fd = made.partial.fd,
		                                           .into = DOWNLOAD_RESUME },
		                err);
	if (!rc)
		*out = made;
	else if (rc == ERR_MISMATCH)
		partial_file_remove(&made.partial); /* another object's bytes */
	else
		partial_file_leave(&made.partial);
	return rc;
}

int fetched_keep(struct fetched *f, const struct git_paths *paths, char **path,
                 struct err *err)
{
	if (!f->path)
		return partial_file_finish(&f->partial, paths, path, err);
	*path = f->path;
	f->path = NULL;
	return 0;
}

void fetched_discard(struct fetched *f)
{
	if (f->path)
		unlink(f->path);
	free(f->path);
	f->path = NULL;
	partial_file_remove(&f->partial);
}
