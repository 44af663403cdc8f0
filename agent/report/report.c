#include "agent/report/report.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/report/printable.h"
#include "codec/common/buf.h"
#include "codec/common/err.h"

/* Prints one line: all that `fmt` makes of its arguments, as a terminal may have it.
 * No format of ours has a control character, so each one came with an argument. */
__attribute__((format(printf, 3, 0))) static void print_line(FILE *file, const char *lead,
                                                             const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT;
	char *raw = NULL;

	if (vasprintf(&raw, fmt, ap) < 0)
		raw = NULL;
	buf_add_str(&line, lead);
	printable_add(&line, raw ? raw : "(no memory for this line)");
	buf_add_str(&line, "\n");
	fputs(buf_text(&line), file);
	buf_wipe(&line);
	free(raw);
}

void report_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line(stdout, "", fmt, ap);
	va_end(ap);
}

void report_text(const char *text)
{
	fputs(text, stdout);
}

void report_note(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	print_line(stderr, "git-zllm: ", fmt, ap);
	va_end(ap);
}

void report_status(const char *text)
{
	fflush(stdout);
	fprintf(stderr, "\r\033[K%s", text);
}

bool report_reader_is_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) > 0 && out.revents & POLLERR;
}

int report_error(const struct err *err)
{
	report_note("%s", err->text);
	switch (err->code) {
	case ERR_INPUT:
	case ERR_CONFIG:
		return 2;
	case ERR_DAMAGED:
	case ERR_MISMATCH:
		return 3;
	default:
		return 1;
	}
}

static int asks(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

int report_trace_wanted(void)
{
	return asks("ZLLM_TRACE") || asks("GIT_TRACE");
}

/* To the file that ZLLM_TRACE names, as git does with GIT_TRACE; else to us. */
static FILE *trace_file(void)
{
	const char *value = getenv("ZLLM_TRACE");
	FILE *file = value && *value == '/' ? fopen(value, "ae") : NULL;

	return file ? file : stderr;
}

void report_trace(const char *fmt, ...)
{
	va_list ap;

	if (!report_trace_wanted())
		return;
	FILE *file = trace_file();
	va_start(ap, fmt);
	print_line(file, "trace git-zllm: ", fmt, ap);
	va_end(ap);
	if (file != stderr)
		fclose(file);
}
