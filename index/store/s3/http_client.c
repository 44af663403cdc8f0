/* The only file that includes curl. */
#include "index/store/s3/http_client.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "codec/common/err.h"

enum {
	SLOW_BYTES = 1024,        /* a second; fewer: it has stalled */
	PATIENCE = 10,            /* times longer where the server thinks */
	WIRE_BUFFER = 512 * 1024, /* bytes curl moves at once */
	WIDTH_MIN = 4, /* requests at once, however often it says "slow down" */
	POLL_MS = 1000 /* a wake-up ends it at once */
};

/* A curl handle and the exchange it works on. */
struct http_slot {
	CURL *easy;
	struct curl_slist *fields;
	struct http_exchange *x; /* NULL: idle */
	char error[CURL_ERROR_SIZE];
};

struct http_client {
	struct http_options options;
	char *ca_bundle; /* owned */
	CURLM *multi;
	struct http_slot *slots;
	unsigned width;   /* slots in use: fewer while the service asks for less */
	unsigned answers; /* since the width last changed */
	pthread_t thread;
	bool running;
	pthread_mutex_t lock; /* guards the queue, `stop` and `done` of exchanges */
	struct http_exchange *first, *last;
	bool stop;
};

/* ---------------------------------------------------------------- what curl calls */

static size_t send_body(char *to, size_t size, size_t count, void *ctx)
{
	struct http_slot *slot = ctx;

	return http_exchange_send(slot->x, to, size * count);
}

