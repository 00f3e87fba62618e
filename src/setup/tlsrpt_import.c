#include "setup/tlsrpt_import.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/auto.h"
#include "base/xalloc.h"
#include "conf/fault.h"
#include "conf/list_item.h"
#include "conf/settings.h"
#include "conf/value.h"
#include "domain/rua.h"
#include "rollup/lists.h"
#include "setup/tlsrpt_ini.h"
#include "setup/tlsrpt_map.h"

/* A setting of ours, and where it comes from. */
struct line {
	const struct setting *row;
	const char *value;
	const char *file;
	unsigned number;
	const char *name; /* as it was called there; NULL: it stood in a map */
};

struct run {
	const struct tlsrpt_import_options *options;
	struct arena mem;
	struct conf conf; /* what the lines come to */
	struct line *lines;
	size_t count, room;
	struct conf_list *remarks;
	struct tlsrpt_map maps[TLSRPT_MAPS];
	const struct tlsrpt_option *retries, *longest_wait;
	bool has_reportd, has_collectd;
	bool failed; /* a map could not be read */
};

static void remark(struct run *run, const char *file, unsigned line,
                   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void remark(struct run *run, const char *file, unsigned line,
                   const char *fmt, ...)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	va_list ap;
	struct err words;

	va_start(ap, fmt);
	err_vset(&words, ERR_PARSE, fmt, ap);
	va_end(ap);
	strbuf_printf(&text, "%s:%u: %s", file, line, words.text);
	value_list_add(run->remarks, xstrdup(strbuf_text(&text)));
}

/* One more line of the result, if our settings take it. */
static bool take(struct run *run, const struct line *line, const char *section,
                 const char *name)
{
	const struct setting *row = settings_find(section, name);
	struct err err = {0};

	if (row == NULL || value_read(row, line->value, &run->conf, &err) < 0) {
		remark(run, line->file, line->number, "%s%sleft out: %s",
		       line->name != NULL ? line->name : "",
		       line->name != NULL ? ": " : "",
		       row == NULL ? "tlstally has no such setting" : err.text);
		return false;
	}
	if (run->count == run->room) {
		run->room = run->room * 2 + 64;
		run->lines = xrealloc(run->lines, run->room, sizeof(*line));
	}
	run->lines[run->count] = *line;
	run->lines[run->count++].row = row;
	return true;
}

static bool take_option(struct run *run, const struct tlsrpt_option *option,
                        const char *section, const char *name,
                        const char *value)
{
	const struct line line = {NULL, value, option->file, option->line,
	                          option->name};

	return take(run, &line, section, name);
}

/* --- settings --- */

struct row;
typedef void row_fn(struct run *run, const struct row *row,
                    const struct tlsrpt_option *option);

struct row {
	const char *section; /* without "tlsrpt_" */
	const char *name;
	row_fn *fn;
	const char *to, *as;  /* our section and name */
	const char *words;    /* what to do instead */
	const char *standard; /* theirs: nothing is said of it */
};

static void as_text(struct run *run, const struct row *row,
                    const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as, option->value);
}

static void as_socket(struct run *run, const struct row *row,
                      const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as,
	            arena_printf(&run->mem, "unix:%s", option->value));
}

static void as_seconds(struct run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as,
	            arena_printf(&run->mem, "%ss", option->value));
}

static void not_needed(struct run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	remark(run, option->file, option->line, "%s: not needed: %s",
	       option->name, row->words);
}

static void no_counterpart(struct run *run, const struct row *row,
                           const struct tlsrpt_option *option)
{
	remark(run, option->file, option->line, "%s: no counterpart: %s",
	       option->name, row->words);
}

