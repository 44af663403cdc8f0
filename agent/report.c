#include "agent/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/common/err.h"

void report_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stdout, fmt, ap);
	va_end(ap);
	fputc('\n', stdout);
}

void report_text(const char *text)
{
	fputs(text, stdout);
}

void report_note(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("git-zllm: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
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

static int trace_wanted(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

void report_trace(const char *fmt, ...)
{
	va_list ap;

	if (!trace_wanted("ZLLM_TRACE") && !trace_wanted("GIT_TRACE"))
		return;
	fputs("trace git-zllm: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
