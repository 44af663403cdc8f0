/*
 * What git-annex says, a line each (its "external special remote protocol", version 2):
 *
 *     [J <job> ]VERB[ parameter...]
 *
 * A parameter has no blank in it, but for the last, which is the rest of the line.
 */
#ifndef ZLLM_ANNEX_MESSAGE_H
#define ZLLM_ANNEX_MESSAGE_H

#include <stddef.h>

struct err;

enum {
	ANNEX_LINE_MAX = 64 * 1024, /* bytes of a line that may be a message */
	ANNEX_JOB_MAX = 999999999
};

enum annex_verb {
	ANNEX_UNKNOWN, /* a request that this version does not know */
	ANNEX_EXTENSIONS,
	ANNEX_LISTCONFIGS,
	ANNEX_INITREMOTE,
	ANNEX_PREPARE,
	ANNEX_STORE,
	ANNEX_RETRIEVE,
	ANNEX_CHECKPRESENT,
	ANNEX_REMOVE,
	ANNEX_GETCOST,
	ANNEX_GETAVAILABILITY,
	ANNEX_GETORDERED,
	ANNEX_GETINFO,
	ANNEX_WHEREIS,
	ANNEX_EXPORTSUPPORTED,
	ANNEX_VALUE, /* the answer to a question of ours */
	ANNEX_ERROR
};

struct annex_message {
	unsigned job; /* 0: the line names none */
	enum annex_verb verb;
	const char *key;  /* of those that are about a key; else NULL */
	const char *rest; /* the last parameter, after the key: a file, a value; or "" */
};

/* Reads the line of `n` bytes without its newline; line[n] is 0. It is cut up: what
 * *out has points into it. ERR_INPUT says what is wrong. */
int annex_message_parse(char *line, size_t n, struct annex_message *out, struct err *err);

#endif
