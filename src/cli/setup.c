/*
 * tlstally setup: what this Postfix needs (setup/setup.h)
 *
 * What is only shown can be pasted into a shell, or piped into one: commands,
 * and the rest in comments.  What is made is said line by line as it is made,
 * for whoever is watching, and for whoever looks why it stopped.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/child.h"
#include "base/command.h"
#include "base/io.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "daemon/privs.h"
#include "setup/setup.h"
#include "show/doc.h"
#include "store/feed_table.h"

/* Nothing in a line of ours is for the terminal to obey. */
static void add_safe(struct strbuf *out, const char *text)
{
	char *safe = doc_safe_text(text);

	strbuf_puts(out, safe);
	free(safe);
}

static void add_comment(struct strbuf *out, const char *text)
{
	strbuf_puts(out, "# ");
	add_safe(out, text);
	strbuf_putc(out, '\n');
}

static void add_site(const struct setup *setup, struct strbuf *out)
{
	for (size_t i = 0; i < setup->place_count; i++) {
		const struct setup_place *place = &setup->places[i];

		strbuf_printf(out, "# Postfix %s in %s, TLSRPT %s\n",
		              place->version, place->instance->directory,
		              place->tlsrpt);
	}
	strbuf_printf(out, "# counted by %s: %s\n",
	              strcmp(setup->feed, "log") == 0 ? "its mail log"
	                                              : "its events",
	              setup->feed_why);
}

static void add_step(const struct setup_step *step, struct strbuf *out)
{
	switch (step->state) {
	case SETUP_TO_DO:
		strbuf_puts(out, "\n");
		add_comment(out, step->why);
		add_safe(out, step->command);
		strbuf_puts(out, "\n");
		break;
	case SETUP_LEFT:
		strbuf_printf(out, "\n# LEFT TO YOU: %s: ", step->thing.name);
		add_safe(out, step->why);
		strbuf_puts(out, "\n");
		break;
	default:
		break;
	}
}

/* A Postfix that is not running says so, and goes by its settings when it is
 * started. */
static void add_reloads(const struct setup *setup, struct strbuf *out)
{
	for (size_t i = 0; i < setup->place_count; i++) {
		const struct postfix_instance *instance =
			setup->places[i].instance;
		const char *argv[] = {"postfix", "-c", instance->directory,
		                      "reload", NULL};
		const char *usual[] = {"postfix", "reload", NULL};
		bool changes = false;

		for (size_t k = 0; k < setup->step_count; k++)
			changes |= setup->steps[k].place == i &&
			           setup->steps[k].state == SETUP_TO_DO &&
			           setup->steps[k].thing.kind != THING_UNIT;
		if (!changes)
			continue;
		strbuf_putc(out, '\n');
		/* that of postfix(1) itself, if it is known at all */
		command_write(instance == setup->postfix->instances ? usual
		                                                    : argv,
		              out);
		strbuf_putc(out, '\n');
	}
}

static void add_notes(const struct setup *setup, const char *before,
                      struct strbuf *out)
{
	for (size_t i = 0; i < setup->note_count; i++) {
		strbuf_puts(out, before);
		add_safe(out, setup->notes[i]);
		strbuf_puts(out, "\n");
	}
}

static void print_plan(const struct setup *setup, struct strbuf *out)
{
	size_t to_do = 0;

	add_site(setup, out);
	for (size_t i = 0; i < setup->step_count; i++) {
		add_step(&setup->steps[i], out);
		to_do += setup->steps[i].state == SETUP_TO_DO;
	}
	add_reloads(setup, out);
	if (to_do > 0)
		strbuf_puts(out, "\n"
		                 "# `tlstally setup --apply` does this, and "
		                 "`tlstally setup --undo` takes it back.\n");
	else
		strbuf_puts(out, "\n# There is nothing to do.\n");
	add_notes(setup, "# Note: ", out);
}

struct retirement {
	const struct conf *conf;
	const char *feed;
	bool is_stopped;
};

/* In a process of its own, which becomes the owner of the store. */
static int retire_as_owner(void *arg, struct err *err)
{
	const struct retirement *of = arg;
	struct db_options options = {
		.directory = of->conf->store.directory,
		.map_size = of->conf->store.map_size,
	};
	auto_(db_close) struct db *db = NULL;
	auto_(db_abort) struct db_txn *txn = NULL;
	struct clock clock = clock_system();
	struct identity owner;
	struct feed feed = {0};

	if (privs_store_owner(options.directory, &owner, err) < 0 ||
	    privs_become(&owner, NULL, 0, err) < 0 ||
	    db_open(&db, &options, err) < 0)
		return err->class;
	txn = db_begin_write(db);
	if (!feed_table_get(txn, of->feed, &feed))
		db_fail(txn, ERR_NOTFOUND, "it never counted");
	else if (!of->is_stopped &&
	         feed_is_up(feed_state(&feed, clock_secs(&clock))))
		db_fail(txn, ERR_NOTFOUND, "it counts still");
	else
		feed_table_delete(txn, of->feed);
	return db_commit(&txn, err);
}