/* "sqlite:///var/lib/tlsrpt/collectd.sqlite" */
static void storage(struct run *run, const struct row *row,
                    const struct tlsrpt_option *option)
{
	static const char scheme[] = "sqlite://";
	size_t len = strcspn(option->value, ",");
	const char *path = option->value + strlen(scheme);

	if (strncmp(option->value, scheme, strlen(scheme)) != 0) {
		no_counterpart(run, row, option);
		return;
	}
	remark(run, option->file, option->line,
	       "%s: not needed: tlstally has a store of its own ([store] "
	       "directory); what tlsrpt-collectd counted on its last whole day "
	       "comes in with `tlstally import %.*s.yesterday`",
	       option->name, (int)(len - strlen(scheme)), path);
}

static void bad_input(struct run *run, const struct row *row,
                      const struct tlsrpt_option *option)
{
	(void)row;
	remark(run, option->file, option->line,
	       "%s: tlstally keeps up to 100 of them in a directory of their "
	       "own: set [events] bad_input_directory",
	       option->name);
}

static bool is_own_fetcher(struct span command)
{
	struct span program = command;
	const char *slash;

	span_split(&command, ' ', &program);
	slash = memrchr(program.at, '/', program.len);
	if (slash != NULL)
		span_drop(&program, (size_t)(slash + 1 - program.at));
	return span_is(program, "tlsrpt-fetcher") ||
	       span_is(program, "tlsrpt_fetcher.py");
}

static void fetchers(struct run *run, const struct row *row,
                     const struct tlsrpt_option *option)
{
	struct span rest = span_of(option->value), one;
	bool more;

	do {
		more = span_split(&rest, ',', &one);
		one = span_trim(one);
		if (one.len == 0)
			continue;
		if (is_own_fetcher(one))
			remark(run, option->file, option->line,
			       "%s: '%.*s' is left out: tlstallyd counts on "
			       "this host itself",
			       option->name, (int)one.len, one.at);
		else
			take_option(run, option, row->to, row->as,
			            arena_strndup(&run->mem, one.at, one.len));
	} while (more);
}

static void keep_days(struct run *run, const struct row *row,
                      const struct tlsrpt_option *option)
{
	(void)row;
	take_option(run, option, "store", "keep_days", option->value);
	take_option(run, option, "store", "archive_days", option->value);
}

/* sendmail itself is what our default stands for. */
static void sendmail_script(struct run *run, const struct row *row,
                            const struct tlsrpt_option *option)
{
	size_t len = strcspn(option->value, " ");
	const char *path = arena_strndup(&run->mem, option->value, len);
	const char *slash = strrchr(path, '/');

	if (strcmp(slash != NULL ? slash + 1 : path, "sendmail") == 0)
		remark(run, option->file, option->line,
		       "%s: not needed: reports go to the mail server on this "
		       "host, which signs them with DKIM ([deliver] mail = "
		       "smtp://127.0.0.1:25); or set mail = sendmail:%s",
		       option->name,
		       path[0] == '/' ? path : "/usr/sbin/sendmail");
	else
		no_counterpart(run, row, option);
}

static void debug_mail(struct run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as,
	            arena_printf(&run->mem, "mailto:@. -> mailto:%s",
	                         option->value));
}

static void debug_http(struct run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as,
	            arena_printf(&run->mem, "https://. -> %s", option->value));
}

static bool is_number(struct run *run, const struct tlsrpt_option *option)
{
	if (option->value[strspn(option->value, "0123456789")] == '\0')
		return true;
	remark(run, option->file, option->line,
	       "%s: left out: '%.40s' is not a number", option->name,
	       option->value);
	return false;
}

/* retry_for is made of both, at the end. */
static void retries(struct run *run, const struct row *row,
                    const struct tlsrpt_option *option)
{
	(void)row;
	if (is_number(run, option))
		run->retries = option;
}

static void longest_wait(struct run *run, const struct row *row,
                         const struct tlsrpt_option *option)
{
	(void)row;
	if (is_number(run, option))
		run->longest_wait = option;
}

