#include "agent/annex/annex_serve.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "agent/annex/annex_content.h"
#include "agent/annex/annex_message.h"
#include "agent/annex/annex_presence.h"
#include "agent/annex/annex_remote.h"
#include "agent/annex/annex_setup.h"
#include "agent/report/report.h"
#include "agent/where/store_url.h"
#include "codec/common/buf.h"
#include "index/store/store.h"

/* What git-annex takes for near and far. */
enum { COST_NEAR = 100, COST_FAR = 200 };

/* One request being served. */
struct serving {
	struct annex_remote *remote;
	struct annex_job *job;
	const struct annex_message *message;
};

#define SAY(s, err, ...) annex_say(&(s)->remote->talk, (s)->job, err, __VA_ARGS__)

/* ---------------------------------------------------------------- extensions */

static bool offers(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += n)
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

/* Versions of git-annex refuse what they did not offer. */
int annex_serve_extensions(struct annex_remote *r, const char *offered, struct err *err)
{
	struct annex_talk *t = &r->talk;
	const bool async = offers(offered, "ASYNC");

	t->can_inform = offers(offered, "INFO");
	t->can_name_remote = offers(offered, "GETGITREMOTENAME");
	t->can_be_unavailable = offers(offered, "UNAVAILABLERESPONSE");
	return annex_say(t, NULL, err, "EXTENSIONS%s%s%s%s", t->can_inform ? " INFO" : "",
	                 t->can_name_remote ? " GETGITREMOTENAME" : "",
	                 t->can_be_unavailable ? " UNAVAILABLERESPONSE" : "",
	                 async ? " ASYNC" : "");
}

/* ---------------------------------------------------------------- what we are */

static int serve_listconfigs(struct serving *s, struct err *err)
{
	int rc = SAY(s, err,
	             "CONFIG store where models are kept: a folder, or "
	             "s3://<bucket>/<prefix> (required)");

	return rc ? rc : SAY(s, err, "CONFIGEND");
}

/* The kind of store that the configuration names; NULL with the reason. */
static const struct store_kind *kind_of_store(struct serving *s, struct err *err)
{
	const struct store_kind *kind = NULL;
	struct store_url url = { 0 };
	struct buf place = BUF_INIT;

	if (!annex_remote_place(s->remote, s->job, &place, err) &&
	    !store_url_parse(buf_text(&place), &url, err))
		kind = url.kind;
	store_url_wipe(&url);
	buf_wipe(&place);
	return kind;
}

static int serve_cost(struct serving *s, struct err *err)
{
	struct err why = ERR_INIT;
	const struct store_kind *kind = kind_of_store(s, &why);

	return SAY(s, err, "COST %d", kind && kind->is_path ? COST_NEAR : COST_FAR);
}

/* A disk that is not mounted is no reason for a sync to fail. */
static int serve_availability(struct serving *s, struct err *err)
{
	struct err why = ERR_INIT;
	const struct store_kind *kind = kind_of_store(s, &why);

	if (kind && kind->is_path && s->remote->talk.can_be_unavailable &&
	    annex_remote_open(s->remote, s->job, &why) == ERR_MISSING)
		return SAY(s, err, "AVAILABILITY UNAVAILABLE");
	return SAY(s, err, "AVAILABILITY %s", kind && kind->is_path ? "LOCAL" : "GLOBAL");
}

static int say_info(struct serving *s, const char *field, const char *value,
                    struct err *err)
{
	int rc = SAY(s, err, "INFOFIELD %s", field);

	return rc ? rc : SAY(s, err, "INFOVALUE %s", value);
}

static int serve_info(struct serving *s, struct err *err)
{
	struct err why = ERR_INIT;
	struct annex_remote *r = s->remote;
	struct buf place = BUF_INIT;
	int rc = annex_remote_place(r, s->job, &place, &why);

	rc = rc == ERR_INTERRUPTED
	             ? rc
	             : say_info(s, "store", rc ? why.text : buf_text(&place), err);
	if (!rc) {
		bool open = !annex_remote_open(r, s->job, &why);
		rc = say_info(s, "git-zllm",
		              !open         ? why.text
		              : r->writable ? ZLLM_VERSION
		                            : r->refused.text,
		              err);
	}
	buf_wipe(&place);
	return rc ? rc : SAY(s, err, "INFOEND");
}

/* ---------------------------------------------------------------- setting up */

static int serve_initremote(struct serving *s, struct err *err)
{
	struct err why = ERR_INIT;

	return annex_setup(s->remote, s->job, &why)
	               ? SAY(s, err, "INITREMOTE-FAILURE %s", why.text)
	               : SAY(s, err, "INITREMOTE-SUCCESS");
}

