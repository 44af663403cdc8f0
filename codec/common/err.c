#include "codec/common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->code = code;
	return code;
}

static const char *remedy(int errnum)
{
	switch (errnum) {
	case ENOSPC:
		return "; free some space and repeat";
	case EDQUOT:
		return "; raise the quota or free some space, and repeat";
	case EFBIG:
		return "; raise the limit on the size of files (ulimit -f, LimitFSIZE=) and "
		       "repeat";
	case EROFS:
		return "; remount it writable and repeat";
	case EACCES:
	case EPERM:
		return "; check who owns it and its mode";
	default:
		return "";
	}
}

int err_errno(struct err *err, const char *fmt, ...)
{
	int errnum = errno;
	char what[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	err_set(err, ERR_IO, "%s: %s%s", what, strerror(errnum), remedy(errnum));
	errno = errnum;
	return ERR_IO;
}

int err_context(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	char what[512];
	va_list ap;

	if (!err)
		return ERR_IO;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	memcpy(old, err->text, sizeof(old));
	int used = snprintf(err->text, sizeof(err->text), "%s: ", what);
	if (used > 0 && (size_t)used < sizeof(err->text))
		snprintf(err->text + used, sizeof(err->text) - (size_t)used, "%s", old);
	return err->code;
}

int err_nomem(struct err *err, const char *what)
{
	return err_set(err, ERR_NOMEM, "no memory for %s", what);
}