static void read_map(struct run *run, const struct tlsrpt_option *option,
                     enum tlsrpt_map_of of)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct err err = {0};
	const char *path = option->value;

	if (run->options->read(run->options->arg, option->file, path, &text,
	                       &err) < 0) {
		remark(run, option->file, option->line, "%s: %s: %s",
		       option->name, path, err.text);
		run->failed = true;
		return;
	}
	if (tlsrpt_map_read(of, path, strbuf_text(&text), text.len, &run->mem,
	                    &run->maps[of], &err) < 0) {
		value_list_add(run->remarks, xstrdup(err.text));
		run->failed = true;
	}
}

static void record_map(struct run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	(void)row;
	read_map(run, option, TLSRPT_MAP_RECORD);
}

static void mail_map(struct run *run, const struct row *row,
                     const struct tlsrpt_option *option)
{
	(void)row;
	read_map(run, option, TLSRPT_MAP_MAIL);
}

static void http_map(struct run *run, const struct row *row,
                     const struct tlsrpt_option *option)
{
	(void)row;
	read_map(run, option, TLSRPT_MAP_HTTP);
}

#define COLLECTD "collectd"
#define FETCHER "fetcher"
#define REPORTD "reportd"
#define BY_LOG "daemons log to syslog or the journal, more with -v"
#define BY_SYSTEMD "the daemons of tlstally stay in the foreground"
#define BY_STORE "events are committed by time ([events] commit_interval)"
#define BY_RULES                                                               \
	"tlstally asks a host again at each run until it is ready, and not "   \
	"longer than [fleet] deadline"
#define OTHER_STORAGE "tlstally has a store of its own"

