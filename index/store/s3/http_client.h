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

#include <stdbool.h>

#include "index/store/s3/http_exchange.h"

struct err;
struct http_client;

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

/* Begins it; never blocks. */
void http_start(struct http_client *c, struct http_exchange *x);

/* Blocks until it has ended. Once for each start; the exchange may then be used
 * again, with its reply wiped. */
void http_wait(struct http_exchange *x);

#endif
