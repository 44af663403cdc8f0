/*
 * A request and its reply as plain bytes, whoever moves them: what is sent of a body in
 * pieces, and how much of an answer is taken.
 *
 * Thread rule: an exchange belongs to one thread at a time.
 */
#ifndef ZLLM_HTTP_EXCHANGE_H
#define ZLLM_HTTP_EXCHANGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/common/buf.h"

struct http_client;

struct http_piece {
	const void *bytes;
	size_t size;
};

enum { HTTP_PIECES_MAX = 3 };

/* All that it points to stays until the exchange has ended. */
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

	/* How far it is. */
	unsigned piece; /* next byte to send */
	size_t piece_at;
	bool too_large;

	/* The client's. */
	struct http_exchange *next;
	struct http_client *client;
	pthread_cond_t ended;
	bool done;
};

/* Begins the body anew: the same bytes are sent once more. */
void http_exchange_rewind(struct http_exchange *x);

/* Copies the next bytes of the request's body to `to`: how many, 0 at its end. */
size_t http_exchange_send(struct http_exchange *x, char *to, size_t room);

/* Takes `n` bytes of the body of an answer with that status. False where it is larger
 * than the request allows (too_large), or memory ran out. */
bool http_exchange_take_body(struct http_exchange *x, long status, const char *bytes,
                             size_t n);

/* The same for a line of its fields, with what ends the line, or for the line with the
 * status, which begins them. */
bool http_exchange_take_field(struct http_exchange *x, const char *bytes, size_t n);

/* The value of a field of the reply, into `value`; false when there is none or it
 * does not fit. `name` in lower case. */
bool http_reply_field(const struct http_reply *r, const char *name, char *value,
                      size_t room);
void http_reply_wipe(struct http_reply *r);

#endif
