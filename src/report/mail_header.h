/*
 * mail_header - a header of a message, folded between its words
 *
 *     struct mail_header to = mail_header_begin("To", out);
 *
 *     mail_header_word(&to, "<tls@example.com>");
 *     mail_header_end(&to);
 *
 * Lines stay below 78 bytes (RFC 5322 section 2.1.1) but where one word alone
 * is longer: it then stands alone on its line.
 */
#ifndef TLSTALLY_REPORT_MAIL_HEADER_H
#define TLSTALLY_REPORT_MAIL_HEADER_H

#include <stddef.h>

#include "base/strbuf.h"

struct mail_header {
	struct strbuf *out;
	size_t column;
};

struct mail_header mail_header_begin(const char *name, struct strbuf *out);
void mail_header_word(struct mail_header *header, const char *word);

/* The word is made of the format: an address, a parameter. */
void mail_header_wordf(struct mail_header *header, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void mail_header_end(struct mail_header *header);

#endif