static const struct row rows[] = {
	{COLLECTD, "storage", .fn = storage, .words = OTHER_STORAGE},
	{COLLECTD, "socketname", .fn = as_socket, .to = "events",
         .as = "socket"},
	{COLLECTD, "socketuser", .fn = as_text, .to = "events",
         .as = "socket_owner"},
	{COLLECTD, "socketgroup", .fn = as_text, .to = "events",
         .as = "socket_group"},
	{COLLECTD, "socketmode", .fn = as_text, .to = "events",
         .as = "socket_mode"},
	{COLLECTD, "sockettimeout", .fn = as_seconds, .to = "events",
         .as = "commit_interval"},
	{COLLECTD, "max_uncommited_datagrams", .fn = not_needed,
         .words = BY_STORE},
	{COLLECTD, "retry_commit_datagram_count", .fn = not_needed,
         .words = BY_STORE},
	{COLLECTD, "pidfilename", .fn = not_needed, .words = BY_SYSTEMD},
	{COLLECTD, "logfilename", .fn = not_needed, .words = BY_LOG},
	{COLLECTD, "log_level", .fn = not_needed, .words = BY_LOG},
	{COLLECTD, "daily_rollover_script", .fn = no_counterpart,
         .words = "run it from cron or a timer, after midnight UTC, with "
                  "`tlstally export --day yesterday`"},
	{COLLECTD, "dump_path_for_invalid_datagram", .fn = bad_input},
	{FETCHER, "storage", .fn = storage, .words = OTHER_STORAGE},
	{FETCHER, "logfilename", .fn = not_needed, .words = BY_LOG},
	{FETCHER, "log_level", .fn = not_needed, .words = BY_LOG},
	{REPORTD, "pidfilename", .fn = not_needed, .words = BY_SYSTEMD},
	{REPORTD, "logfilename", .fn = not_needed, .words = BY_LOG},
	{REPORTD, "log_level", .fn = not_needed, .words = BY_LOG},
	{REPORTD, "debug_db", .fn = not_needed, .words = BY_LOG,
         .standard = "0"},
	{REPORTD, "debug_send_mail_dest", .fn = debug_mail, .to = "report",
         .as = "redirect"},
	{REPORTD, "debug_send_http_dest", .fn = debug_http, .to = "report",
         .as = "redirect"},
	{REPORTD, "debug_send_file_dest", .fn = as_text, .to = "deliver",
         .as = "directory"},
	{REPORTD, "dbname", .fn = not_needed,
         .words = "reports are in the store of tlstally; those that "
                  "tlsrpt-reportd made stay where they are"},
	{REPORTD, "keep_days", .fn = keep_days},
	{REPORTD, "fetchers", .fn = fetchers, .to = "fleet", .as = "fetchers"},
	{REPORTD, "organization_name", .fn = as_text, .to = "report",
         .as = "organization_name"},
	{REPORTD, "contact_info", .fn = as_text, .to = "report",
         .as = "contact_info"},
	{REPORTD, "sender_address", .fn = as_text, .to = "report",
         .as = "sender"},
	{REPORTD, "compression_level", .fn = not_needed,
         .words = "reports are always compressed", .standard = "-1"},
	{REPORTD, "tlsrpt_record_map", .fn = record_map},
	{REPORTD, "mail_destination_map", .fn = mail_map},
	{REPORTD, "http_upload_map", .fn = http_map},
	{REPORTD, "http_script", .fn = no_counterpart,
         .words = "tlstally uploads reports itself (https_verify, "
                  "https_ca_file and timeout in [deliver]); for a copy in a "
                  "file set [deliver] directory",
         .standard = "curl --silent --header 'Content-Type: "
                     "application/tlsrpt+gzip' --data-binary @-"},
	{REPORTD, "http_timeout", .fn = as_seconds, .to = "deliver",
         .as = "timeout"},
	{REPORTD, "sendmail_script", .fn = sendmail_script,
         .words = "[deliver] mail takes a program that is called as sendmail "
                  "is, mail = sendmail:/PATH (-i -f SENDER -- RECIPIENT, the "
                  "message on its input), or a server, mail = smtp://HOST:25",
         .standard = "sendmail -i -t"},
	{REPORTD, "sendmail_timeout", .fn = as_seconds, .to = "deliver",
         .as = "mail_timeout"},
	{REPORTD, "spread_out_delivery", .fn = as_seconds, .to = "deliver",
         .as = "spread"},
	{REPORTD, "interval_main_loop", .fn = not_needed,
         .words = "the timer tlstally-run.timer starts a run every 5 minutes"},
	{REPORTD, "max_collectd_timeout", .fn = not_needed, .words = BY_RULES},
	{REPORTD, "max_collectd_timediff", .fn = not_needed, .words = BY_RULES},
	{REPORTD, "max_retries_delivery", .fn = retries},
	{REPORTD, "min_wait_delivery", .fn = not_needed,
         .words = "the time between two attempts grows by itself"},
	{REPORTD, "max_wait_delivery", .fn = longest_wait},
	{REPORTD, "max_retries_domainlist", .fn = not_needed,
         .words = BY_RULES},
	{REPORTD, "min_wait_domainlist", .fn = not_needed, .words = BY_RULES},
	{REPORTD, "max_wait_domainlist", .fn = not_needed, .words = BY_RULES},
	{REPORTD, "max_retries_domaindetails", .fn = not_needed,
         .words = BY_RULES},
	{REPORTD, "min_wait_domaindetails", .fn = not_needed,
         .words = BY_RULES},
	{REPORTD, "max_wait_domaindetails", .fn = not_needed,
         .words = BY_RULES},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void take_setting(struct run *run, const struct tlsrpt_option *option)
{
	static const char prefix[] = "tlsrpt_";
	const char *section = option->section;
	size_t i = 0;

	if (strncmp(section, prefix, strlen(prefix)) == 0)
		section += strlen(prefix);
	while (i < ROWS && (strcmp(rows[i].section, section) != 0 ||
	                    strcmp(rows[i].name, option->name) != 0))
		i++;
	if (i == ROWS)
		remark(run, option->file, option->line,
		       "[%.40s] %.80s: tlsrpt-reporter 0.6 has no such setting",
		       option->section, option->name);
	else if (option->is_interpolated)
		remark(run, option->file, option->line,
		       "%s: left out: write out what %%(...)s stands for",
		       option->name);
	else if (option->value[0] == '\0')
		remark(run, option->file, option->line,
		       "%s: left out: it is empty", option->name);
	else if (rows[i].standard == NULL ||
	         strcmp(rows[i].standard, option->value) != 0)
		rows[i].fn(run, &rows[i], option);
}

/* --- maps --- */

/* Which list of ours an action is an item of; NULL: of none. */
static const char *list_of(enum tlsrpt_action action)
{
	static const char *const lists[] = {
		[TLSRPT_ACCEPT] = NULL,        [TLSRPT_DISCARD] = "deny",
		[TLSRPT_REPLACE] = "redirect", [TLSRPT_APPEND] = "bcc",
		[TLSRPT_REGEXP] = NULL,
	};

	return lists[action];
}

static const struct tlsrpt_rule *rule_of_uri(const struct tlsrpt_map *map,
                                             const struct rua *rua)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct tlsrpt_rule *rule = &map->rules[i];
		struct list_item item;

		if (rule->what == NULL ||
		    list_item_parse(rule->what, &item, NULL) < 0)
			continue;
		if (item.kind == LIST_ITEM_ADDRESS
		            ? strlen(rua->address) == item.address.len &&
		                      strncasecmp(rua->address, item.address.at,
		                                  item.address.len) == 0
		            : name_pattern_matches(&item.pattern, rua->host))
			return rule;
	}
	return NULL;
}

