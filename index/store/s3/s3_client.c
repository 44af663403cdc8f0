/* A call's way: signed and sent, judged (s3_judge.c), and sent again. */
#include "index/store/s3/s3_client.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "index/store/s3/s3_client_private.h"
#include "index/work/term.h"

enum {
	PAUSE_FIRST_MS = 100, /* the pause before the first repeat is below this, */
	PAUSE_MAX_MS = 20000, /* and no pause is longer */
	PAUSE_MIN_MS = 20,
	UNREACHED_MS =
		30000, /* a server that was never reached is not waited for longer */
	SLOWEST = 1024 /* bytes a second; a flow below is a stall */
};

/* ---------------------------------------------------------------- sending */

/* As long as bytes flow a try may go on; but not for ever. */
static unsigned limit_of(const struct s3_client *c, const struct s3_call *call)
{
	uint64_t bytes = call->room + call->body_max;

	for (unsigned i = 0; i < call->pieces; i++)
		bytes += call->body[i].size;
	uint64_t ms = call->repeat_ms ? call->repeat_ms : c->repeat_ms;
	int64_t left = call->not_after_ms - term_now();

	ms += bytes * 1000 / SLOWEST;
	if (call->not_after_ms && left < (int64_t)ms)
		return left > 1 ? (unsigned)left : 1;
	return ms < INT32_MAX ? (unsigned)ms : INT32_MAX;
}

static void send_once(struct s3_client *c, struct s3_call *call)
{
	struct http_request *q = &call->x.request;

	http_reply_wipe(&call->x.reply);
	if (s3_request_make(c, call))
		return;
	call->why = (struct err)ERR_INIT;
	q->method = call->method;
	memcpy(q->body, call->body, sizeof(q->body));
	q->pieces = call->pieces;
	q->into = call->into;
	q->room = call->room;
	q->body_max = call->body_max;
	q->patient = call->patient;
	q->limit_ms = limit_of(c, call);
	call->tries++;
	call->begun_ms = term_now();
	call->under_way = true;
	http_start(c->http, &call->x);
}

void s3_start(struct s3_client *c, struct s3_call *call)
{
	call->reply = &call->x.reply;
	call->first_ms = term_now();
	send_once(c, call);
}

static void trace(const struct s3_client *c, const struct s3_call *call)
{
	const struct http_reply *r = &call->x.reply;
	struct buf line = BUF_INIT;
	size_t sent = 0;

	if (!c->trace)
		return;
	for (unsigned i = 0; i < call->pieces; i++)
		sent += call->body[i].size;
	buf_addf(&line, "s3: %s %s%s%s: ", call->method, call->key ? call->key : "",
	         call->query ? "?" : "", call->query ? call->query : "");
	if (r->outcome == HTTP_ANSWERED)
		buf_addf(&line, "%d", r->status);
	else
		buf_addf(&line, "no answer (%s)", r->why);
	buf_addf(&line, ", %zu bytes out, %zu in, %lld ms, try %u", sent,
	         r->got + r->body.size, (long long)(term_now() - call->begun_ms),
	         call->tries);
	c->trace(c->trace_ctx, buf_text(&line));
	buf_wipe(&line);
}

/* ---------------------------------------------------------------- repeating */

static uint32_t random_below(uint32_t n)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		r = (uint32_t)term_now();
	return n ? r % n : 0;
}

static int64_t pause_ms(const struct s3_call *call)
{
	unsigned doublings = call->tries < 16 ? call->tries - 1 : 15;
	int64_t most = (int64_t)PAUSE_FIRST_MS << doublings;
	int64_t named = s3_retry_after_ms(&call->x.reply);

	if (most > PAUSE_MAX_MS)
		most = PAUSE_MAX_MS;
	int64_t ms = PAUSE_MIN_MS + random_below((uint32_t)most);
	return ms > named ? ms : named;
}

static void sleep_ms(int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t))
		;
}

