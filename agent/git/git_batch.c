/*
 * The child's standard input and output are one socket: what is written to a child that
 * died is an error there, where a pipe would be a signal. A question is only asked when
 * the last answer has been read, so that neither side ever waits for the other's room.
 */
#include "agent/git/git_batch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/git/git_spawn.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

enum {
	STARTS_MAX = 64,                 /* of one process that dies again and again */
	PATIENCE = 60 * 1000,            /* milliseconds of silence */
	CHUNK = 65536,                   /* bytes that are read at once */
	LINE_MAX_SIZE = 128 + COMMIT_HEX /* of an answer that is none of "missing" */
};

struct git_batch {
	char *dir_option; /* "--git-dir=..." */
	enum git_batch_kind kind;
	pid_t pid;
	int fd; /* -1: no child */
	unsigned starts;
	int patience;    /* milliseconds */
	size_t at, size; /* what was read of `bytes`, and what is there */
	char bytes[CHUNK];
};

struct git_batch *git_batch_new(const char *git_dir, enum git_batch_kind kind)
{
	struct git_batch *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->kind = kind;
	b->fd = -1;
	b->patience = PATIENCE;
	if (asprintf(&b->dir_option, "--git-dir=%s", git_dir) >= 0)
		return b;
	free(b);
	return NULL;
}

/* ---------------------------------------------------------------- the process */

static bool start(struct git_batch *b)
{
	static const char *const environment[] = {
		"GIT_NO_LAZY_FETCH=1", /* no remote is asked for what is not here */
		"GIT_ALLOW_PROTOCOL=", /* nor by a git that does not know this */
		"GIT_NO_REPLACE_OBJECTS=1", NULL
	};
	const char *argv[] = { "git", b->dir_option, "cat-file",
		               b->kind == GIT_BATCH_CHECK ? "--batch-check" : "--batch",
		               NULL };
	struct err ignored = ERR_INIT;
	int ends[2];

	if (b->starts >= STARTS_MAX ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	b->starts++;
	int rc = git_spawn(argv,
	                   &(struct git_spawn){ .in = ends[1],
	                                        .out = ends[1],
	                                        .errors = -1,
	                                        .quiet = true,
	                                        .environment = environment },
	                   &b->pid, &ignored);
	close(ends[1]);
	if (rc) {
		close(ends[0]);
		return false;
	}
	b->fd = ends[0];
	b->at = b->size = 0;
	return true;
}

/* The child ends by itself when nobody can ask it any more; it is not waited for longer
 * than a signal takes. */
static void stop(struct git_batch *b)
{
	int status;
	struct err ignored = ERR_INIT;

	if (b->fd < 0)
		return;
	close(b->fd);
	b->fd = -1;
	kill(b->pid, SIGKILL);
	git_spawn_await(b->pid, "git", &status, &ignored);
}

void git_batch_free(struct git_batch *b)
{
	if (!b)
		return;
	stop(b);
	free(b->dir_option);
	free(b);
}

void git_batch_set_patience(struct git_batch *b, int milliseconds)
{
	b->patience = milliseconds;
}

unsigned git_batch_starts(const struct git_batch *b)
{
	return b->starts;
}

/* ---------------------------------------------------------------- bytes */

/* Whoever is silent once would be again: it is not started any more. */
static bool wait_for_bytes(struct git_batch *b)
{
	struct pollfd p = { .fd = b->fd, .events = POLLIN };
	int n;

	while ((n = poll(&p, 1, b->patience)) < 0 && errno == EINTR)
		;
	if (n == 0)
		b->starts = STARTS_MAX;
	return n > 0;
}

/* Makes sure that a byte is there. False at the end of what the child says. */
static bool refill(struct git_batch *b)
{
	ssize_t n;

	if (b->at < b->size)
		return true;
	do {
		if (!wait_for_bytes(b))
			return false;
		n = read(b->fd, b->bytes, sizeof(b->bytes));
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	b->at = 0;
	b->size = (size_t)n;
	return true;
}

static bool say(struct git_batch *b, const char *text, size_t n)
{
	while (n) {
		ssize_t sent = send(b->fd, text, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		text += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* One line without its newline; "" for one that is longer than `cap`: it is no answer of
 * an object that is there. */
static bool read_line(struct git_batch *b, char *line, size_t cap)
{
	size_t n = 0;

	while (refill(b)) {
		char c = b->bytes[b->at++];
		if (c == '\n') {
			line[n < cap ? n : 0] = 0;
			return true;
		}
		if (n < cap)
			line[n++] = c;
	}
	return false;
}

/* ---------------------------------------------------------------- questions */

static bool is_hex(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return !text[n] && n >= 40 && n <= COMMIT_HEX;
}

/* "<id> <type> <size>"; all else ("missing", "ambiguous") is no object. */
static bool parse_answer(const char *line, struct git_answer *out)
{
	unsigned long long size;
	int end = 0;

	if (sscanf(line, "%64s %7s %llu%n", out->id.hex, out->type, &size, &end) != 3 ||
	    line[end] || size > INT64_MAX || !is_hex(out->id.hex))
		return false;
	out->size = size;
	return true;
}

static bool ask_once(struct git_batch *b, const char *name, char line[LINE_MAX_SIZE])
{
	if (b->fd < 0 && !start(b))
		return false;
	if (say(b, name, strlen(name)) && say(b, "\n", 1) &&
	    read_line(b, line, LINE_MAX_SIZE))
		return true;
	stop(b);
	return false;
}

int git_batch_ask(struct git_batch *b, const char *name, struct git_answer *out)
{
	char line[LINE_MAX_SIZE];
	struct git_answer answer = { .size = 0 };

	if (!*name || strlen(name) > GIT_BATCH_NAME_MAX || strchr(name, '\n') ||
	    !ask_once(b, name, line) || !parse_answer(line, &answer))
		return 1;
	*out = answer;
	return 0;
}

int git_batch_take(struct git_batch *b, const struct git_answer *answer, struct buf *out)
{
	uint64_t left = answer->size + 1; /* a newline follows */
	size_t before = out ? out->size : 0;

	while (left && b->fd >= 0 && refill(b)) {
		size_t n = b->size - b->at;
		n = n < left ? n : (size_t)left;
		if (out)
			buf_add(out, b->bytes + b->at, n);
		b->at += n;
		left -= n;
	}
	if (left)
		stop(b);
	if (out && (left || out->failed))
		out->size = before;
	else if (out)
		out->size--;
	return left || (out && out->failed);
}
