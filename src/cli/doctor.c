/*
 * tlstally doctor: the findings (doctor/doctor.h)
 *
 * The command fails when one is bad, so a monitoring system can call it.  Here,
 * and not with --url, it goes on without settings that can be read and without
 * a store that is ours: what can be looked at all the same is.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/json.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/status.h"
#include "cli/table.h"
#include "daemon/privs.h"
#include "doctor/daemons.h"
#include "doctor/doctor.h"
#include "show/doc.h"

/* Reading a store on a disk that hangs, and waiting for others who write to
 * it. */
enum { LOOKING_SECS = 90, NOTING_SECS = 5, TITLE_TEXT = 96 };

/* Of Nagios' plug-ins: also for Icinga, checkmk and their like. */
enum { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

static int late_status;

static void on_alarm(int sig)
{
	(void)sig;
	_exit(late_status);
}

/* From now on so many seconds; then the process ends with that status. */
static void end_at_the_latest(unsigned secs, int status)
{
	struct sigaction action = {.sa_handler = on_alarm};

	late_status = status;
	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	alarm(secs);
}

/* --- looking here --- */

static void read_settings(struct cli *cli, struct doctor_before *before)
{
	const char *path = settings_file_path(&cli->args.file);
	struct err err = {0};

	if (settings_file_read(&cli->args.file, &cli->conf, &err) < 0) {
		before->are_hidden = access(path, R_OK) < 0 && errno == EACCES;
		snprintf(before->settings_trouble,
		         sizeof(before->settings_trouble), "%s",
		         before->are_hidden ? path : err.text);
		/* what is usual is looked at all the same */
		conf_clear(&cli->conf);
		conf_init(&cli->conf);
	} else if (conf_check(&cli->conf, &err) < 0 ||
	           conf_check_contact(&cli->conf, &err) < 0) {
		snprintf(before->settings_trouble,
		         sizeof(before->settings_trouble), "%s", err.text);
	}
}

static void open_store(struct cli *cli, struct doctor_before *before)
{
	const char *directory = cli->conf.store.directory;
	struct err err = {0}, ignored = {0};
	struct stat st = {0}; /* what cannot be looked at is nobody's */

	if (stat(directory, &st) < 0 && errno == ENOENT)
		before->is_missing = true;
	else if (cli_open_store(cli, true, &err) == 0)
		return;
	db_close(&cli->db);
	before->is_damaged =
		!before->is_missing && geteuid() == st.st_uid && geteuid() != 0;
	snprintf(before->store_trouble, sizeof(before->store_trouble), "%s",
	         before->is_missing ? "there is no store" : err.text);
	/* what comes from the network is not to be read with all rights */
	privs_leave_root(&ignored);
}

static int look_here(struct cli *cli, int64_t *now, json_t *doc,
                     struct err *err)
{
	struct doctor_before before = {.settings_trouble = ""};
	auto_(strbuf_clear) struct strbuf replaced = {0};
	struct status_of of = {.conf = &cli->conf, .on_host = true};

	end_at_the_latest(LOOKING_SECS,
	                  cli->args.nagios ? NAGIOS_UNKNOWN : EXIT_FAILURE);
	/* a test has opened a store of its own */
	if (cli->db == NULL) {
		read_settings(cli, &before);
		/* only root sees it, and is root no longer afterwards */
		if (daemons_replaced(cli->conf.store.directory, &replaced))
			before.replaced = strbuf_text(&replaced);
		open_store(cli, &before);
		of.doubt = cli->db != NULL ? cli->doubt : NULL;
	}
	of.db = cli->db;
	of.now = *now = clock_secs(&cli->clock);
	return doctor_collect(&of, &before, NULL, doc, err);
}

/* Since when: for the next time.  The store may be somebody's who hangs, or
 * not ours to write to; what was found is said already. */
static void note(struct cli *cli, const json_t *doc, int64_t now)
{
	struct db_options options = {
		.directory = cli->conf.store.directory,
		.map_size = cli->conf.store.map_size,
	};
	struct err ignored = {0};

	if (cli->db == NULL)
		return;
	if (db_is_read_only(cli->db)) {
		db_close(&cli->db);
		if (db_open(&cli->db, &options, &ignored) < 0)
			return;
	}
	doctor_note(cli->db, doc, now, &ignored);
}

/* --- telling --- */

static size_t count_grade(const json_t *doc, enum doctor_grade grade)
{
	const json_t *item;
	size_t count = 0, i;

	json_array_foreach (doc_get(doc, "checks"), i, item)
		count += doctor_grade_of(doc_text(item, "grade")) == grade;
	return count;
}

/* "level (/etc/postfix-out)" */
static void write_title(const json_t *item, char title[TITLE_TEXT])
{
	const char *about = doc_text(item, "about");

	snprintf(title, TITLE_TEXT, "%s%s%s%s", doc_text(item, "check"),
	         about[0] != '\0' ? " (" : "", about,
	         about[0] != '\0' ? ")" : "");
}

static void print(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("grade", "grade"),
		TABLE_TEXT("check", "title"),
		TABLE_TEXT("since", "since"),
		TABLE_TEXT("finding", "words"),
	};
	bool any = false;
	json_t *item;
	size_t i;