struct place {
	const struct tlsrpt_map *map;
	const struct tlsrpt_rule *rule;
};

/* As in a TLSRPT record: these three part things there, and the comma items of
 * ours. */
static struct span escaped(struct run *run, struct span text)
{
	static const char *const escapes[] = {
		[','] = "%2C", [';'] = "%3B", ['!'] = "%21"};
	char *to = arena_alloc(&run->mem, 3 * text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c < sizeof(escapes) / sizeof(escapes[0]) &&
		    escapes[c] != NULL) {
			memcpy(to + len, escapes[c], 3);
			len += 3;
		} else {
			to[len++] = (char)c;
		}
	}
	return (struct span){to, len};
}

static void add_uri(struct run *run, const struct place *at, struct span text,
                    struct strbuf *out)
{
	struct rua rua;
	struct err err;

	if (span_starts(text, "directory:")) {
		remark(run, at->map->file, at->rule->line,
		       "'%.*s' is left out: only a copy of all reports can be "
		       "in a directory: set [deliver] directory",
		       (int)text.len, text.at);
	} else if (text = escaped(run, text),
	           rua_parse(text.at, text.len, &rua, &err) < 0) {
		remark(run, at->map->file, at->rule->line,
		       "'%.*s' is left out: %s", (int)text.len, text.at,
		       err.text);
	} else {
		strbuf_printf(out, " %s", rua.uri);
	}
}

static void add_uris(struct run *run, const struct place *at,
                     struct span parameters, bool again, struct strbuf *out);

/* What the record map names goes through the maps of mail and HTTPS. */
static void add_mapped(struct run *run, const struct place *at,
                       struct span text, struct strbuf *out)
{
	const struct tlsrpt_rule *rule;
	struct rua rua;

	text = escaped(run, text);
	if (rua_parse(text.at, text.len, &rua, NULL) < 0) {
		add_uri(run, at, text, out);
		return;
	}
	rule = rule_of_uri(&run->maps[rua.kind == RUA_MAIL ? TLSRPT_MAP_MAIL
	                                                   : TLSRPT_MAP_HTTP],
	                   &rua);
	if (rule == NULL || rule->action == TLSRPT_ACCEPT ||
	    rule->action == TLSRPT_APPEND)
		add_uri(run, at, text, out);
	if (rule != NULL &&
	    (rule->action == TLSRPT_APPEND || rule->action == TLSRPT_REPLACE))
		add_uris(run, at, rule->parameters, false, out);
	if (rule != NULL && rule->action == TLSRPT_REGEXP)
		remark(run, at->map->file, at->rule->line,
		       "'%.*s' is left out: line %u of another map changes it "
		       "with REGEXP",
		       (int)text.len, text.at, rule->line);
}