static int serve_prepare(struct serving *s, struct err *err)
{
	struct err why = ERR_INIT;

	return annex_remote_open(s->remote, s->job, &why)
	               ? SAY(s, err, "PREPARE-FAILURE %s", why.text)
	               : SAY(s, err, "PREPARE-SUCCESS");
}

/* ---------------------------------------------------------------- keys */

static int serve_transfer(struct serving *s, struct err *err)
{
	const struct annex_message *m = s->message;
	const char *way = m->verb == ANNEX_STORE ? "STORE" : "RETRIEVE";
	struct err why = ERR_INIT;
	int rc = annex_remote_open(s->remote, s->job, &why);

	if (!rc)
		rc = m->verb == ANNEX_STORE
		             ? annex_content_store(s->remote, s->job, m->key, m->rest,
		                                   &why)
		             : annex_content_retrieve(s->remote, s->job, m->key, m->rest,
		                                      &why);
	if (rc)
		report_trace("annex: %s %s: %s", way, m->key, why.text);
	return rc ? SAY(s, err, "TRANSFER-FAILURE %s %s %s", way, m->key, why.text)
	          : SAY(s, err, "TRANSFER-SUCCESS %s %s", way, m->key);
}

static int serve_checkpresent(struct serving *s, struct err *err)
{
	const char *key = s->message->key;
	enum annex_presence presence = ANNEX_ABSENT;
	struct err why = ERR_INIT;
	int rc = annex_remote_open(s->remote, s->job, &why);

	if (!rc)
		rc = annex_presence_look(s->remote, key, &presence, &why);
	if (rc)
		return SAY(s, err, "CHECKPRESENT-UNKNOWN %s %s", key, why.text);
	return SAY(s, err, "CHECKPRESENT-%s %s",
	           presence == ANNEX_PRESENT ? "SUCCESS" : "FAILURE", key);
}

static int serve_remove(struct serving *s, struct err *err)
{
	const char *key = s->message->key;
	struct err why = ERR_INIT;
	int rc = annex_remote_open(s->remote, s->job, &why);

	if (!rc)
		rc = annex_presence_remove(s->remote, key, &why);
	return rc ? SAY(s, err, "REMOVE-FAILURE %s %s", key, why.text)
	          : SAY(s, err, "REMOVE-SUCCESS %s", key);
}

static int serve_whereis(struct serving *s, struct err *err)
{
	struct buf where = BUF_INIT;
	struct err why = ERR_INIT;
	int rc = annex_remote_open(s->remote, s->job, &why);

	if (!rc)
		rc = annex_presence_where(s->remote, s->message->key, &where, &why);
	rc = rc ? SAY(s, err, "WHEREIS-FAILURE")
	        : SAY(s, err, "WHEREIS-SUCCESS %s", buf_text(&where));
	buf_wipe(&where);
	return rc;
}

/* ---------------------------------------------------------------- the whole */

/* A store has no trees of files. */
static int serve_exportsupported(struct serving *s, struct err *err)
{
	return SAY(s, err, "EXPORTSUPPORTED-FAILURE");
}

/* Contents come whole, by a rename: there is nothing to read along. */
static int serve_ordered(struct serving *s, struct err *err)
{
	return SAY(s, err, "UNORDERED");
}

static int serve_unknown(struct serving *s, struct err *err)
{
	return SAY(s, err, "UNSUPPORTED-REQUEST");
}

int annex_serve(struct annex_remote *r, struct annex_job *job,
                const struct annex_message *m, struct err *err)
{
	static int (*const serve[])(struct serving * s, struct err * err) = {
		[ANNEX_LISTCONFIGS] = serve_listconfigs,
		[ANNEX_INITREMOTE] = serve_initremote,
		[ANNEX_PREPARE] = serve_prepare,
		[ANNEX_STORE] = serve_transfer,
		[ANNEX_RETRIEVE] = serve_transfer,
		[ANNEX_CHECKPRESENT] = serve_checkpresent,
		[ANNEX_REMOVE] = serve_remove,
		[ANNEX_GETCOST] = serve_cost,
		[ANNEX_GETAVAILABILITY] = serve_availability,
		[ANNEX_GETORDERED] = serve_ordered,
		[ANNEX_GETINFO] = serve_info,
		[ANNEX_WHEREIS] = serve_whereis,
		[ANNEX_EXPORTSUPPORTED] = serve_exportsupported,
		[ANNEX_ERROR] = NULL,
	};
	struct serving s = { r, job, m };

	return serve[m->verb] ? serve[m->verb](&s, err) : serve_unknown(&s, err);
}