	cli_status_print_verdict(doc_get(doc, "verdict"), out);
	strbuf_putc(out, '\n');
	json_array_foreach (doc_get(doc, "checks"), i, item) {
		char title[TITLE_TEXT];

		write_title(item, title);
		json_set_string(item, "title", title);
		any |= doc_text(item, "command")[0] != '\0';
	}
	table_print(doc_get(doc, "checks"), columns, 4, "", out);
	if (any)
		strbuf_puts(out, "\nWhat mends it:\n");
	json_array_foreach (doc_get(doc, "checks"), i, item)
		if (doc_text(item, "command")[0] != '\0')
			strbuf_printf(out, "  %s: %s\n",
			              doc_text(item, "title"),
			              doc_text(item, "command"));
}

/* One line, the worst first, as monitoring systems show it. */
static int print_nagios(json_t *doc, struct strbuf *out)
{
	static const char *const titles[] = {
		[NAGIOS_OK] = "OK",
		[NAGIOS_WARNING] = "WARNING",
		[NAGIOS_CRITICAL] = "CRITICAL",
	};
	size_t bad = count_grade(doc, DOCTOR_BAD),
	       notes = count_grade(doc, DOCTOR_NOTE), i;
	enum doctor_grade worst = bad > 0 ? DOCTOR_BAD : DOCTOR_NOTE;
	int status = bad > 0     ? NAGIOS_CRITICAL
	             : notes > 0 ? NAGIOS_WARNING
	                         : NAGIOS_OK;
	const char *between = ": ";
	const json_t *item;

	doc_make_safe(doc);
	strbuf_printf(out, "TLSTALLY %s - %zu bad, %zu to note", titles[status],
	              bad, notes);
	json_array_foreach (doc_get(doc, "checks"), i, item) {
		if (doctor_grade_of(doc_text(item, "grade")) != worst)
			continue;
		strbuf_printf(out, "%s%s: %s", between, doc_text(item, "check"),
		              doc_text(item, "words"));
		between = "; ";
	}
	/* what follows a "|" is a plug-in's figures */
	for (size_t at = 0; at < out->len; at++)
		if (out->data[at] == '|')
			out->data[at] = '/';
	strbuf_printf(out, " | bad=%zu notes=%zu\n", bad, notes);
	return status;
}

int cli_doctor(struct cli *cli, struct err *err)
{
	bool here = cli_server(cli) == NULL;
	auto_(json_free) json_t *doc = here ? json_object() : NULL;
	int64_t now = 0;
	size_t bad;
	int rc = here ? look_here(cli, &now, doc, err)
	              : cli_view(cli, "tally:Doctor", "singleton", NULL, &doc,
	                         err);

	if (rc < 0) {
		cli->exit_status = cli->args.nagios ? NAGIOS_UNKNOWN : 0;
		return err->class;
	}
	bad = count_grade(doc, DOCTOR_BAD);
	if (cli->args.nagios)
		cli->exit_status = print_nagios(doc, &cli->out);
	else
		cli_print_list(cli, doc, "checks",
		               "grade,check,about,since,words,command", print);
	if (here && cli->says_at_once) {
		if (cli_flush(cli, err) < 0)
			return err->class;
		end_at_the_latest(NOTING_SECS, cli->args.nagios
		                                       ? cli->exit_status
		                                       : bad > 0);
	}
	if (here)
		note(cli, doc, now);
	alarm(0);
	if (cli->args.nagios || bad == 0)
		return 0;
	return err_set(err, ERR_IO, "%zu of %zu checks failed", bad,
	               json_array_size(doc_get(doc, "checks")));
}
