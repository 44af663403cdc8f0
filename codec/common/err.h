/*
 * Errors are values that carry words.
 *
 * A function that can fail returns 0, a positive "other answer" named in its
 * contract (absent, end of list), or one of the negative codes below; the
 * sentence for the user is put into the `struct err` that the caller gave.
 * On success the struct is untouched. Low floors state facts ("short read at
 * 4096"), upper floors put context in front ("tensor 'x': ..."); only
 * agent/report/report.c prints. Names in a sentence are as others chose them: what
 * prints it escapes their control characters (agent/report/printable.h).
 *
 * Thread rule: an err belongs to one thread at a time.
 */
#ifndef ZLLM_ERR_H
#define ZLLM_ERR_H

enum err_code {
	ERR_NOMEM = -1,      /* memory could not be had */
	ERR_IO = -2,         /* the operating system or the network failed us */
	ERR_DAMAGED = -3,    /* bytes read are not what was once written */
	ERR_INPUT = -4,      /* the user or the caller gave something wrong */
	ERR_CONFIG = -5,     /* configuration is missing or contradicts itself */
	ERR_FORMAT = -6,     /* written by a newer git-zllm than this one */
	ERR_MISSING = -7,    /* something that must exist does not */
	ERR_MISMATCH = -8,   /* the bytes do not have the hash they are named by */
	ERR_INTERRUPTED = -9 /* we were told to stop */
};

struct err {
	int code;        /* one of enum err_code, or 0 */
	char text[1024]; /* no newline of ours; cut where it would not fit */
};

#define ERR_INIT      \
	{             \
		0, "" \
	}

/* Sets `err` to `code` and the formatted sentence. Returns `code`, so that a
 * function may end with `return err_set(err, ERR_IO, ...)`. `err` may be NULL. */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set() with ": " and the words for errno appended; ENOSPC, EDQUOT,
 * EFBIG, EROFS and permissions get a remedy. Code is always ERR_IO. */
int err_errno(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts the formatted context and ": " in front of the sentence in `err`.
 * Returns err->code. `err` may be NULL (then returns ERR_IO). */
int err_context(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ERR_NOMEM with a sentence that names what the memory was for. */
int err_nomem(struct err *err, const char *what);

#endif
