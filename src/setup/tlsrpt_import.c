/* The settings, each by its row; and the whole, which is written down. */
#include "setup/tlsrpt_import.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "conf/settings.h"
#include "conf/value.h"
#include "setup/tlsrpt_ini.h"
#include "setup/tlsrpt_import_work.h"

static bool take_option(struct tlsrpt_run *run,
                        const struct tlsrpt_option *option, const char *section,
                        const char *name, const char *value)
{
	const struct tlsrpt_line line = {NULL, value, option->file,
	                                 option->line, option->name};

	return tlsrpt_import_take(run, &line, section, name);
}

/* --- settings --- */

struct row;
typedef void row_fn(struct tlsrpt_run *run, const struct row *row,
                    const struct tlsrpt_option *option);

struct row {
	const char *section; /* without "tlsrpt_" */
	const char *name;
	row_fn *fn;
	const char *to, *as;  /* our section and name */
	const char *words;    /* what to do instead */
	const char *standard; /* theirs: nothing is said of it */
};

static void as_text(struct tlsrpt_run *run, const struct row *row,
                    const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as, option->value);
}

static void as_socket(struct tlsrpt_run *run, const struct row *row,
                      const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as,
	            arena_printf(&run->mem, "unix:%s", option->value));
}

static void as_seconds(struct tlsrpt_run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as,
	            arena_printf(&run->mem, "%ss", option->value));
}

static void not_needed(struct tlsrpt_run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	tlsrpt_import_remark(run, option->file, option->line,
	                     "%s: not needed: %s", option->name, row->words);
}

static void no_counterpart(struct tlsrpt_run *run, const struct row *row,
                           const struct tlsrpt_option *option)
{
	tlsrpt_import_remark(run, option->file, option->line,
	                     "%s: no counterpart: %s", option->name,
	                     row->words);
}

/* "sqlite:///var/lib/tlsrpt/collectd.sqlite" */
static void storage(struct tlsrpt_run *run, const struct row *row,
                    const struct tlsrpt_option *option)
{
	static const char scheme[] = "sqlite://";
	size_t len = strcspn(option->value, ",");
	const char *path = option->value + strlen(scheme);

	if (strncmp(option->value, scheme, strlen(scheme)) != 0) {
		no_counterpart(run, row, option);
		return;
	}
	tlsrpt_import_remark(
		run, option->file, option->line,
		"%s: not needed: tlstally has a store of its own ([store] "
		"directory); what tlsrpt-collectd counted on its last whole "
		"day comes in with `tlstally import %.*s.yesterday`",
		option->name, (int)(len - strlen(scheme)), path);
}

static void bad_input(struct tlsrpt_run *run, const struct row *row,
                      const struct tlsrpt_option *option)
{
	(void)row;
	tlsrpt_import_remark(
		run, option->file, option->line,
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

static void fetchers(struct tlsrpt_run *run, const struct row *row,
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
			tlsrpt_import_remark(
				run, option->file, option->line,
				"%s: '%.*s' is left out: tlstallyd counts on "
				"this host itself",
				option->name, (int)one.len, one.at);
		else
			take_option(run, option, row->to, row->as,
			            arena_strndup(&run->mem, one.at, one.len));
	} while (more);
}

static void keep_days(struct tlsrpt_run *run, const struct row *row,
                      const struct tlsrpt_option *option)
{
	(void)row;
	take_option(run, option, "store", "keep_days", option->value);
	take_option(run, option, "store", "archive_days", option->value);
}

/* sendmail itself is what our default stands for. */
static void sendmail_script(struct tlsrpt_run *run, const struct row *row,
                            const struct tlsrpt_option *option)
{
	size_t len = strcspn(option->value, " ");
	const char *path = arena_strndup(&run->mem, option->value, len);
	const char *slash = strrchr(path, '/');

	if (strcmp(slash != NULL ? slash + 1 : path, "sendmail") == 0)
		tlsrpt_import_remark(
			run, option->file, option->line,
			"%s: not needed: reports go to the mail server on this "
			"host, which signs them with DKIM ([deliver] mail = "
			"smtp://127.0.0.1:25); or set mail = sendmail:%s",
			option->name,
			path[0] == '/' ? path : "/usr/sbin/sendmail");
	else
		no_counterpart(run, row, option);
}

static void debug_mail(struct tlsrpt_run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as,
	            arena_printf(&run->mem, "mailto:@. -> mailto:%s",
	                         option->value));
}

static void debug_http(struct tlsrpt_run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	take_option(run, option, row->to, row->as,
	            arena_printf(&run->mem, "https://. -> %s", option->value));
}

