/* A store in a bucket of a scripted server, and words for its answers. */
#ifndef ZLLM_TESTS_S3_SCRIPT_H
#define ZLLM_TESTS_S3_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/common/buf.h"
#include "codec/common/err.h"
#include "index/store/s3/store_s3.h"
#include "index/store/store.h"
#include "tests/unit/http_script.h"

#define SCRIPT_SECRET "wJalrXUtnFEMI/K7MDENG"
#define SCRIPT_KEY "AKIDEXAMPLE"
#define SCRIPT_TOKEN "a-token-of-a-session"

#define NO_BODY "Content-Length: 0\r\n\r\n"
#define OK_EMPTY "HTTP/1.1 200 OK\r\nETag: \"e\"\r\n" NO_BODY
#define NO_SUCH_KEY ERROR_REPLY("404 Not Found", "NoSuchKey")
#define NOT_FOUND "HTTP/1.1 404 Not Found\r\n" NO_BODY
/* A reply whose body has no length: it ends with the connection. */
#define ERROR_REPLY(status, code)                                                \
	"HTTP/1.1 " status "\r\nConnection: close\r\n\r\n<?xml version=\"1.0\"?>\n" \
	"<Error><Code>" code "</Code><Message>words of " code "</Message></Error>"

struct scripted {
	struct http_script *script;
	struct store *store;
	struct buf traces;
	pthread_mutex_t lock;
};

static inline void scripted_trace(void *ctx, const char *line)
{
	struct scripted *s = ctx;

	pthread_mutex_lock(&s->lock);
	buf_addf(&s->traces, "%s\n", line);
	pthread_mutex_unlock(&s->lock);
}

static inline struct s3_keyring *scripted_keys(void)
{
	static const struct s3_keys keys = { SCRIPT_KEY, SCRIPT_SECRET, SCRIPT_TOKEN };
	struct s3_credentials *c;
	struct s3_keyring *ring;

	assert_int_equal(s3_credentials_new(&keys, 0, "the test", &c, NULL), 0);
	assert_int_equal(s3_keyring_of(c, &ring, NULL), 0);
	return ring;
}

/* The options of a store at `url` (NULL: that of the script); calls are repeated for
 * `repeat_ms`. */
static inline struct s3_options scripted_options(struct scripted *s, const char *url,
                                                 unsigned repeat_ms)
{
	return (struct s3_options){ .place.url = url ? url : s->script->url,
		                      .place.region = "us-east-1",
		                      .place.bucket = "bucket",
		                      .prefix = "pre",
		                      .http = { .connections = 8,
		                                .connect_seconds = 5,
		                                .stall_seconds = 1,
		                                .no_proxy = true },
		                      .repeat_ms = repeat_ms,
		                      .trace = scripted_trace,
		                      .trace_ctx = s };
}

static inline void scripted_open_with(struct scripted *s, const struct s3_options *options,
                                      struct s3_keyring *ring)
{
	struct err err = ERR_INIT;

	pthread_mutex_init(&s->lock, NULL);
	if (store_s3_open(options, ring, &s->store, &err))
		fail_msg("%s", err.text);
}

static inline void scripted_open(struct scripted *s, const char *url, unsigned repeat_ms,
                                 struct s3_keyring *ring)
{
	struct s3_options options = scripted_options(s, url, repeat_ms);

	scripted_open_with(s, &options, ring);
}

#define scripted_begin(s, steps) \
	scripted_begin_steps(s, steps, sizeof(steps) / sizeof((steps)[0]))

static inline void scripted_begin_steps(struct scripted *s, const struct http_step *steps,
                                        size_t count)
{
	*s = (struct scripted){ .script = http_script_begin(steps, count) };
	scripted_open(s, NULL, 20000, scripted_keys());
}

static inline void assert_no_secret(const char *text)
{
	if (strstr(text, SCRIPT_SECRET) || strstr(text, SCRIPT_TOKEN) ||
	    strstr(text, "Signature="))
		fail_msg("a secret is in: %s", text);
}

/* Ends store and script; all steps must have been used, and nothing else asked. */
static inline void scripted_end(struct scripted *s)
{
	char trouble[512] = "";

	store_close(s->store);
	if (s->script)
		http_script_end(s->script, trouble);
	assert_no_secret(buf_text(&s->traces));
	buf_wipe(&s->traces);
	pthread_mutex_destroy(&s->lock);
	if (trouble[0])
		fail_msg("%s", trouble);
}

static inline bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

#endif
