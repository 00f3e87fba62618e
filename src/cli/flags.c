/* The command line's flags: what each takes, and one line of help. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jmap/jmap.h"
#include "base/day.h"
#include "base/endpoint.h"
#include "base/span.h"
#include "conf/value.h"
#include "api/object.h"
#include "api/object_id.h"

enum { DAYS_MAX = 3660 };

#define NUMBER_MAX ((INT64_C(1) << 53) - 1) /* RFC 8620 section 1.3 */

static int read_conf(struct cli_args *args, const char *value, struct err *err)
{
	(void)err;
	args->file.path = value;
	return 0;
}

static int read_set(struct cli_args *args, const char *value, struct err *err)
{
	return settings_file_assign(&args->file, value, err);
}

static int read_day(struct cli_args *args, const char *value, struct err *err)
{
	args->has_day = true;
	return day_parse(value, &args->day, err);
}

static int read_days(struct cli_args *args, const char *value, struct err *err)
{
	char *end;
	long days = strtol(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' || days < 1 ||
	    days > DAYS_MAX)
		return err_set(err, ERR_PARSE,
		               "'%.40s' is no number of days from 1 to %d",
		               value, DAYS_MAX);
	args->days = (int32_t)days;
	return 0;
}

static int read_now(struct cli_args *args, const char *value, struct err *err)
{
	return time_parse(value, &args->now, err);
}

/* Without a time: whatever waits goes, and the clock is the clock. */
static int read_at_once(struct cli_args *args, const char *value,
                        struct err *err)
{
	if (value != NULL)
		return read_now(args, value, err);
	args->all_now = true;
	return 0;
}

static int read_id(struct cli_args *args, const char *value, struct err *err)
{
	if (!object_id_parse(value, &args->id))
		return err_set(err, ERR_PARSE,
		               "'%.40s' is no report's id; `tlstally show "
		               "DOMAIN` has them",
		               value);
	return 0;
}

static int read_for(struct cli_args *args, const char *value, struct err *err)
{
	return value_span(value, &args->for_secs, err);
}

static int read_reason(struct cli_args *args, const char *value,
                       struct err *err)
{
	(void)err;
	args->reason = value;
	return 0;
}

static int read_resolver(struct cli_args *args, const char *value,
                         struct err *err)
{
	struct endpoint ignored;

	args->resolver = value;
	return endpoint_parse(value, 1, &ignored, err);
}

/* One word, several with commas between them, or "all"; may be repeated. */
static int read_permission(struct cli_args *args, const char *value,
                           struct err *err)
{
	struct span rest = span_of(value), part;
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
		args->permissions |= permission;
	} while (more);
	return 0;
}

static int read_expires(struct cli_args *args, const char *value,
                        struct err *err)
{
	return value_span(value, &args->expires_secs, err);
}

/* --- of get, query, create, update and delete --- */

static int add_to(struct cli_list *list, const char *value, struct err *err)
{
	if (list->count == CLI_LIST_MAX)
		return err_set(err, ERR_PARSE, "more than %d of them",
		               CLI_LIST_MAX);
	list->at[list->count++] = value;
	return 0;
}

static int read_field(struct cli_args *args, const char *value, struct err *err)
{
	return add_to(&args->object.field, value, err);
}

static int read_where(struct cli_args *args, const char *value, struct err *err)
{
	return add_to(&args->object.where, value, err);
}

/* A whole number; least is 0 or below it. */
static int read_number(const char *value, int64_t least, int64_t *number,
                       struct err *err)
{
	char *end;
	long long n = strtoll(value, &end, 10);

	if (strchr("-0123456789", value[0]) == NULL || end == value ||
	    *end != '\0' || n < least || n > NUMBER_MAX || n < -NUMBER_MAX)
		return err_set(err, ERR_PARSE, "'%.40s' is no number%s", value,
		               least == 0 ? " from 0 on" : "");
	*number = n;
	return 0;
}

static int read_limit(struct cli_args *args, const char *value, struct err *err)
{
	args->object.has_limit = true;
	return read_number(value, 0, &args->object.limit, err);
}

static int read_position(struct cli_args *args, const char *value,
                         struct err *err)
{
	return read_number(value, -NUMBER_MAX, &args->object.position, err);
}

static int read_timeout(struct cli_args *args, const char *value,
                        struct err *err)
{
	return value_span(value, &args->object.timeout_secs, err);
}

static int read_account(struct cli_args *args, const char *value,
                        struct err *err)
{
	args->object.account = value;
	return jmap_is_id(value)
	               ? 0
	               : err_set(err, ERR_PARSE,
	                         "'%.40s' is no id (A-Z a-z 0-9 - _)", value);
}

/* Those whose text is kept as it is. */
#define TEXT_FLAG(name)                                                        \
	static int read_##name(struct cli_args *args, const char *value,       \
	                       struct err *err)                                \
	{                                                                      \
		(void)err;                                                     \
		args->object.name = value;                                     \
		return 0;                                                      \
	}