/* A kept connection that turns out dead makes curl begin again. */
static int seek_body(void *ctx, curl_off_t offset, int origin)
{
	struct http_slot *slot = ctx;

	if (offset != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	http_exchange_rewind(slot->x);
	return CURL_SEEKFUNC_OK;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct http_slot *slot = ctx;
	size_t n = size * count;
	long status = 0;

	curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
	return http_exchange_take_body(slot->x, status, bytes, n) ? n : 0;
}

static size_t take_field(char *bytes, size_t size, size_t count, void *ctx)
{
	struct http_slot *slot = ctx;
	size_t n = size * count;

	return http_exchange_take_field(slot->x, bytes, n) ? n : 0;
}

/* ---------------------------------------------------------------- one exchange */

static void set_method(struct http_slot *slot)
{
	const struct http_request *q = &slot->x->request;
	curl_off_t size = 0;

	if (strcmp(q->method, "GET") == 0)
		return;
	if (strcmp(q->method, "HEAD") == 0) {
		curl_easy_setopt(slot->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	curl_easy_setopt(slot->easy, CURLOPT_CUSTOMREQUEST, q->method);
	if (strcmp(q->method, "DELETE") == 0)
		return;
	for (unsigned i = 0; i < q->pieces; i++)
		size += (curl_off_t)q->body[i].size;
	curl_easy_setopt(slot->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(slot->easy, CURLOPT_INFILESIZE_LARGE, size);
	curl_easy_setopt(slot->easy, CURLOPT_READFUNCTION, send_body);
	curl_easy_setopt(slot->easy, CURLOPT_READDATA, slot);
	curl_easy_setopt(slot->easy, CURLOPT_SEEKFUNCTION, seek_body);
	curl_easy_setopt(slot->easy, CURLOPT_SEEKDATA, slot);
}

static void set_limits(const struct http_client *c, struct http_slot *slot)
{
	const struct http_request *q = &slot->x->request;
	long stall = (long)c->options.stall_seconds * (q->patient ? PATIENCE : 1);

	curl_easy_setopt(slot->easy, CURLOPT_CONNECTTIMEOUT,
	                 (long)c->options.connect_seconds);
	curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, (long)q->limit_ms);
	curl_easy_setopt(slot->easy, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(slot->easy, CURLOPT_LOW_SPEED_TIME, stall);
	curl_easy_setopt(slot->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(slot->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(slot->easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(slot->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(slot->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (c->options.no_proxy)
		curl_easy_setopt(slot->easy, CURLOPT_NOPROXY, "*");
	if (c->ca_bundle)
		curl_easy_setopt(slot->easy, CURLOPT_CAINFO, c->ca_bundle);
}

/* False when memory ran out. "Expect:" keeps curl from asking before it sends:
 * servers and proxies that do not know the question cost a second each. */
static bool set_fields(struct http_slot *slot)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (const char *const *f = slot->x->request.fields; list && f && *f; f++) {
		struct curl_slist *more = curl_slist_append(list, *f);
		if (!more) {
			curl_slist_free_all(list);
			return false;
		}
		list = more;
	}
	slot->fields = list;
	return list != NULL &&
	       curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, list) == CURLE_OK;
}

/* The curl code of a failure to begin. */
static CURLcode begin(struct http_client *c, struct http_slot *slot,
                      struct http_exchange *x)
{
	slot->x = x;
	http_exchange_rewind(x);
	slot->error[0] = 0;
	curl_easy_reset(slot->easy);
	curl_easy_setopt(slot->easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(slot->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(slot->easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(slot->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(slot->easy, CURLOPT_BUFFERSIZE, (long)WIRE_BUFFER);
	curl_easy_setopt(slot->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)WIRE_BUFFER);
	curl_easy_setopt(slot->easy, CURLOPT_ERRORBUFFER, slot->error);
	curl_easy_setopt(slot->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(slot->easy, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(slot->easy, CURLOPT_HEADERFUNCTION, take_field);
	curl_easy_setopt(slot->easy, CURLOPT_HEADERDATA, slot);
	set_limits(c, slot);
	set_method(slot);
	if (!set_fields(slot) ||
	    curl_easy_setopt(slot->easy, CURLOPT_URL, x->request.url) != CURLE_OK)
		return CURLE_OUT_OF_MEMORY;
	return curl_multi_add_handle(c->multi, slot->easy) == CURLM_OK
	               ? CURLE_OK
	               : CURLE_FAILED_INIT;
}

static enum http_outcome outcome_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return HTTP_ANSWERED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		return HTTP_NO_CONNECTION;
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_UPLOAD_FAILED:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_AGAIN:
		return HTTP_TRY_AGAIN;
	default:
		return HTTP_GIVE_UP;
	}
}

static void copy_words(char *to, size_t room, const char *from)
{
	size_t n = strcspn(from, "\r\n");

	if (n >= room)
		n = room - 1;
	memcpy(to, from, n);
	to[n] = 0;
}

/* Hands the reply to whoever waits. */
static void finish(struct http_client *c, struct http_slot *slot, CURLcode code)
{
	struct http_exchange *x = slot->x;
	struct http_reply *r = &x->reply;
	long status = 0;

	r->outcome = outcome_of(code);
	if (r->outcome == HTTP_ANSWERED)
		curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = (int)status;
	if (x->too_large) {
		r->outcome = HTTP_GIVE_UP;
		copy_words(r->why, sizeof(r->why), "the answer is larger than it may be");
	} else if (r->outcome != HTTP_ANSWERED) {
		copy_words(r->why, sizeof(r->why),
		           slot->error[0] ? slot->error : curl_easy_strerror(code));
	}
	curl_slist_free_all(slot->fields);
	slot->fields = NULL;
	slot->x = NULL;
	pthread_mutex_lock(&c->lock);
	x->done = true;
	pthread_cond_signal(&x->ended);
	pthread_mutex_unlock(&c->lock);
}

/* ---------------------------------------------------------------- the thread */

/* Half as many at once when the service says "slow down", one more for every round of
 * answers when it does not. */
static void adapt_width(struct http_client *c, long status)
{
	c->answers++;
	if (c->answers < c->width)
		return;
	if (status == 503 || status == 429)
		c->width = c->width / 2 > WIDTH_MIN ? c->width / 2 : WIDTH_MIN;
	else if (c->width < c->options.connections)
		c->width++;
	else
		return;
	if (c->width > c->options.connections)
		c->width = c->options.connections;
	c->answers = 0;
}

static struct http_slot *idle_slot(struct http_client *c)
{
	for (unsigned i = 0; i < c->width; i++)
		if (!c->slots[i].x)
			return &c->slots[i];
	return NULL;
}

/* Gives what waits to the slots that are free. False when it is time to stop. */
static bool fill_slots(struct http_client *c)
{
	struct http_slot *slot;
	bool stop;

	while ((slot = idle_slot(c)) != NULL) {
		pthread_mutex_lock(&c->lock);
		struct http_exchange *x = c->first;
		if (x)
			c->first = x->next;
		if (!c->first)
			c->last = NULL;
		pthread_mutex_unlock(&c->lock);
		if (!x)
			break;
		CURLcode code = begin(c, slot, x);
		if (code != CURLE_OK)
			finish(c, slot, code);
	}
	pthread_mutex_lock(&c->lock);
	stop = c->stop;
	pthread_mutex_unlock(&c->lock);
	return !stop;
}

/* Whether any exchange ended. */
static bool take_ended(struct http_client *c)
{
	bool any = false;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(c->multi, &left)) != NULL) {
		struct http_slot *slot = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		long status = 0;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
		curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		adapt_width(c, status);
		curl_multi_remove_handle(c->multi, slot->easy);
		finish(c, slot, code);
		any = true;
	}
	return any;
}

/* Free slots are filled before it waits: waiting with nothing under way while
 * requests queue costs up to a second each. */
static void *move_bytes(void *ctx)
{
	struct http_client *c = ctx;
	int under_way;

	while (fill_slots(c)) {
		curl_multi_perform(c->multi, &under_way);
		if (take_ended(c))
			continue;
		curl_multi_poll(c->multi, NULL, 0, POLL_MS, NULL);
	}
	return NULL;
}

/* ---------------------------------------------------------------- the client */

static int fail_new(struct http_client *c, struct err *err)
{
	http_client_free(c);
	return err_nomem(err, "a connection to the store");
}

int http_client_new(const struct http_options *options, struct http_client **out,
                    struct err *err)
{
	struct http_client *c = calloc(1, sizeof(*c));

	if (!c)
		return err_nomem(err, "a connection to the store");
	curl_global_init(CURL_GLOBAL_DEFAULT); /* counted, and safe on any thread */
	pthread_mutex_init(&c->lock, NULL);
	c->options = *options;
	c->options.ca_bundle = NULL;
	c->width = options->connections;
	c->multi = curl_multi_init();
	c->slots = calloc(options->connections, sizeof(*c->slots));
	if (options->ca_bundle)
		c->ca_bundle = strdup(options->ca_bundle);
	if (!c->multi || !c->slots || (options->ca_bundle && !c->ca_bundle))
		return fail_new(c, err);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)options->connections);
	for (unsigned i = 0; i < options->connections; i++)
		if (!(c->slots[i].easy = curl_easy_init()))
			return fail_new(c, err);
	if (pthread_create(&c->thread, NULL, move_bytes, c) != 0)
		return fail_new(c, err);
	c->running = true;
	*out = c;
	return 0;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	if (c->running) {
		pthread_mutex_lock(&c->lock);
		c->stop = true;
		pthread_mutex_unlock(&c->lock);
		curl_multi_wakeup(c->multi);
		pthread_join(c->thread, NULL);
	}
	for (unsigned i = 0; c->slots && i < c->options.connections; i++)
		curl_easy_cleanup(c->slots[i].easy);
	curl_multi_cleanup(c->multi);
	pthread_mutex_destroy(&c->lock);
	free(c->slots);
	free(c->ca_bundle);
	free(c);
	curl_global_cleanup();
}

void http_start(struct http_client *c, struct http_exchange *x)
{
	x->client = c;
	x->next = NULL;
	x->done = false;
	x->too_large = false;
	pthread_cond_init(&x->ended, NULL);
	pthread_mutex_lock(&c->lock);
	if (c->last)
		c->last->next = x;
	else
		c->first = x;
	c->last = x;
	pthread_mutex_unlock(&c->lock);
	curl_multi_wakeup(c->multi);
}

void http_wait(struct http_exchange *x)
{
	pthread_mutex_lock(&x->client->lock);
	while (!x->done)
		pthread_cond_wait(&x->ended, &x->client->lock);
	pthread_mutex_unlock(&x->client->lock);
	pthread_cond_destroy(&x->ended);
}
