/*
 * A server in the test's own process that follows a script: each step says what request
 * it expects and what it sends, dropped connections included. Steps are used in their
 * order among those that match, so that requests under way at once may come in any.
 *
 *     static const struct http_step steps[] = {
 *             { "GET /b/k", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
 *     };
 *
 * A request that no step is left for gets a 599, and http_script_end() says so.
 */
#ifndef ZLLM_TESTS_HTTP_SCRIPT_H
#define ZLLM_TESTS_HTTP_SCRIPT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SCRIPT_STEPS_MAX = 64, SCRIPT_THREADS_MAX = 64, SCRIPT_REQUEST_MAX = 1 << 25 };

struct http_step {
	const char *expect;  /* the beginning of the request's first line */
	const char *reply;   /* NULL: none */
	size_t size;         /* of the reply; 0: that of the text */
	const char *has;     /* a text that the request must have, or, after '!', not have */
	enum { SCRIPT_KEEP, SCRIPT_CLOSE } then;
	unsigned times;      /* how often; 0: once */
};

struct http_script {
	struct http_step steps[SCRIPT_STEPS_MAX];
	unsigned used[SCRIPT_STEPS_MAX];
	size_t count;
	int listener;
	char url[64]; /* http://127.0.0.1:port */
	pthread_t thread, workers[SCRIPT_THREADS_MAX];
	int sockets[SCRIPT_THREADS_MAX];
	size_t worker_count;
	pthread_mutex_t lock; /* guards used, trouble, sockets */
	char trouble[512];
	unsigned requests;
};

struct script_worker {
	struct http_script *script;
	int socket;
};

/* Reads one request whole; NULL at the end of the connection. The caller frees. */
static inline char *script_read(int s)
{
	size_t size = 0, cap = 1 << 16, want = 0;
	char *text = malloc(cap + 1);

	while (text && size < SCRIPT_REQUEST_MAX) {
		if (size == cap) {
			cap *= 2;
			char *more = realloc(text, cap + 1);
			if (!more)
				break;
			text = more;
		}
		ssize_t n = recv(s, text + size, cap - size, 0);
		if (n <= 0)
			break;
		size += (size_t)n;
		text[size] = 0;
		char *end = want ? NULL : strstr(text, "\r\n\r\n");
		if (end) {
			char *length = strcasestr(text, "\r\nContent-Length:");
			want = (size_t)(end + 4 - text);
			if (length && length < end)
				want += strtoul(length + 17, NULL, 10);
		}
		if (want && size >= want)
			return text;
	}
	free(text);
	return NULL;
}

static inline bool script_fits(const char *text, const char *has)
{
	return !has || (*has == '!' ? !strstr(text, has + 1) : !!strstr(text, has));
}

static inline const struct http_step *script_find(struct http_script *c, const char *text)
{
	const struct http_step *found = NULL;

	pthread_mutex_lock(&c->lock);
	c->requests++;
	for (size_t i = 0; i < c->count && !found; i++) {
		const struct http_step *s = &c->steps[i];
		if (c->used[i] >= (s->times ? s->times : 1) ||
		    strncmp(text, s->expect, strlen(s->expect)) != 0 ||
		    !script_fits(text, s->has))
			continue;
		c->used[i]++;
		found = s;
	}
	if (!found && !c->trouble[0])
		snprintf(c->trouble, sizeof(c->trouble), "no step for: %.*s",
		         (int)strcspn(text, "\r"), text);
	pthread_mutex_unlock(&c->lock);
	return found;
}

static inline void *script_serve(void *ctx)
{
	struct script_worker *w = ctx;
	static const char none[] = "HTTP/1.1 599 No Step\r\nContent-Length: 0\r\n\r\n";
	char *text;
	bool open = true;

	while (open && (text = script_read(w->socket)) != NULL) {
		const struct http_step *step = script_find(w->script, text);
		const char *reply = step ? step->reply : none;
		size_t n = step && step->size ? step->size : reply ? strlen(reply) : 0;
		for (size_t at = 0; at < n;) {
			ssize_t sent = send(w->socket, reply + at, n - at, MSG_NOSIGNAL);
			if (sent <= 0)
				break;
			at += (size_t)sent;
		}
		open = step && step->then == SCRIPT_KEEP;
		free(text);
	}
	shutdown(w->socket, SHUT_RDWR);
	free(w);
	return NULL;
}

static inline void *script_listen(void *ctx)
{
	struct http_script *c = ctx;

	for (;;) {
		int s = accept(c->listener, NULL, NULL);
		struct script_worker *w = s < 0 ? NULL : malloc(sizeof(*w));
		if (!w)
			return NULL;
		*w = (struct script_worker){ c, s };
		pthread_mutex_lock(&c->lock);
		size_t i = c->worker_count;
		bool room = i < SCRIPT_THREADS_MAX &&
		            pthread_create(&c->workers[i], NULL, script_serve, w) == 0;
		if (room) {
			c->sockets[i] = s;
			c->worker_count++;
		}
		pthread_mutex_unlock(&c->lock);
		if (!room) {
			close(s);
			free(w);
		}
	}
}

/* Begins to serve `steps`, which stay. Exits when it cannot. */
static inline struct http_script *http_script_begin(const struct http_step *steps,
                                                    size_t count)
{
	struct http_script *c = calloc(1, sizeof(*c));
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	if (!c || count > SCRIPT_STEPS_MAX)
		exit(1);
	for (size_t i = 0; i < count; i++)
		c->steps[i] = steps[i];
	c->count = count;
	pthread_mutex_init(&c->lock, NULL);
	c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(c->listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(c->listener, 64) ||
	    getsockname(c->listener, (struct sockaddr *)&at, &size) ||
	    pthread_create(&c->thread, NULL, script_listen, c))
		exit(1);
	snprintf(c->url, sizeof(c->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
	return c;
}

/* Ends it. What was not as the script says is in `trouble` ("": nothing). */
static inline void http_script_end(struct http_script *c, char trouble[512])
{
	shutdown(c->listener, SHUT_RDWR);
	pthread_join(c->thread, NULL);
	close(c->listener);
	for (size_t i = 0; i < c->worker_count; i++) {
		shutdown(c->sockets[i], SHUT_RDWR);
		pthread_join(c->workers[i], NULL);
		close(c->sockets[i]);
	}
	for (size_t i = 0; i < c->count && !c->trouble[0]; i++)
		if (c->used[i] < (c->steps[i].times ? c->steps[i].times : 1))
			snprintf(c->trouble, sizeof(c->trouble), "never asked: %s",
			         c->steps[i].expect);
	memcpy(trouble, c->trouble, sizeof(c->trouble));
	pthread_mutex_destroy(&c->lock);
	free(c);
}

#endif