static bool is_number(struct tlsrpt_run *run,
                      const struct tlsrpt_option *option)
{
	if (option->value[strspn(option->value, "0123456789")] == '\0')
		return true;
	tlsrpt_import_remark(run, option->file, option->line,
	                     "%s: left out: '%.40s' is not a number",
	                     option->name, option->value);
	return false;
}

/* retry_for is made of both, at the end. */
static void retries(struct tlsrpt_run *run, const struct row *row,
                    const struct tlsrpt_option *option)
{
	(void)row;
	if (is_number(run, option))
		run->retries = option;
}

static void longest_wait(struct tlsrpt_run *run, const struct row *row,
                         const struct tlsrpt_option *option)
{
	(void)row;
	if (is_number(run, option))
		run->longest_wait = option;
}

static void read_map(struct tlsrpt_run *run, const struct tlsrpt_option *option,
                     enum tlsrpt_map_of of)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct err err = {0};
	const char *path = option->value;

	if (run->options->read(run->options->arg, option->file, path, &text,
	                       &err) < 0) {
		tlsrpt_import_remark(run, option->file, option->line,
		                     "%s: %s: %s", option->name, path,
		                     err.text);
		run->failed = true;
		return;
	}
	if (tlsrpt_map_read(of, path, strbuf_text(&text), text.len, &run->mem,
	                    &run->maps[of], &err) < 0) {
		value_list_add(run->remarks, xstrdup(err.text));
		run->failed = true;
	}
}

static void record_map(struct tlsrpt_run *run, const struct row *row,
                       const struct tlsrpt_option *option)
{
	(void)row;
	read_map(run, option, TLSRPT_MAP_RECORD);
}

static void mail_map(struct tlsrpt_run *run, const struct row *row,
                     const struct tlsrpt_option *option)
{
	(void)row;
	read_map(run, option, TLSRPT_MAP_MAIL);
}

static void http_map(struct tlsrpt_run *run, const struct row *row,
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

static void take_setting(struct tlsrpt_run *run,
                         const struct tlsrpt_option *option)
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
		tlsrpt_import_remark(run, option->file, option->line,
		                     "[%.40s] %.80s: tlsrpt-reporter 0.6 has "
		                     "no such setting",
		                     option->section, option->name);
	else if (option->is_interpolated)
		tlsrpt_import_remark(
			run, option->file, option->line,
			"%s: left out: write out what %%(...)s stands for",
			option->name);
	else if (option->value[0] == '\0')
		tlsrpt_import_remark(run, option->file, option->line,
		                     "%s: left out: it is empty", option->name);
	else if (rows[i].standard == NULL ||
	         strcmp(rows[i].standard, option->value) != 0)
		rows[i].fn(run, &rows[i], option);
}

/* --- the whole --- */

/* So many attempts, and so long between two at most. */
static void take_retry_for(struct tlsrpt_run *run)
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
static void check_whole(struct tlsrpt_run *run)
{
	const char *contact = run->conf.report.contact_info;
	const char *sender = strrchr(run->conf.report.sender, '@');
	size_t kept = 0;

	if (sender == NULL || contact[0] == '\0' ||
	    strcasecmp(sender + 1, conf_submitter(&run->conf)) == 0)
		return;
	for (size_t i = 0; i < run->count; i++) {
		const struct tlsrpt_line *line = &run->lines[i];

		if (strcmp(line->row->name, "sender") != 0) {
			run->lines[kept++] = *line;
			continue;
		}
		tlsrpt_import_remark(
			run, line->file, line->number,
			"sender_address: left out: its domain must be that of "
			"contact_info, %s, which signs the reports",
			conf_submitter(&run->conf));
	}
	run->count = kept;
}

static void print_section(const struct tlsrpt_run *run, const char *section,
                          struct strbuf *out)
{
	bool begun = false, is_report = strcmp(section, "report") == 0;

	for (size_t i = 0; i < run->count || (is_report && !begun); i++) {
		const struct tlsrpt_line *line = &run->lines[i];

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

static void print_all(const struct tlsrpt_run *run, struct strbuf *out)
{
	strbuf_puts(out, "; made by tlstally import-tlsrpt\n");
	for (size_t i = 0; i < settings_sections_count; i++)
		print_section(run, settings_sections[i].name, out);
}

static int read_file(struct tlsrpt_run *run, const struct tlsrpt_file *file,
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
	struct tlsrpt_run run = {.options = options, .remarks = remarks};
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
			tlsrpt_import_map(&run, (enum tlsrpt_map_of)of);
		take_retry_for(&run);
		check_whole(&run);
		print_all(&run, out);
	}
	free(run.lines);
	conf_clear(&run.conf);
	arena_clear(&run.mem);
	return rc;
}
