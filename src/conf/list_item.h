/*
 * list_item - one item of [report] deny, redirect and bcc, taken apart
 *
 *     example.com           reports about that domain
 *     .example.com          about the domains below it
 *     .                     about all domains
 *     @example.net          to that mail domain or HTTPS host; @.example.net
 *                           and @. as above
 *     mailto:@example.net   the same, of mail alone
 *     https://example.net   and of HTTPS alone
 *     tls@example.net       to that address
 *     !WHAT                 not what it names: it ends the search
 *     WHAT -> URI [URI]     where it goes (redirect, bcc)
 *
 * A list is searched from its beginning, and the first item that matches
 * decides, as in Postfix's lists.  Those about domains and those about
 * destinations are looked for each by themselves.
 */
#ifndef TLSTALLY_CONF_LIST_ITEM_H
#define TLSTALLY_CONF_LIST_ITEM_H

#include <stdbool.h>

#include "base/err.h"
#include "base/name_pattern.h"
#include "base/span.h"

enum list_item_kind {
	LIST_ITEM_DOMAIN,  /* the reported domain */
	LIST_ITEM_PLACE,   /* mail domain or HTTPS host of a destination */
	LIST_ITEM_ADDRESS, /* the mail address of one */
};

struct list_item {
	enum list_item_kind kind;
	bool except;                 /* "!" */
	bool no_mail;                /* a place: not of mail, */
	bool no_https;               /* and not of HTTPS */
	struct name_pattern pattern; /* of domain and place; of an address, its
	                                domain */
	struct span address;         /* as it is written; lent by the text */
	bool has_arrow;
	struct span targets; /* what follows the arrow, trimmed; lent */
};

/* Targets are not looked at: list_item_target(). */
int list_item_parse(const char *text, struct list_item *item, struct err *err);

/* The next of them; false at the end. */
bool list_item_target(struct span *rest, struct span *target);

/* Does the later of two items never count, because of the earlier? */
bool list_item_hides(const char *earlier, const char *later);

#endif
