#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int err_vset(struct err *err, int class, const char *fmt, va_list ap)
{
	if (err == NULL)
		return class;
	err->class = class;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	return class;
}

int err_set(struct err *err, int class, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(err, class, fmt, ap);
	va_end(ap);
	return class;
}

int err_errno(struct err *err, int class, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	err_vset(err, class, fmt, ap);
	va_end(ap);
	if (err == NULL)
		return class;
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %s",
	         strerror(saved));
	return class;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char said[sizeof(err->text)];
	va_list ap;
	size_t len;

	if (err == NULL)
		return ERR_IO;
	memcpy(said, err->text, sizeof(said));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, ": %.*s",
	         (int)(sizeof(err->text) - 1 - len), said);
	return err->class;
}