static void add_uris(struct run *run, const struct place *at,
                     struct span parameters, bool again, struct strbuf *out)
{
	struct span uri;

	while (list_item_target(&parameters, &uri))
		if (again)
			add_mapped(run, at, uri, out);
		else
			add_uri(run, at, uri, out);
}

/* "APPEND directory:/path" of all reports: there is a setting for that. */
static bool is_directory(const struct tlsrpt_rule *rule)
{
	struct span uri = rule->parameters;

	return rule->action == TLSRPT_APPEND && rule->what != NULL &&
	       strcmp(rule->what, ".") == 0 && span_starts(uri, "directory:") &&
	       memchr(uri.at, ' ', uri.len) == NULL;
}

static void take_directory(struct run *run, const struct place *at)
{
	struct span uri = at->rule->parameters;
	struct line line = {.file = at->map->file, .number = at->rule->line};

	span_skip(&uri, "directory:");
	line.value = arena_strndup(&run->mem, uri.at, uri.len);
	if (take(run, &line, "deliver", "directory") &&
	    at->rule > at->map->rules)
		remark(run, line.file, line.number,
		       "a copy of all reports, also of those that the lines "
		       "before match, will be in %s",
		       line.value);
}

/* Would a later line of that list match what this one does? */
static bool is_wanted_later(const struct tlsrpt_map *map, size_t from,
                            const char *list)
{
	struct list_item here, there;

	if (list_item_parse(map->rules[from].what, &here, NULL) < 0)
		return false;
	for (size_t i = from + 1; i < map->count; i++) {
		const struct tlsrpt_rule *rule = &map->rules[i];
		const char *its = list_of(rule->action);

		if (its == NULL || strcmp(its, list) != 0 ||
		    rule->what == NULL || is_directory(rule) ||
		    list_item_parse(rule->what, &there, NULL) < 0)
			continue;
		if (name_pattern_covers(&here.pattern, &there.pattern) ||
		    name_pattern_covers(&there.pattern, &here.pattern))
			return true;
	}
	return false;
}

static void take_item(struct run *run, const struct place *at, const char *list,
                      const char *text)
{
	const struct line line = {NULL, text, at->map->file, at->rule->line,
	                          NULL};

	take(run, &line, "report", list);
}

/* The first match counts: where it is not of this list, an item without effect
 * keeps later ones from what it matches. */
static void take_exceptions(struct run *run, const struct place *at,
                            const char *own)
{
	static const char *const lists[] = {"deny", "redirect", "bcc"};

	for (size_t i = 0; i < 3; i++) {
		/* what is denied goes nowhere, and has no copy */
		if ((own != NULL && (strcmp(own, lists[i]) == 0 ||
		                     strcmp(own, "deny") == 0)) ||
		    !is_wanted_later(at->map,
		                     (size_t)(at->rule - at->map->rules),
		                     lists[i]))
			continue;
		take_item(run, at, lists[i],
		          arena_printf(&run->mem, "!%s", at->rule->what));
	}
}

/* Its item, and the list that it is for; NULL: there is none.  What is replaced
 * by nothing is discarded. */
