/*
 * HTTP by libcurl's multi interface: one thread moves the bytes of all requests
 * under way, over connections that are kept and used again.
 *
 *     any thread:   http_start() ---> queue ---> slots ---> reply
 *                   http_wait()  <------------------------- done
 *
 * TLS is verified, redirects are not followed (they would carry credentials to
 * another host), and no answer is larger than its request allows. A request ends:
 * by its answer, when bytes stop flowing, or when its time is up.
 *
 * Thread rule: any number of threads may start and wait at once; an exchange
 * belongs to one of them. All have been waited for before the client is freed.
 */
#ifndef ZLLM_HTTP_CLIENT_H
#define ZLLM_HTTP_CLIENT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"

struct err;
struct http_client;
struct http_slot;

struct http_options {
	const char *ca_bundle;    /* certificates to trust; NULL: the system's */
	unsigned connections;     /* requests under way at once, at least 1 */
	unsigned connect_seconds; /* to reach the server */
	unsigned stall_seconds;   /* below 1 KB/s for so long: given up */
	bool no_proxy;            /* whatever the environment says */
};

/* Copies `options`. Proxies are those of the environment (https_proxy, no_proxy). */
int http_client_new(const struct http_options *options, struct http_client **out,
                    struct err *err);
void http_client_free(struct http_client *c); /* NULL is fine */

struct http_piece {
	const void *bytes;
	size_t size;
};

enum { HTTP_PIECES_MAX = 3 };

/* All that it points to stays until http_wait() has returned. */
struct http_request {
	const char *method;        /* "GET", "HEAD", "PUT", "POST", "DELETE" */
	const char *url;           /* sent as it is */
	const char *const *fields; /* "Name: value", ended by NULL */
	struct http_piece body[HTTP_PIECES_MAX]; /* one after the other */
	unsigned pieces;
	void *into;        /* where the body of a 200 or 206 goes; NULL: reply.body */
	size_t room;       /* of `into`; a larger answer is an error */
	size_t body_max;   /* bytes that reply.body may get */
	unsigned limit_ms; /* for all of it, once it is under way */
	bool patient;      /* the server may think for minutes before it answers */
};

enum http_outcome {
	HTTP_ANSWERED = 0,     /* status and body are whole */
	HTTP_TRY_AGAIN = 1,    /* broken off: it may have happened or not */
	HTTP_NO_CONNECTION = 2, /* the server was not reached */
	HTTP_GIVE_UP = 3       /* another try would end the same way */
};

struct http_reply {
	enum http_outcome outcome;
	int status;        /* of an answer */
	struct buf fields; /* "name: value\n", names in lower case */
	struct buf body;   /* owned */
	size_t got;        /* bytes in request.into */
	char why[256];     /* when there is no answer */
};

/* One request and its reply. Zeroed, then `request` filled, by the caller. */
struct http_exchange {
	struct http_request request;
	struct http_reply reply;

	/* The client's. */
	struct http_exchange *next;
	struct http_client *client;
	pthread_cond_t ended;
	bool done, too_large;
};

/* Begins it; never blocks. */
void http_start(struct http_client *c, struct http_exchange *x);

/* Blocks until it has ended. Once for each start; the exchange may then be used
 * again, with its reply wiped. */
void http_wait(struct http_exchange *x);

/* The value of a field of the reply, into `value`; false when there is none or it
 * does not fit. `name` in lower case. */
bool http_reply_field(const struct http_reply *r, const char *name, char *value,
                      size_t room);
void http_reply_wipe(struct http_reply *r);

#endif
