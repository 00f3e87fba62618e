/*
 * The checks that need the store look one after the other in this process; the
 * others each in a child, all at once, and what they told comes back as JSON.
 * A child has no part in the store: an LMDB environment must not be used
 * after a fork.
 */
#include "doctor/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/moment.h"
#include "base/xalloc.h"
#include "doctor/check.h"
#include "postfix/postfix_feed.h"
#include "show/doc.h"
#include "show/status_verdict.h"
#include "store/feed_table.h"
#include "store/finding_table.h"

enum { LOOK_SECS = 20, CHECKS_MAX = 64, ANSWER_MAX = 256 * 1024 };

/* --- what the store says before --- */

static void read_known(const struct status_of *of, struct check_known *known)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct feed feed = {0};

	if (of->db == NULL)
		return;
	known->has_store = true;
	txn = db_begin_read(of->db);
	while (feed_table_next(txn, &feed)) {
		bool is_events = strcmp(feed.name, FEED_EVENTS) == 0;

		known->by_log |= strcmp(feed.name, FEED_LOG) == 0;
		known->by_events |= is_events;
		if (is_events) {
			known->last_event = feed.last_event;
			known->events_come =
				moment_age(feed.last_event, of->now) <=
				FEED_QUIET_SECS;
		}
		if (strcmp(feed.name, FEED_MILTER) == 0) {
			known->by_milter = true;
			known->milter_is_up =
				feed_is_up(feed_state(&feed, of->now));
		}
	}
	meta_signature_get(txn, &known->signature);
	meta_policyd_get(txn, &known->policyd);
}

/* Where nobody has counted sessions yet, this Postfix's best feed is asked
 * after; off the host the first of feed_kinds[]. */
static void choose_feed(const struct look *look, struct check_known *known)
{
	struct postfix_feed choice = {.feed = feed_kinds[0].name};
	const char *socket = look->of->conf->events.socket;

	if (known->by_log || known->by_events)
		return;
	if (look->site != NULL && look->site->count > 0 &&
	    look->site->instances[0].known)
		postfix_feed_choose(look->site, socket + strlen("unix:"),
		                    &choice);
	known->by_log = strcmp(choice.feed, FEED_LOG) == 0;
	known->by_events = !known->by_log;
}

static bool concerns(const struct check *check, const struct check_known *known)
{
	if (check->feed == NULL)
		return true;
	if (strcmp(check->feed, FEED_EVENTS) == 0)
		return known->by_events;
	return strcmp(check->feed, FEED_LOG) == 0 ? known->by_log
	                                          : known->by_milter;
}

/* --- looking in a child --- */

struct child {
	const struct check *check; /* NULL: none runs for it */
	pid_t pid;
	int fd; /* of what it tells; -1: it is done */
	struct strbuf told;
	json_t *list; /* what was told, wherever it was found */
};

static void begin_child(struct look *look, struct child *child)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	child->pid = fork();
	if (child->pid == 0) {
		char *text;

		close(fds[0]);
		/* what a library of ours says is not for the terminal */
		signal(SIGPIPE, SIG_IGN);
		look->check->look(look);
		text = json_dumps(look->list, JSON_COMPACT);
		if (text != NULL)
			io_write_all(fds[1], text, strlen(text));
		_exit(0);
	}
	close(fds[1]);
	if (child->pid < 0) {
		close(fds[0]);
		return;
	}
	child->fd = fds[0];
	strbuf_init(&child->told, ANSWER_MAX);
}

static void end_child(struct child *child, bool in_time)
{
	close(child->fd);
	child->fd = -1;
	if (!in_time)
		kill(child->pid, SIGKILL);
	/* one that hangs in the kernel is not waited for */
	for (int i = 0; i < 200 && waitpid(child->pid, NULL, WNOHANG) == 0; i++)
		usleep(5000);
}