static const char *item_of(struct run *run, const struct place *at,
                           bool is_record, const char **list)
{
	auto_(strbuf_clear) struct strbuf uris = {0};
	const struct tlsrpt_rule *rule = at->rule;
	const char *word = tlsrpt_map_action_word(rule->action);
	size_t count = 0;

	*list = list_of(rule->action);
	if (*list == NULL || rule->action == TLSRPT_DISCARD)
		return *list != NULL ? rule->what : NULL;
	add_uris(run, at, rule->parameters, is_record, &uris);
	for (size_t i = 0; i < uris.len; i++)
		count += uris.data[i] == ' ';
	if (count > 0 && count <= LISTS_TARGETS_MAX)
		return arena_printf(&run->mem, "%s ->%s", rule->what,
		                    strbuf_text(&uris));
	if (count > 0) {
		remark(run, at->map->file, rule->line,
		       "%s: left out: more than %d URIs", word,
		       LISTS_TARGETS_MAX);
		return NULL;
	}
	remark(run, at->map->file, rule->line, "%s: no URI is left%s", word,
	       rule->action == TLSRPT_REPLACE ? ": the same as DISCARD" : "");
	if (rule->action != TLSRPT_REPLACE)
		return NULL;
	*list = "deny";
	return rule->what;
}

static void take_rule(struct run *run, const struct place *at, bool is_record)
{
	const struct tlsrpt_rule *rule = at->rule;
	const char *list, *item;

	if (rule->is_loose && rule->what != NULL)
		remark(run, at->map->file, rule->line,
		       "a '.' of the expression is taken for a dot");
	if (rule->action == TLSRPT_REGEXP)
		remark(run, at->map->file, rule->line,
		       "REGEXP: no counterpart: write [report] redirect = WHAT "
		       "-> URI for each destination that it changes");
	if (rule->what == NULL) {
		remark(run, at->map->file, rule->line,
		       "regexp:%s %s: no counterpart: %s; what it matches, "
		       "later lines may match here",
		       rule->pattern, tlsrpt_map_action_word(rule->action),
		       rule->why);
		return;
	}
	if (is_directory(rule)) {
		take_directory(run, at);
		return;
	}
	item = item_of(run, at, is_record, &list);
	take_exceptions(run, at, item != NULL ? list : NULL);
	if (item != NULL)
		take_item(run, at, list, item);
}

static void say_dead(struct run *run, const struct place *at)
{
	const char *pattern = at->rule->pattern;
	size_t len = strlen(pattern);
	bool capital = false;

	for (const char *c = pattern; *c != '\0'; c++)
		capital |= *c >= 'A' && *c <= 'Z';
	if (at->rule->is_regexp)
		return;
	if (capital || (len > 1 && pattern[len - 1] == '.'))
		remark(run, at->map->file, at->rule->line,
		       "'%s' has %s: tlsrpt-reporter 0.6 never matched it, and "
		       "tlstally does",
		       pattern, capital ? "capital letters" : "a final dot");
}

static void take_map(struct run *run, enum tlsrpt_map_of of)
{
	const struct tlsrpt_map *map = &run->maps[of];

	for (size_t i = 0; i < map->count; i++) {
		const struct place at = {map, &map->rules[i]};

		say_dead(run, &at);
		take_rule(run, &at, of == TLSRPT_MAP_RECORD);
	}
}

/* --- the whole --- */

/* So many attempts, and so long between two at most. */
static void take_retry_for(struct run *run)
{
	enum { RETRIES = 5, WAIT = 1800, LEAST = 60, MOST = 86400 };
	const struct tlsrpt_option *option =
		run->retries != NULL ? run->retries : run->longest_wait;
	double n = run->retries != NULL ? atof(run->retries->value) : RETRIES;
	double wait = run->longest_wait != NULL ? atof(run->longest_wait->value)
	                                        : WAIT;
	double secs = n * wait;

	if (option == NULL)
		return;
	secs = secs < LEAST ? LEAST : secs > MOST ? MOST : secs;
	take_option(run, option, "deliver", "retry_for",
	            arena_printf(&run->mem, "%.0fs", secs));
}

