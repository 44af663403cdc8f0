#include "agent/report/report.h"

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
	flockfile(file); /* lines of many threads do not mix */
	fputs("trace git-zllm: ", file);
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fputc('\n', file);
	funlockfile(file);
	if (file != stderr)
		fclose(file);
}