TEXT_FLAG(ids)
TEXT_FLAG(fields)
TEXT_FLAG(file)
TEXT_FLAG(sort)
TEXT_FLAG(url)
TEXT_FLAG(api_key)
TEXT_FLAG(api_key_file)
TEXT_FLAG(ca_file)

#define YES(member) offsetof(struct cli_args, member), NULL

const struct flag_row flag_rows[] = {
	{FLAG_CONF, "-c", "FILE", 0, read_conf, "the settings file"},
	{FLAG_SET, "-o", "SECTION.NAME=VALUE", 0, read_set,
         "a setting over those of the file; may be repeated"},
	{FLAG_VERBOSE, "-v", NULL, YES(verbose),
         "say what was done also when nobody watches"},
	{FLAG_HELP, "--help", NULL, YES(help), "this help"},
	{FLAG_HELP, "-h", NULL, YES(help), NULL},
	{FLAG_VERSION, "--version", NULL, YES(version), "the version"},
	{FLAG_JSON, "--json", NULL, YES(json),
         "one JSON document in the place of the table"},
	{FLAG_DAY, "--day", "DAY", 0, read_day, "this UTC day, as 2026-03-01"},
	{FLAG_DAYS, "--days", "N", 0, read_days,
         "so many UTC days, today the last of them"},
	{FLAG_NOW, "--now", "TIME", 0, read_now,
         "as if it were this moment, as 2026-03-02T00:15Z"},
	{FLAG_AT_ONCE, "--now", "[TIME]", 0, read_at_once,
         "all that waits, at once; with TIME: as if it were this moment"},
	{FLAG_ID, "--id", "ID", 0, read_id,
         "this report only, whenever it is due"},
	{FLAG_FAILURES, "--failures", NULL, YES(failures),
         "only domains with failures, the worst first"},
	{FLAG_EML, "--eml", NULL, YES(eml),
         "the whole mail that would carry the report"},
	{FLAG_FOR, "--for", "SPAN", 0, read_for,
         "how long, as 12h or 30d; without it for good"},
	{FLAG_REASON, "--reason", "TEXT", 0, read_reason,
         "why, for whoever reads the list"},
	{FLAG_REPLACE, "--replace", NULL, YES(replace),
         "change the row of an address that is suppressed already"},
	{FLAG_CHANGED, "-n", NULL, YES(changed),
         "only what differs from the defaults"},
	{FLAG_DEFAULTS, "-d", NULL, YES(defaults), "the defaults"},
	{FLAG_CHECK, "--check", NULL, YES(check),
         "only look, and say what is wrong"},
	{FLAG_PERMISSION, "--permission", "WORD[,WORD]...", 0, read_permission,
         "what it may do; `token add --help` has the words"},
	{FLAG_EXPIRES, "--expires", "SPAN", 0, read_expires,
         "in how long it ends, as 90d; without it never"},
	{FLAG_RESOLVER, "--resolver", "ADDRESS", 0, read_resolver,
         "ask this one, as 127.0.0.1 or ::1@5353"},
	{FLAG_IDS, "--ids", "A,B...", 0, read_ids, "these objects"},
	{FLAG_GIVEN, "--field", "NAME=VALUE", 0, read_field,
         "a field, as domain=example.com, report/reportId=1 or "
         "mailRua/a@b.example=true; may be repeated"},
	{FLAG_GIVEN, "--file", "FILE", 0, read_file,
         "the object, or the changes, as JSON"},
	{FLAG_GIVEN, "--stdin", NULL, YES(object.from_stdin),
         "the same from standard input"},
	{FLAG_FIELDS, "--fields", "A,B...", 0, read_fields,
         "these fields and no others"},
	{FLAG_SEARCH, "--where", "NAME=VALUE", 0, read_where,
         "only those, as status=failed, or a filter in JSON; may be "
         "repeated"},
	{FLAG_SEARCH, "--sort", "A,-B...", 0, read_sort,
         "by these, - before one: the greatest first"},
	{FLAG_SEARCH, "--limit", "N", 0, read_limit, "so many at the most"},
	{FLAG_SEARCH, "--position", "N", 0, read_position,
         "from this one on, the first being 0, the last -1"},
	{FLAG_SEARCH, "--count", NULL, YES(object.count),
         "how many there are, and nothing else"},
	{FLAG_SERVER, "--url", "URL", 0, read_url,
         "not the store but this JMAP server (or TLSTALLY_URL)"},
	{FLAG_SERVER, "--api-key-file", "FILE", 0, read_api_key_file,
         "its first line is the server's bearer token"},
	{FLAG_SERVER, "--api-key", "KEY", 0, read_api_key,
         "the token itself, which ps then shows (or TLSTALLY_TOKEN)"},
	{FLAG_SERVER, "--ca-file", "FILE", 0, read_ca_file,
         "who may have signed the server's certificate (PEM)"},
	{FLAG_SERVER, "--account", "ID", 0, read_account,
         "the account, when it is not the session's primary one"},
	{FLAG_SERVER, "--timeout", "SPAN", 0, read_timeout,
         "how long an answer may take; 60s unless said"},
};

const size_t flag_rows_count = sizeof(flag_rows) / sizeof(flag_rows[0]);