/* What only the whole can tell. */
static void check_whole(struct run *run)
{
	const char *contact = run->conf.report.contact_info;
	const char *sender = strrchr(run->conf.report.sender, '@');
	size_t kept = 0;

	if (sender == NULL || contact[0] == '\0' ||
	    strcasecmp(sender + 1, conf_submitter(&run->conf)) == 0)
		return;
	for (size_t i = 0; i < run->count; i++) {
		const struct line *line = &run->lines[i];

		if (strcmp(line->row->name, "sender") != 0) {
			run->lines[kept++] = *line;
			continue;
		}
		remark(run, line->file, line->number,
		       "sender_address: left out: its domain must be that of "
		       "contact_info, %s, which signs the reports",
		       conf_submitter(&run->conf));
	}
	run->count = kept;
}

static void print_section(const struct run *run, const char *section,
                          struct strbuf *out)
{
	bool begun = false, is_report = strcmp(section, "report") == 0;

	for (size_t i = 0; i < run->count || (is_report && !begun); i++) {
		const struct line *line = &run->lines[i];

		if (run->count > i && strcmp(line->row->section, section) != 0)
			continue;
		if (!begun)
			strbuf_printf(out, "\n[%s]\n", section);
		if (!begun && is_report)
			strbuf_puts(
				out,
				run->has_reportd || !run->has_collectd
					? "; reports are made and held: set "
					  "it to all when tlsrpt-reportd\n"
					  "; does not run any more\n"
					  "mode = preview\n"
					: "; no tlsrpt-reportd was here: "
					  "another host fetches what this "
					  "one counts\n"
					  "mode = off\n");
		begun = true;
		if (i == run->count)
			return;
		strbuf_printf(out, "; %s:%u\n%s = %s\n", line->file,
		              line->number, line->row->name, line->value);
	}
}

static void print_all(const struct run *run, struct strbuf *out)
{
	strbuf_puts(out, "; made by tlstally import-tlsrpt\n");
	for (size_t i = 0; i < settings_sections_count; i++)
		print_section(run, settings_sections[i].name, out);
}

static int read_file(struct run *run, const struct tlsrpt_file *file,
                     struct err *err)
{
	struct tlsrpt_ini ini;
	bool ours = false;

	if (tlsrpt_ini_read(file->name, file->text, file->len, &run->mem, &ini,
	                    err) < 0)
		return err->class;
	for (size_t i = 0; i < ini.count; i++) {
		const struct tlsrpt_option *option = &ini.options[i];

		run->has_reportd |=
			strcmp(option->section, "tlsrpt_reportd") == 0;
		run->has_collectd |=
			strcmp(option->section, "tlsrpt_collectd") == 0;
		ours |= strncmp(option->section, "tlsrpt_", 7) == 0;
	}
	if (!ours)
		return err_set(err, ERR_PARSE,
		               "%.200s: no section [tlsrpt_collectd], "
		               "[tlsrpt_fetcher] or [tlsrpt_reportd] with a "
		               "setting",
		               file->name);
	for (size_t i = 0; i < ini.count; i++)
		take_setting(run, &ini.options[i]);
	return 0;
}

int tlsrpt_import(const struct tlsrpt_file *files, size_t count,
                  const struct tlsrpt_import_options *options,
                  struct strbuf *out, struct conf_list *remarks,
                  struct err *err)
{
	struct run run = {.options = options, .remarks = remarks};
	int rc = 0;

	arena_init(&run.mem);
	conf_init(&run.conf);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = read_file(&run, &files[i], err);
	if (rc == 0 && run.failed)
		rc = err_set(err, ERR_PARSE,
		             "nothing is written: a map could "
		             "not be read");
	if (rc == 0) {
		for (int of = 0; of < TLSRPT_MAPS; of++)
			take_map(&run, (enum tlsrpt_map_of)of);
		take_retry_for(&run);
		check_whole(&run);
		print_all(&run, out);
	}
	free(run.lines);
	conf_clear(&run.conf);
	arena_clear(&run.mem);
	return rc;
}
