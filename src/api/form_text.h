/*
 * form_text - the body of a form, and what goes into a URL or into HTML
 *
 *     grant_type=authorization_code&code=tallyc_...&client_id=stalwart-webui
 *
 * application/x-www-form-urlencoded is what a login page sends and what OAuth
 * (RFC 6749 appendix B) asks for.  All of it is a stranger's.
 */
#ifndef TLSTALLY_API_FORM_TEXT_H
#define TLSTALLY_API_FORM_TEXT_H

#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

enum {
	FORM_TEXT_FIELDS = 32,
	FORM_TEXT_MAX = 16 * 1024, /* bytes of a form */
};

struct form_text {
	size_t count;
	struct {
		const char *name, *value; /* in text */
	} fields[FORM_TEXT_FIELDS];
	char *text; /* owned */
};

/* ERR_PARSE: no form, or a name twice (RFC 6749 section 3.1: none may be);
 * ERR_LIMIT.  It is to be cleared either way. */
int form_text_read(const char *data, size_t len, struct form_text *form,
                   struct err *err);
void form_text_clear(struct form_text *form);

/* Lent; "": there is none, or it is empty (RFC 6749 section 3.1: the same). */
const char *form_text_get(const struct form_text *form, const char *name);

/* Appends the text as one value of a form or of a query. */
void form_text_escape(const char *text, struct strbuf *out);

/* Appends "&name=value". */
void form_text_add(const char *name, const char *value, struct strbuf *out);

/* Appends the text for HTML, an attribute in quotes, too. */
void form_text_html(const char *text, struct strbuf *out);

#endif