/* Whether to send once more, after the pause. The time for repeats begins with the
 * first failure: a slow line is not a failure. */
static bool may_repeat(const struct s3_client *c, struct s3_call *call)
{
	int64_t now = term_now();
	int64_t ms = call->repeat_ms ? call->repeat_ms : c->repeat_ms;

	if (!call->repeat_until_ms)
		call->repeat_until_ms = now + ms;
	int64_t until = call->repeat_until_ms;
	if (call->x.reply.outcome == HTTP_NO_CONNECTION && !atomic_load(&c->reached) &&
	    ms > UNREACHED_MS)
		until += UNREACHED_MS - ms;
	int64_t pause = pause_ms(call);
	if (call->not_after_ms && now + pause >= call->not_after_ms)
		return false;
	if (pause > until - now)
		pause = until - now;
	if (pause <= 0)
		return false;
	sleep_ms(pause);
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_keys(const struct s3_credentials *a, const struct s3_credentials *b)
{
	const struct s3_keys *x = s3_credentials_keys(a), *y = s3_credentials_keys(b);

	return same_text(x->id, y->id) && same_text(x->secret, y->secret) &&
	       same_text(x->token, y->token);
}

/* Other keys in place of those that were refused; false when there are none. */
static bool renew_keys(struct s3_client *c, struct s3_call *call)
{
	struct s3_credentials *keys = NULL;
	struct err ignored = ERR_INIT;

	if (call->keys_renewed || !call->keys ||
	    c->keyring->ops->take(c->keyring, call->keys, &keys, &ignored))
		return false;
	bool others = !same_keys(keys, call->keys);
	s3_credentials_release(call->keys);
	call->keys = keys;
	call->keys_renewed = true;
	return others;
}

/* The clock's error by the server's, once; false when that says nothing new. */
static bool correct_clock(struct s3_client *c, struct s3_call *call)
{
	char date[64];
	int64_t theirs;

	if (call->clock_corrected ||
	    !http_reply_field(&call->x.reply, "date", date, sizeof(date)))
		return false;
	theirs = s3_http_date_parse(date);
	if (theirs < 0)
		return false;
	atomic_store(&c->clock_offset, theirs - (int64_t)time(NULL));
	call->clock_corrected = true;
	return true;
}

/* Whether the call is sent again. */
static bool go_on(struct s3_client *c, struct s3_call *call, enum s3_verdict verdict)
{
	switch (verdict) {
	case S3_REPEAT:
		return may_repeat(c, call);
	case S3_WRONG_CLOCK:
		return correct_clock(c, call);
	case S3_WANTS_MD5:
		atomic_store(&c->wants_md5, true);
		return !call->with_md5;
	case S3_OLD_KEYS:
		return renew_keys(c, call);
	default:
		return false;
	}
}

int s3_finish(struct s3_client *c, struct s3_call *call, struct err *err)
{
	while (call->under_way) {
		http_wait(&call->x);
		call->under_way = false;
		if (call->x.reply.outcome == HTTP_ANSWERED)
			atomic_store(&c->reached, true);
		trace(c, call);
		call->status = call->x.reply.status;
		enum s3_verdict verdict = s3_judge(c, call);
		call->refused = verdict == S3_REFUSED;
		if (verdict == S3_ANSWER && call->status < 300)
			atomic_store(&c->granted, true);
		if (verdict == S3_ANSWER)
			return 0;
		if (go_on(c, call, verdict))
			send_once(c, call);
	}
	struct err why = call->why;
	if (call->tries > 1)
		s3_say_tries(call, &why);
	err_context(&why, "store %s", c->name);
	return err_set(err, why.code, "%s", why.text);
}

int s3_call(struct s3_client *c, struct s3_call *call, struct err *err)
{
	s3_start(c, call);
	return s3_finish(c, call, err);
}

void s3_call_wipe(struct s3_call *call)
{
	if (call->under_way)
		http_wait(&call->x);
	call->under_way = false;
	http_reply_wipe(&call->x.reply);
	s3_credentials_release(call->keys);
	call->keys = NULL;
	buf_wipe(&call->url);
	s3_request_wipe(call);
}

/* ---------------------------------------------------------------- the client */

static int copy_names(struct s3_client *c, const struct s3_options *o, struct err *err)
{
	const char *slash = *o->prefix ? "/" : "";
	struct buf name = BUF_INIT, prefix = BUF_INIT;

	buf_addf(&name, "s3://%s%s%s", o->place.bucket, slash, o->prefix);
	buf_addf(&prefix, "%s%s", o->prefix, slash);
	c->name = strdup(buf_text(&name));
	c->prefix = strdup(buf_text(&prefix));
	c->region = strdup(o->place.region);
	c->bucket = strdup(o->place.bucket);
	bool failed = name.failed || prefix.failed || !c->name || !c->prefix ||
	              !c->region || !c->bucket;
	buf_wipe(&name);
	buf_wipe(&prefix);
	return failed ? err_nomem(err, "a store's name") : 0;
}

static int copy_demands(struct s3_client *c, const struct s3_demands *d, struct err *err)
{
	for (int i = 0; i < S3_DEMANDS; i++) {
		c->demands.value[i] = d->value[i] ? strdup(d->value[i]) : NULL;
		if (d->value[i] && !c->demands.value[i])
			return err_nomem(err, "a setting");
	}
	return 0;
}

static int check_options(const struct s3_options *o, struct err *err)
{
	if (!s3_bucket_valid(o->place.bucket))
		return err_set(
			err, ERR_INPUT,
			"'%s' is not the name of a bucket: 3 to 63 letters, digits, "
			"'.', '-' and '_'",
			o->place.bucket);
	if (!s3_region_valid(o->place.region))
		return err_set(err, ERR_CONFIG, "'%s' is not the name of a region",
		               o->place.region);
	if (strlen(o->prefix) > S3_PREFIX_MAX)
		return err_set(err, ERR_INPUT,
		               "the prefix of s3://%s has more than %d bytes",
		               o->place.bucket, S3_PREFIX_MAX);
	return s3_demands_check(&o->demands, err);
}

int s3_client_new(const struct s3_options *options, struct s3_keyring *keyring,
                  struct s3_client **out, struct err *err)
{
	struct s3_client *c;
	int rc = check_options(options, err);

	if (rc)
		return rc;
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_nomem(err, "a store");
	c->repeat_ms = options->repeat_ms;
	c->trace = options->trace;
	c->trace_ctx = options->trace_ctx;
	rc = copy_names(c, options, err);
	if (!rc)
		rc = copy_demands(c, &options->demands, err);
	if (!rc)
		rc = s3_endpoint_make(&options->place, &c->endpoint, err);
	if (!rc)
		rc = http_client_new(&options->http, &c->http, err);
	if (rc) {
		s3_client_free(c);
		return rc;
	}
	c->keyring = keyring;
	*out = c;
	return 0;
}

void s3_client_free(struct s3_client *c)
{
	if (!c)
		return;
	http_client_free(c->http);
	s3_endpoint_wipe(&c->endpoint);
	s3_keyring_close(c->keyring);
	free(c->name);
	free(c->prefix);
	free(c->region);
	free(c->bucket);
	for (int i = 0; i < S3_DEMANDS; i++)
		free((char *)c->demands.value[i]);
	free(c);
}

const char *s3_client_name(const struct s3_client *c)
{
	return c->name;
}

void s3_client_copy_source(const struct s3_client *c, const char *key, struct buf *out)
{
	buf_add_u8(out, '/');
	s3_encode_path(c->bucket, out);
	buf_add_u8(out, '/');
	s3_encode_path(c->prefix, out);
	s3_encode_path(key, out);
}

const char *s3_client_prefix(const struct s3_client *c)
{
	return c->prefix;
}
