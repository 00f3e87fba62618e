/* What a word of the command line can be: each kind is read, or refused in
 * words, here and nowhere else. */
#include "cli/cli.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "api/object_id.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/domain.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "base/span.h"
#include "base/xalloc.h"
#include "cli/object_type.h"
#include "conf/form.h"
#include "conf/value.h"
#include "domain/rua.h"
#include "http/auth.h"
#include "jmap/jmap.h"
#include "store/suppress_table.h"

enum { DAYS_MAX = 3660 };

#define NUMBER_MAX ((INT64_C(1) << 53) - 1) /* RFC 8620 section 1.3 */

static int read_list(const char *text, void *at, struct err *err)
{
	struct cli_list *list = at;

	if (list->count == CLI_LIST_MAX)
		return err_set(err, ERR_PARSE, "more than %d items",
		               CLI_LIST_MAX);
	list->at[list->count++] = text;
	return 0;
}

static int read_span(const char *text, void *at, struct err *err)
{
	auto_(xfree_str) char *today = value_span_today(text);

	if (today != NULL)
		log_warning("'%s' is read as '%s', but a later release will "
		            "not accept it: write the latter",
		            text, today);
	return value_span(text, at, err);
}

static int read_whole(const char *text, int64_t least, void *at,
                      struct err *err)
{
	char *end;
	long long n = strtoll(text, &end, 10);

	if (strchr("-0123456789", text[0]) == NULL || end == text ||
	    *end != '\0' || n < least)
		return err_set(err, ERR_PARSE,
		               "'%.40s' is not a whole number%s", text,
		               least == 0 ? " that is 0 or more" : "");
	if (n > NUMBER_MAX)
		return err_set(err, ERR_PARSE, "%.40s is too large", text);
	*(int64_t *)at = n;
	return 0;
}

static int read_days(const char *text, void *at, struct err *err)
{
	int64_t days = 0;

	if (read_whole(text, 0, &days, err) < 0 || days < 1 || days > DAYS_MAX)
		return err_set(err, ERR_PARSE,
		               "'%.40s' is not a number of days from 1 to %d",
		               text, DAYS_MAX);
	*(int32_t *)at = (int32_t)days;
	return 0;
}

/* Which day that is depends on the clock, maybe that of --now. */
static int read_day(const char *text, void *at, struct err *err)
{
	int32_t *day = at;

	if (strcmp(text, "today") == 0)
		*day = CLI_DAY_TODAY;
	else if (strcmp(text, "yesterday") == 0)
		*day = CLI_DAY_YESTERDAY;
	else
		return day_parse(text, day, err);
	return 0;
}

/* Nothing is published at an address. */
static int read_domain(const char *text, void *at, struct err *err)
{
	struct in6_addr ignored;

	if (inet_pton(AF_INET, text, &ignored) == 1)
		return err_set(err, ERR_PARSE,
		               "'%.40s' is an IP address, not a domain", text);
	return domain_canonical(text, strlen(text), at, err);
}

/* What does not fit into the store's row is not to be cut off unseen. */
static int read_reason(const char *text, void *at, struct err *err)
{
	struct suppression row;

	if (strlen(text) >= sizeof(row.reason))
		return err_set(err, ERR_PARSE, "longer than %zu bytes",
		               sizeof(row.reason) - 1);
	*(const char **)at = text;
	return 0;
}

/* Names that no domain can have are counted, too. */
static int read_counted(const char *text, void *at, struct err *err)
{
	size_t len = strlen(text);

	if (domain_canonical(text, len, at, NULL) == 0)
		return 0;
	if (len == 0 || len >= TALLY_DOMAIN_TEXT)
		return err_set(err, ERR_PARSE, "'%.40s' is not a domain", text);
	strcpy(at, text);
	return 0;
}

/* As rua gives it: "TLS@Example.org" and "tls@example.org" are two, their
 * domains are not. */
static int read_address(const char *text, void *at, struct err *err)
{
	struct rua rua;

	if (rua_from_address(text, strlen(text), &rua, err) < 0)
		return err->class;
	strcpy(at, rua.address);
	return 0;
}

static int read_type(const char *text, void *at, struct err *err)
{
	const struct jmap_type **type = at;

	*type = object_type_find(text, err);
	return *type ? 0 : err->class;
}

/* One word, several with commas between them, or "all"; may be repeated. */
static int read_permissions(const char *text, void *at, struct err *err)
{
	struct span rest = span_of(text), part;
	enum jmap_permission permission;
	bool more;

	do {
		char word[64];

		more = span_split(&rest, ',', &part);
		snprintf(word, sizeof(word), "%.*s", (int)part.len, part.at);
		if (strcmp(word, "all") == 0)
			permission = PERMIT_ALL;
		else if (!jmap_permission_from_word(word, &permission, err))
			return err->class;
		*(unsigned *)at |= permission;
	} while (more);
	return 0;
}

/* What is kept as it was typed: is it one at all? */
static int check_text(enum cli_value value, const char *text, struct err *err)
{
	auto_(xfree_str) char *today = NULL;
	struct endpoint ignored;

	if (value == VALUE_FILE && text[0] == '\0')
		return err_set(err, ERR_PARSE, "the name of the file is empty");
	if ((value == VALUE_ID || value == VALUE_IDS) &&
	    !jmap_request_is_id(text))
		return err_set(err, ERR_PARSE,
		               "'%.40s' is not an id (A-Z a-z 0-9 - _)", text);
	if (value == VALUE_RESOLVER)
		today = form_socket_today(text);
	return value == VALUE_RESOLVER
	               ? endpoint_parse(today ? today : text, 1, &ignored, err)
	       : value == VALUE_TOKEN ? auth_name_check(text, err)
	                              : 0;
}

int cli_value_read(enum cli_value value, const char *text, void *at,
                   struct err *err)
{
	switch (value) {
	case VALUE_LIST:
		return read_list(text, at, err);
	case VALUE_IDS:
		return check_text(value, text, err);
	case VALUE_SETTING:
		return settings_file_assign(at, text, err);
	case VALUE_DAY:
		return read_day(text, at, err);
	case VALUE_DAYS:
		return read_days(text, at, err);
	case VALUE_TIME:
		return day_parse_time(text, at, err);
	case VALUE_SPAN:
		return read_span(text, at, err);
	case VALUE_NUMBER:
		return read_whole(text, 0, at, err);
	case VALUE_POSITION:
		return read_whole(text, -NUMBER_MAX, at, err);
	case VALUE_REPORT:
		return object_id_parse(text, at)
		               ? 0
		               : err_set(err, ERR_PARSE,
		                         "'%.40s' is not the id of a report; "
		                         "`tlstally show DOMAIN` lists the ids",
		                         text);
	case VALUE_DOMAIN:
		return read_domain(text, at, err);
	case VALUE_REASON:
		return read_reason(text, at, err);
	case VALUE_COUNTED:
		return read_counted(text, at, err);
	case VALUE_ADDRESS:
		return read_address(text, at, err);
	case VALUE_TYPE:
		return read_type(text, at, err);
	case VALUE_PERMISSIONS:
		return read_permissions(text, at, err);
	default:
		*(const char **)at = text;
		return check_text(value, text, err);
	}
}