static int retire(const struct conf *conf, const char *feed, bool is_stopped,
                  struct err *err)
{
	auto_(xfree_str) char *data =
		xasprintf("%s/data.mdb", conf->store.directory);
	struct retirement of = {conf, feed, is_stopped};
	int rc = access(data, F_OK) < 0 ? ERR_NOTFOUND
	                                : child_run(retire_as_owner, &of, err);

	return rc == 0 ? 1 : rc == ERR_NOTFOUND ? 0 : rc;
}

/* "done: smtp_tls_loglevel = 1 in /etc/postfix (was not set)" */
static void tell(void *arg, const struct setup_step *step)
{
	bool changed = step->state == SETUP_DONE || step->state == SETUP_BACK;
	auto_(strbuf_clear) struct strbuf line = {0};
	const struct thing *thing = &step->thing;
	bool is_unit = thing->kind == THING_UNIT;
	bool has_value = step->wanted != NULL || step->present != NULL;
	size_t *count = arg;

	++*count;
	strbuf_printf(&line, "%s: %s", setup_state_word(step->state),
	              thing->name);
	if (step->wanted != NULL && step->state != SETUP_CHANGED) {
		strbuf_puts(&line, is_unit ? " " : " = ");
		add_safe(&line, step->wanted);
	}
	if (!is_unit)
		strbuf_printf(&line, " in %s", thing->directory);
	changed &= has_value;
	strbuf_puts(&line, changed ? " (was " : ": ");
	add_safe(&line, !changed                ? step->why
	                : step->present != NULL ? step->present
	                                        : "not set");
	strbuf_puts(&line, changed ? ")\n" : "\n");
	io_write_all(STDOUT_FILENO, line.data, line.len);
}

static json_t *step_doc(const struct setup_step *step)
{
	json_t *doc = json_object();

	doc_set(doc, "kind", thing_kind_word(step->thing.kind));
	doc_set(doc, "name", step->thing.name);
	if (step->thing.kind != THING_UNIT)
		doc_set(doc, "directory", step->thing.directory);
	doc_set(doc, "state", setup_state_word(step->state));
	doc_set(doc, "present", step->present);
	doc_set(doc, "wanted", step->wanted);
	doc_set(doc, "why", step->why);
	doc_set(doc, "command", step->command);
	return doc;
}

static void collect(void *arg, const struct setup_step *step)
{
	json_array_append_new(arg, step_doc(step));
}

static json_t *site_doc(const struct setup *setup)
{
	json_t *doc = json_object(), *list = doc_array(doc, "postfix");

	for (size_t i = 0; i < setup->place_count; i++) {
		json_t *row = doc_row(list);

		doc_set(row, "directory", setup->places[i].instance->directory);
		doc_set(row, "version", setup->places[i].version);
		doc_set(row, "tlsrpt", setup->places[i].tlsrpt);
	}
	doc_set(doc, "feed", setup->feed);
	doc_set(doc, "why", setup->feed_why);
	list = doc_array(doc, "notes");
	for (size_t i = 0; i < setup->note_count; i++)
		doc_append(list, setup->notes[i]);
	return doc;
}

/* Applies or undoes, and says so. */
static int change(struct cli *cli, struct setup *setup, json_t *steps,
                  struct err *err)
{
	setup_tell *say = cli->args.json ? collect : tell;
	size_t said = 0;
	void *arg = cli->args.json ? (void *)steps : (void *)&said;
	int rc = cli->args.undo ? setup_undo(setup, say, arg, err)
	                        : setup_apply(setup, say, arg, err);

	if (cli->args.json)
		return rc;
	if (rc == 0 && said == 0)
		strbuf_puts(&cli->out, "nothing to take back\n");
	if (cli->args.apply && said > 0)
		add_notes(setup, "note: ", &cli->out);
	return rc;
}

int cli_setup(struct cli *cli, struct err *err)
{
	bool changes = cli->args.apply || cli->args.undo;
	auto_(setup_free) struct setup *setup = NULL;
	auto_(json_free) json_t *doc = NULL;
	json_t *steps;
	int rc = 0;

	cli->is_usage = setup_wish_check(&cli->args.wish, err) < 0;
	if (cli->is_usage ||
	    settings_file_read_if_any(&cli->args.file, &cli->conf, err) < 0 ||
	    setup_look(&setup, &cli->conf, &cli->args.wish, err) < 0)
		return err->class;
	setup->retire = retire;
	doc = site_doc(setup);
	steps = doc_array(doc, "steps");
	if (changes)
		rc = change(cli, setup, steps, err);
	else if (!cli->args.json)
		print_plan(setup, &cli->out);
	for (size_t i = 0; !changes && i < setup->step_count; i++)
		collect(steps, &setup->steps[i]);
	if (cli->args.json)
		doc_print(doc, &cli->out);
	return rc;
}
