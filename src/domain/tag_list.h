/*
 * tag_list - "v=DKIM1; k=rsa; p=MIGf": the form of DKIM's and DMARC's records
 *
 * RFC 6376 section 3.2, which RFC 7489 section 6.4 uses, too.  Tags in any
 * order, white space around each part, a ";" at the end or not.  A list in
 * which a name comes twice is none.
 */
#ifndef TLSTALLY_DOMAIN_TAG_LIST_H
#define TLSTALLY_DOMAIN_TAG_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

enum { TAG_LIST_MAX = 32 };

struct tag_list {
	struct tag {
		struct span name, value; /* trimmed; a value may be empty */
	} tags[TAG_LIST_MAX];
	size_t count;
};

/* ERR_PARSE or ERR_LIMIT; the spans are within the text. */
int tag_list_read(const char *text, size_t len, struct tag_list *list,
                  struct err *err);

/* False: there is none of that name. */
bool tag_list_get(const struct tag_list *list, const char *name,
                  struct span *value);

/* The next of the words between colons, "email:tlsrpt"; false at the end. */
bool tag_next_word(struct span *rest, struct span *word);

#endif
