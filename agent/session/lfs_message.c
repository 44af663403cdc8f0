#include "agent/session/lfs_message.h"

#include <stdlib.h>
#include <string.h>

#include "agent/report/json.h"
#include "agent/report/printable.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

/* ---------------------------------------------------------------- to us */

static int parse_event(const char *name, struct lfs_message *out, struct err *err)
{
	static const struct {
		const char *name;
		enum lfs_event event;
	} events[] = {
		{ "init", LFS_INIT },
		{ "upload", LFS_UPLOAD },
		{ "download", LFS_DOWNLOAD },
		{ "terminate", LFS_TERMINATE },
	};

	for (size_t i = 0; name && i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(events[i].name, name) == 0) {
			out->event = events[i].event;
			return 0;
		}
	return err_set(err, ERR_INPUT, "git-lfs sent an unknown event: '%s'",
	               name ? name : "");
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static int parse_init(const struct json *j, struct lfs_message *out, struct err *err)
{
	const char *operation = json_get_str(j, "operation");

	if (!operation ||
	    (strcmp(operation, "upload") != 0 && strcmp(operation, "download") != 0))
		return err_set(err, ERR_INPUT, "git-lfs sent an unknown operation: '%s'",
		               operation ? operation : "");
	out->upload = strcmp(operation, "upload") == 0;
	out->remote = copy(json_get_str(j, "remote"));
	return 0;
}

static int parse_transfer(const struct json *j, struct lfs_message *out, struct err *err)
{
	const char *oid = json_get_str(j, "oid");

	out->oid_text = copy(oid);
	out->path = copy(json_get_str(j, "path"));
	if (!oid || !oid_parse(oid, &out->oid))
		return err_set(err, ERR_INPUT,
		               "git-lfs sent an oid that is not a SHA-256: '%s'",
		               oid ? oid : "");
	if (!json_get_u64(j, "size", &out->size))
		return err_set(err, ERR_INPUT, "git-lfs sent no size for %s", oid);
	if (out->event == LFS_UPLOAD && !out->path)
		return err_set(err, ERR_INPUT, "git-lfs sent no path for %s", oid);
	return 0;
}

int lfs_message_parse(const char *line, size_t n, struct lfs_message *out,
                      struct err *err)
{
	struct json *j = json_parse(line, n);
	struct lfs_message m = { 0 };

	*out = m;
	if (!j)
		return err_set(err, ERR_INPUT, "git-lfs sent a line that is not JSON");
	int rc = parse_event(json_get_str(j, "event"), &m, err);
	if (!rc && m.event == LFS_INIT)
		rc = parse_init(j, &m, err);
	else if (!rc && m.event != LFS_TERMINATE)
		rc = parse_transfer(j, &m, err);
	json_free(j);
	*out = m;
	return rc;
}

void lfs_message_wipe(struct lfs_message *m)
{
	free(m->remote);
	free(m->oid_text);
	free(m->path);
	*m = (struct lfs_message){ 0 };
}

/* ---------------------------------------------------------------- from us */

/* git-lfs prints the number in brackets before the sentence; ours are positive. The
 * sentence it prints as it is, so names in it are made harmless here. */
static void put_failure(struct json *j, const struct err *failure)
{
	struct json *e = json_object();
	struct buf words = BUF_INIT;

	printable_add(&words, failure->text);
	json_put_u64(e, "code", (uint64_t)-failure->code);
	json_put_str(e, "message", buf_text(&words));
	json_put(j, "error", e);
	buf_wipe(&words);
}

static char *text_and_free(struct json *j)
{
	char *text = json_text(j);

	json_free(j);
	return text;
}

char *lfs_reply_init(const struct err *failure)
{
	struct json *j = json_object();

	if (failure)
		put_failure(j, failure);
	return text_and_free(j);
}

char *lfs_reply_progress(const char *oid, uint64_t so_far, uint64_t since_last)
{
	struct json *j = json_object();

	json_put_str(j, "event", "progress");
	json_put_str(j, "oid", oid);
	json_put_u64(j, "bytesSoFar", so_far);
	json_put_u64(j, "bytesSinceLast", since_last);
	return text_and_free(j);
}

char *lfs_reply_complete(const char *oid, const char *path, const struct err *failure)
{
	struct json *j = json_object();

	json_put_str(j, "event", "complete");
	json_put_str(j, "oid", oid);
	if (failure)
		put_failure(j, failure);
	else if (path)
		json_put_str(j, "path", path);
	return text_and_free(j);
}
