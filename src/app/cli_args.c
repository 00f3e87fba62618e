/* The command line's flags, and how it is read. */
#include "app/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/jmap.h"
#include "base/day.h"
#include "base/endpoint.h"
#include "base/nearest.h"
#include "base/span.h"
#include "conf/value.h"
#include "model/object.h"

enum { DAYS_MAX = 3660 };

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
	{FLAG_CHANGED, "-n", NULL, YES(changed),
         "only what differs from the defaults"},
	{FLAG_DEFAULTS, "-d", NULL, YES(defaults), "the defaults"},
	{FLAG_CHECK, "--check", NULL, YES(check),
         "print nothing but what is wrong"},
	{FLAG_PERMISSION, "--permission", "WORD[,WORD]...", 0, read_permission,
         "what it may do; `token add --help` has the words"},
	{FLAG_EXPIRES, "--expires", "SPAN", 0, read_expires,
         "in how long it ends, as 90d; without it never"},
	{FLAG_RESOLVER, "--resolver", "ADDRESS", 0, read_resolver,
         "ask this one, as 127.0.0.1 or ::1@5353"},
};

const size_t flag_rows_count = sizeof(flag_rows) / sizeof(flag_rows[0]);

struct reading {
	int argc;
	char **argv;
	int at;
	const struct sentence *sentence; /* NULL: not known yet */
	struct cli_args *args;
	struct err *err;
};

static unsigned flags_of(const struct reading *r)
{
	return FLAGS_ALWAYS | (r->sentence ? r->sentence->flags : 0);
}

/* Is it this flag, and where does a value glued to it begin ("--day=D",
 * "-cFILE")? */
static bool is_flag(const struct flag_row *row, const char *word,
                    const char **glued)
{
	size_t len = strlen(row->name);

	*glued = NULL;
	if (strncmp(word, row->name, len) != 0)
		return false;
	if (word[len] == '\0')
		return true;
	if (row->value == NULL)
		return false;
	*glued = row->name[1] == '-' ? word + len + 1 : word + len;
	return row->name[1] != '-' || word[len] == '=';
}

static const struct flag_row *find_flag(unsigned flags, const char *word,
                                        const char **glued)
{
	for (size_t i = 0; i < flag_rows_count; i++)
		if ((flag_rows[i].flag & flags) != 0 &&
		    is_flag(&flag_rows[i], word, glued))
			return &flag_rows[i];
	return NULL;
}

static int unknown_flag(const struct reading *r, const char *word)
{
	struct nearest nearest = nearest_to(word);
	const char *glued;

	if (find_flag(~0u, word, &glued) != NULL)
		return err_set(r->err, ERR_PARSE, "%s%s takes no '%.40s'",
		               r->sentence ? "" : "before its command, ",
		               r->sentence ? r->sentence->words : "tlstally",
		               word);
	for (size_t i = 0; i < flag_rows_count; i++)
		if (r->sentence == NULL ||
		    (flag_rows[i].flag & flags_of(r)) != 0)
			nearest_offer(&nearest, flag_rows[i].name);
	if (nearest.name != NULL)
		return err_set(r->err, ERR_PARSE,
		               "unknown option '%.40s'; did you mean '%s'?",
		               word, nearest.name);
	return err_set(r->err, ERR_PARSE, "unknown option '%.40s'", word);
}

static const char *next_word(struct reading *r)
{
	return r->at < r->argc ? r->argv[r->at] : NULL;
}

static int read_value(struct reading *r, const struct flag_row *row,
                      const char *value)
{
	bool optional = row->value[0] == '[';

	if (value == NULL && next_word(r) != NULL &&
	    !(optional && next_word(r)[0] == '-'))
		value = r->argv[r->at++];
	if (value == NULL && !optional)
		return err_set(r->err, ERR_PARSE, "%s needs a value: %s",
		               row->name, row->value);
	if (row->read(r->args, value, r->err) < 0) {
		err_prefix(r->err, "%s", row->name);
		return ERR_PARSE;
	}
	return 0;
}

static int read_flag(struct reading *r)
{
	const char *word = r->argv[r->at++];
	const char *glued;
	const struct flag_row *row = find_flag(flags_of(r), word, &glued);

	if (row == NULL)
		return unknown_flag(r, word);
	if (row->value != NULL)
		return read_value(r, row, glued);
	*(bool *)((char *)r->args + row->yes) = true;
	return 0;
}

static bool is_flag_like(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

static int read_command(struct reading *r)
{
	int used;

	if (next_word(r) != NULL && strcmp(next_word(r), "help") == 0) {
		r->args->help = true;
		r->at++;
	}
	if (next_word(r) == NULL)
		return r->args->help || r->args->version
		               ? 0
		               : err_set(r->err, ERR_PARSE,
		                         "which command? `tlstally --help` "
		                         "lists them");
	r->sentence =
		sentence_find(r->argv + r->at, r->argc - r->at, &used, r->err);
	if (r->sentence == NULL)
		return ERR_PARSE;
	r->at += used;
	return 0;
}

static size_t operands_wanted(const struct sentence *sentence)
{
	size_t n = 0;

	for (const char *p = sentence->operands; *p != '\0'; p++)
		n += *p == '<';
	return n;
}

static size_t operands_most(const struct sentence *sentence)
{
	return operands_wanted(sentence) + (sentence->operands[0] == '[');
}

static int read_operand(struct reading *r)
{
	struct cli_args *args = r->args;

	if (args->operand_count == operands_most(r->sentence))
		return err_set(r->err, ERR_PARSE, "%s: what is '%.40s'?",
		               r->sentence->words, r->argv[r->at]);
	args->operands[args->operand_count++] = r->argv[r->at++];
	return 0;
}

static int read_rest(struct reading *r)
{
	bool flags_ended = false;
	int rc = 0;

	while (rc == 0 && next_word(r) != NULL) {
		if (!flags_ended && strcmp(next_word(r), "--") == 0) {
			flags_ended = true;
			r->at++;
		} else if (!flags_ended && is_flag_like(next_word(r))) {
			rc = read_flag(r);
		} else {
			rc = read_operand(r);
		}
	}
	if (rc == 0 && !r->args->help &&
	    r->args->operand_count < operands_wanted(r->sentence))
		return err_set(r->err, ERR_PARSE, "%s %s: which?",
		               r->sentence->words, r->sentence->operands);
	return rc;
}

int cli_args_read(int argc, char **argv, struct cli_args *args,
                  const struct sentence **sentence, struct err *err)
{
	struct reading r = {
		.argc = argc, .argv = argv, .at = 1, .args = args, .err = err};
	int rc = 0;

	memset(args, 0, sizeof(*args));
	while (rc == 0 && next_word(&r) != NULL && is_flag_like(next_word(&r)))
		rc = read_flag(&r);
	if (rc == 0)
		rc = read_command(&r);
	if (rc == 0 && r.sentence != NULL)
		rc = read_rest(&r);
	*sentence = r.sentence;
	return rc;
}