/* Reads from one that has something to say; its end is the end of the child. */
static void hear_child(struct child *child)
{
	char block[4096];
	ssize_t got = read(child->fd, block, sizeof(block));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got > 0)
		strbuf_add(&child->told, block, (size_t)got);
	else
		end_child(child, true);
}

/* False when all are done. */
static bool wait_for_children(struct child *children, size_t count,
                              int64_t until_ms)
{
	struct pollfd fds[CHECKS_MAX];
	struct child *of[CHECKS_MAX];
	int64_t left = until_ms - clock_host_ms();
	nfds_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (children[i].fd >= 0) {
			fds[n] = (struct pollfd){children[i].fd, POLLIN, 0};
			of[n++] = &children[i];
		}
	if (n == 0 || left <= 0)
		return false;
	if (poll(fds, n, (int)left) > 0)
		for (nfds_t i = 0; i < n; i++)
			if (fds[i].revents != 0)
				hear_child(of[i]);
	return true;
}

static void take_child(const struct look *base, struct child *child)
{
	bool in_time = child->fd < 0;
	struct look look = *base;
	struct err err = {0};
	json_t *list;

	if (!in_time)
		end_child(child, false);
	list = json_read(child->told.data ? child->told.data : "",
	                 child->told.len, false, &err);
	look.check = child->check;
	look.list = child->list;
	if (json_is_array(list))
		json_array_extend(child->list, list);
	else
		CHECK_TELL(&look, NOT_IN_TIME, check_number(&look, LOOK_SECS));
	json_free(&list);
	strbuf_clear(&child->told);
}

/* --- all of them --- */

static void look_here(struct look *look, const struct check *check)
{
	bool needs_store = (check->needs & CHECK_STORE) != 0;

	look->check = check;
	if (needs_store && look->of->db == NULL)
		CHECK_TELL(look, NOT_PERMITTED, look->before->store_trouble);
	else
		check->look(look);
}

static void look_at_all(struct look *look, struct child *children)
{
	int64_t until_ms = clock_host_ms() + LOOK_SECS * INT64_C(1000);

	for (size_t i = 0; i < checks_count; i++) {
		const struct check *check = &checks[i];

		children[i] = (struct child){.fd = -1, .list = json_array()};
		if (!concerns(check, look->known))
			continue;
		look->check = check;
		look->list = children[i].list;
		if (!(check->needs & CHECK_HOST)) {
			look_here(look, check);
		} else if (!look->of->on_host) {
			CHECK_TELL(look, NOT_FROM_HERE);
		} else {
			children[i].check = check;
			look->list = json_array();
			begin_child(look, &children[i]);
			json_free(&look->list);
		}
	}
	while (wait_for_children(children, checks_count, until_ms))
		;
	for (size_t i = 0; i < checks_count; i++)
		if (children[i].check != NULL)
			take_child(look, &children[i]);
}

/* --- since when --- */

/* "level /etc/postfix-out" */
static void name_of(const json_t *item, char name[DB_KEY_MAX + 1])
{
	const char *about = doc_text(item, "about");

	snprintf(name, DB_KEY_MAX, "%s%s%s", doc_text(item, "check"),
	         about[0] != '\0' ? " " : "", about);
}

static bool is_amiss(const json_t *item)
{
	enum doctor_grade grade = doctor_grade_of(doc_text(item, "grade"));

	return grade == DOCTOR_NOTE || grade == DOCTOR_BAD;
}

static void add_since(const struct status_of *of, json_t *list)
{
	auto_(db_abort) struct db_txn *txn =
		of->db != NULL ? db_begin_read(of->db) : NULL;
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		char name[DB_KEY_MAX + 1];
		struct finding_seen seen = {.since = of->now};

		if (!is_amiss(item) || json_object_get(item, "since") != NULL)
			continue;
		name_of(item, name);
		if (txn == NULL || !finding_get(txn, name, &seen) ||
		    seen.grade != (int)doctor_grade_of(doc_text(item, "grade")))
			seen.since = of->on_host ? of->now : 0;
		if (seen.since != 0)
			json_set_time(item, "since", seen.since);
	}
}

