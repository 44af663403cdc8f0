/*
 * The one place that prints. Results go to standard output, everything said to
 * a person beside them to standard error with "git-zllm: " in front.
 *
 * Each call prints one line, at once: lines of many threads do not mix. Whatever comes
 * in by an argument is made harmless for a terminal, in the notation of printable.h, a
 * newline in a name too; so no format may hold a control character of its own.
 */
#ifndef ZLLM_REPORT_H
#define ZLLM_REPORT_H

#include <stdbool.h>

struct err;

/* One line of a command's result; the newline is added. */
void report_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A result that is our own text or escaped already (help, JSON), as it is. */
void report_text(const char *text);

/* A remark for a person: on standard error. */
void report_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What is going on, on a terminal: the line takes the place of the last such line. "" takes
 * it away. Printable text of ours alone; see progress.h. */
void report_status(const char *text);

/* Prints an error's sentence and gives the exit code that stands for it:
 * 2 for wrong use or configuration, 3 for damaged data, 1 for all others. */
int report_error(const struct err *err);

/* Whether anybody reads traces: ZLLM_TRACE or GIT_TRACE asks for them. */
int report_trace_wanted(void);

/* A line on standard error, or in the file whose absolute path ZLLM_TRACE is, when
 * GIT_TRACE or ZLLM_TRACE asks for it. Any thread. */
void report_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Whether standard output is a pipe that nobody reads any more, as behind `| head`: then
 * what is left to print is for nobody, and that is no error. */
bool report_reader_is_gone(void);

#endif
