#include "conf/list_item.h"

#include <string.h>
#include <strings.h>

enum { SHOWN = 80 };

/* A name without a dot is a mistake: of a whole top level there is no report,
 * and hosts of this site have none. */
static int parse_name(struct span text, struct name_pattern *pattern,
                      struct err *err)
{
	int shown = text.len < SHOWN ? (int)text.len : SHOWN;

	if (name_pattern_parse(text.at, text.len, pattern, NULL) == 0 &&
	    (pattern->kind != NAME_PATTERN_EXACT ||
	     strchr(pattern->name, '.') != NULL))
		return 0;
	return err_set(err, ERR_PARSE,
	               "'%.*s' is not a domain (like example.com, "
	               ".example.com for all domains below it, or . for all)",
	               shown, text.at);
}

static int parse_address(struct list_item *item, struct span what,
                         struct err *err)
{
	size_t local = span_dot_atom(what);
	int rc;

	item->kind = LIST_ITEM_ADDRESS;
	item->address = what;
	if (local == 0 || local == what.len || what.at[local] != '@')
		return err_set(err, ERR_PARSE,
		               "'%.*s' is not a mail address (like "
		               "tls-reports@example.com)",
		               (int)what.len, what.at);
	span_drop(&what, local + 1);
	rc = parse_name(what, &item->pattern, err);
	if (rc < 0)
		return rc;
	if (item->pattern.kind != NAME_PATTERN_EXACT)
		return err_set(err, ERR_PARSE,
		               "'%.*s': only an address of one domain",
		               (int)item->address.len, item->address.at);
	return 0;
}

static int parse_what(struct list_item *item, struct span what, struct err *err)
{
	const struct span all = what;

	item->no_https = span_skip(&what, "mailto:");
	item->no_mail = !item->no_https && span_skip(&what, "https://");
	if (span_skip(&what, "@") || item->no_mail)
		item->kind = LIST_ITEM_PLACE;
	else if (memchr(what.at, '@', what.len) != NULL)
		return parse_address(item, what, err);
	else
		item->kind = LIST_ITEM_DOMAIN;
	if (item->kind == LIST_ITEM_DOMAIN && item->no_https)
		return err_set(err, ERR_PARSE,
		               "'%.*s' is not mailto:ADDRESS or "
		               "mailto:@DOMAIN",
		               (int)all.len, all.at);
	return parse_name(what, &item->pattern, err);
}

int list_item_parse(const char *text, struct list_item *item, struct err *err)
{
	struct span rest = span_of(text), what = rest;
	static const struct list_item none;

	*item = none;
	item->has_arrow = span_until_text(&rest, "->", &what);
	if (item->has_arrow)
		item->targets = span_trim(rest);
	what = span_trim(what);
	item->except = span_skip(&what, "!");
	return parse_what(item, span_trim(what), err);
}

bool list_item_target(struct span *rest, struct span *target)
{
	*rest = span_trim(*rest);
	if (rest->len == 0)
		return false;
	span_split(rest, ' ', target);
	return true;
}

bool list_item_hides(const char *earlier, const char *later)
{
	struct list_item wide, narrow;

	if (list_item_parse(earlier, &wide, NULL) < 0 ||
	    list_item_parse(later, &narrow, NULL) < 0)
		return false;
	if (wide.kind == LIST_ITEM_ADDRESS)
		return narrow.kind == LIST_ITEM_ADDRESS &&
		       wide.address.len == narrow.address.len &&
		       strncasecmp(wide.address.at, narrow.address.at,
		                   wide.address.len) == 0;
	if ((wide.kind == LIST_ITEM_DOMAIN) !=
	    (narrow.kind == LIST_ITEM_DOMAIN))
		return false;
	if (narrow.kind == LIST_ITEM_ADDRESS)
		return !wide.no_mail &&
		       name_pattern_covers(&wide.pattern, &narrow.pattern);
	return wide.no_mail <= narrow.no_mail &&
	       wide.no_https <= narrow.no_https &&
	       name_pattern_covers(&wide.pattern, &narrow.pattern);
}