static void put_item(struct db_txn *txn, const json_t *item, int64_t now)
{
	int grade = (int)doctor_grade_of(doc_text(item, "grade"));
	char name[DB_KEY_MAX + 1];
	struct finding_seen seen;

	name_of(item, name);
	if (grade == DOCTOR_GOOD)
		finding_delete(txn, name);
	else if (grade != DOCTOR_UNKNOWN &&
	         (!finding_get(txn, name, &seen) || seen.grade != grade))
		finding_put(
			txn, name,
			&(struct finding_seen){.since = now, .grade = grade});
}

/* "level /etc/postfix-out" is about something that the check "level", which is
 * not known now, has not come to. */
static bool is_part_of(const char *name, const json_t *item)
{
	const char *check = doc_text(item, "check");
	size_t len = strlen(check);

	return doctor_grade_of(doc_text(item, "grade")) == DOCTOR_UNKNOWN &&
	       strncmp(name, check, len) == 0 && name[len] == ' ';
}

/* Is there still somebody of that name, or may there be? */
static bool may_be_there(const json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		char told[DB_KEY_MAX + 1];

		name_of(item, told);
		if (strcmp(told, name) == 0 || is_part_of(name, item))
			return true;
	}
	return false;
}

int doctor_note(struct db *db, const json_t *doc, int64_t now, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_write(db);
	const json_t *list = doc_get(doc, "checks"), *item;
	char name[DB_KEY_MAX + 1] = "";
	size_t i;

	json_array_foreach (list, i, item)
		put_item(txn, item, now);
	while (finding_next(txn, name))
		if (!may_be_there(list, name))
			finding_delete(txn, name);
	return db_commit(&txn, err);
}

static void make_facts(struct look *look)
{
	struct postfix_facts *facts;

	facts = arena_array(look->arena, look->site->count + 1, sizeof(*facts));
	for (size_t i = 0; i < look->site->count; i++)
		postfix_facts_of(&look->site->instances[i], look->arena,
		                 &facts[i]);
	look->facts = facts;
}

/* Without a store, by the checks alone. */
static int add_verdict(const struct status_of *of, const json_t *found,
                       json_t *doc, struct err *err)
{
	auto_(json_free) json_t *wanted = status_verdict_wants();
	auto_(json_free) json_t *status = json_object();
	auto_(json_free) json_t *told = json_object();

	if (of->db != NULL && status_collect(of, wanted, status, err) < 0)
		return err->class;
	status_verdict(of->db != NULL ? status : NULL, found, told);
	json_object_set(doc, "verdict", json_object_get(told, "verdict"));
	return 0;
}

int doctor_collect(const struct status_of *of,
                   const struct doctor_before *before, const json_t *wanted,
                   json_t *doc, struct err *err)
{
	static const struct doctor_before nothing;
	auto_(arena_clear) struct arena arena = {0};
	struct postfix_site *site =
		of->on_host ? postfix_site_ask(of->conf) : NULL;
	struct child children[CHECKS_MAX];
	struct check_known known = {0};
	struct look look = {
		.of = of,
		.before = before != NULL ? before : &nothing,
		.known = &known,
		.site = site,
		.arena = &arena,
	};
	json_t *list;
	int rc = 0;

	if (doc_wants(wanted, "checks") || doc_wants(wanted, "verdict")) {
		read_known(of, &known);
		choose_feed(&look, &known);
		if (site != NULL)
			make_facts(&look);
		look_at_all(&look, children);
		list = doc_array(doc, "checks");
		for (size_t i = 0; i < checks_count; i++) {
			json_array_extend(list, children[i].list);
			json_free(&children[i].list);
		}
		add_since(of, list);
		rc = add_verdict(of, list, doc, err);
	}
	postfix_site_free(&site);
	return rc;
}
