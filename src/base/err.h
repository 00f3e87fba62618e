/*
 * err - why something failed, in words, and what the caller can do about it
 *
 * Functions return 0 or one of the negative classes below.  The code that
 * knows the reason says it with err_set(); the code that owns the job logs
 * it, once.  Look-ups return 1 (found), 0 (not found) or a negative class.
 *
 *     if (colon == NULL)
 *             return err_set(err, ERR_PARSE, "rua: no scheme in '%s'", uri);
 */
#ifndef TLSTALLY_BASE_ERR_H
#define TLSTALLY_BASE_ERR_H

#include <stdarg.h>

enum err_class {
	ERR_PARSE = -1,     /* the input is wrong: reject it */
	ERR_LIMIT = -2,     /* too big, too many, too long */
	ERR_NOTFOUND = -3,  /* what was named is not there */
	ERR_BUSY = -4,      /* not now: try again later */
	ERR_UNCERTAIN = -5, /* it may have happened: the answer was lost */
	ERR_IO = -6,        /* the operator must look: disk, rights, network */
};

struct err {
	int class;      /* 0 or an enum err_class */
	char text[512]; /* one line, no newline at its end */
};

/* Keeps class and words in err (which may be NULL) and returns class.  Words
 * that do not fit are cut. */
int err_set(struct err *err, int class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

int err_vset(struct err *err, int class, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/* The same with ": " and strerror(errno) after the words. */
int err_errno(struct err *err, int class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts words and ": " before what err already says; returns err's class. */
int err_prefix(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
