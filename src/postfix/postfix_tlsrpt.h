/*
 * postfix_tlsrpt - can this host's smtp(8) send TLSRPT events?
 *
 * The version does not tell: from 3.10 on Postfix may be built without
 * libtlsrpt, and then only warns ("TLSRPT is selected, but TLSRPT is not
 * compiled in").  So the program itself is asked, without being run: that
 * sentence stands in a smtp(8) that was built without, and the name of the
 * setting in every one that knows it.  Its list of libraries would not do:
 * smtp(8) may get libtlsrpt through a library of Postfix's own, or statically.
 */
#ifndef TLSTALLY_POSTFIX_POSTFIX_TLSRPT_H
#define TLSTALLY_POSTFIX_POSTFIX_TLSRPT_H

#include <stddef.h>

#include "maillog/postconf.h"

enum tlsrpt_support {
	TLSRPT_NOT_SEEN, /* there is no program that can be read */
	TLSRPT_UNHEARD_OF,
	TLSRPT_LEFT_OUT,
	TLSRPT_BUILT_IN,
};

/* Of $daemon_directory/smtp. */
enum tlsrpt_support postfix_tlsrpt(const struct postconf *set);

/* Of the bytes of a program. */
enum tlsrpt_support postfix_tlsrpt_of(const void *program, size_t len);

#endif
