/* A reader of the log that dies at every commit there is, through rotations:
 * what it has counted at the end is what a reader counts whom nobody killed. */
#include "unit/log_world.h"

#include <sys/wait.h>

#include "base/day.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "fake/fake_log_feed.h"
#include "intake/log_source.h"
#include "store/log_pending_table.h"

#ifdef ENABLE_FAILPOINTS

enum {
	DAY = 20513, /* 2026-03-01 */
	MAILS = 20,  /* between two rotations */
	DOMAINS = 4,
	COMMIT_LINES = 7, /* odd: sessions are open, too */
	MOST_FAILPOINTS = 200,
};

/* A log file that has "nothing just now" after every few lines: then the feed
 * commits. */
struct stutter {
	struct log_source source;
	struct log_source *file;
	int lines;
};

static int stutter_next(struct log_source *self, struct log_line *line,
                        struct err *err)
{
	struct stutter *s = (struct stutter *)self;
	int rc;

	if (s->lines == COMMIT_LINES) {
		s->lines = 0;
		return 0;
	}
	rc = s->file->next(s->file, line, err);
	s->lines += rc == 1;
	return rc;
}

static void stutter_wait(struct log_source *self, int timeout_ms)
{
	(void)self;
	(void)timeout_ms;
}

static void stutter_wake(struct log_source *self)
{
	(void)self;
}

static void stutter_save(struct log_source *self, struct strbuf *position)
{
	struct stutter *s = (struct stutter *)self;

	s->file->save(s->file, position);
}

static int64_t stutter_lag(struct log_source *self)
{
	struct stutter *s = (struct stutter *)self;

	return s->file->lag(s->file);
}

static void stutter_free(struct log_source **source)
{
	struct stutter *s = (struct stutter *)*source;

	s->file->free(&s->file);
	*source = NULL;
}

struct world {
	struct fixture store;
	struct log_world log;
	int mails;
};

static void world_make(struct world *w, bool dateext)
{
	*w = (struct world){.log.dateext = dateext};
	fixture_make(&w->store);
	w->log.path = xasprintf("%s/mail.log", w->store.directory);
}

static void world_clear(struct world *w)
{
	fixture_clear(&w->store);
	xfree_str(&w->log.path);
}

/* Two processes take turns, so that something is always open. */
static void write_mails(struct world *w, int n)
{
	while (n-- > 0) {
		auto_(xfree_str) char *text = NULL;
		char time[TIME_TEXT];
		int mail = w->mails++, pid = 1 + mail % 2;

		day_format_time(day_start(DAY) + mail, time);
		text = xasprintf(
			"%s mx postfix/smtp[%d]: Trusted TLS connection "
			"established to mx.d%d.example[192.0.2.1]:25: TLSv1.3 "
			"with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
			"%s mx postfix/qmgr[1]: 4F%06X: removed\n"
			"%s mx postfix/smtp[%d]: 4F%06X: to=<u@d%d.example>, "
			"relay=mx.d%d.example[192.0.2.1]:25, delay=1, "
			"delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)\n",
			time, pid, mail % DOMAINS, time, (unsigned)mail, time,
			pid, (unsigned)mail, mail % DOMAINS, mail % DOMAINS);
		log_world_append(&w->log, text);
	}
}

static int open_log(struct world *w, struct stutter *s, struct err *err)
{
	struct log_file_options options = {
		.path = w->log.path, .from_start = true, .once = true};
	struct log_feed_place place;
	int rc;

	if (log_feed_place(w->store.db, "log", &place, err) < 0)
		return err->class;
	if (place.position.len > 0)
		options.position = place.position.data;
	options.position_len = place.position.len;
	*s = (struct stutter){.source = {stutter_next, stutter_wait,
	                                 stutter_wake, stutter_save,
	                                 stutter_lag, stutter_free}};
	rc = log_file_open(&options, &s->file, err);
	strbuf_clear(&place.position);
	return rc;
}

static int read_log(struct world *w)
{
	struct clock clock = clock_fixed(day_start(DAY) + DAY_SECS / 2);
	struct log_feed_options options = {
		.committer = {.feed = "log", .clock = &clock},
		.source_name = "log",
		.tracker = {.count_private = true,
	                    .max_processes = 64,
	                    .max_queue_ids = 64},
	};
	struct db_options store = fixture_options(&w->store);
	struct log_feed_state state;
	struct err err = {0};
	struct stutter stutter;
	int rc = db_open(&w->store.db, &store, &err);

	if (rc == 0)
		rc = open_log(w, &stutter, &err);
	options.committer.db = w->store.db;
	if (rc == 0)
		rc = fake_log_feed_run(&stutter.source, &options, &state, &err);
	if (rc < 0)
		fprintf(stderr, "%s\n", err.text);
	db_close(&w->store.db);
	return rc;
}

/* Reads in a process of its own, which dies at its n-th failpoint (0: at
 * none).  True when it died. */
static bool read_and_die(struct world *w, int n)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char at[16];

		snprintf(at, sizeof(at), "%d", n);
		setenv("TLSTALLY_FAIL_AT", at, 1);
		failpoint_arm();
		_exit(read_log(w) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return false;
}

static bool count(void *arg, const void *session, size_t len, uint64_t n)
{
	(void)session;
	(void)len;
	*(uint64_t *)arg += n;
	return true;
}

static void expect_all_counted(struct world *w)
{
	auto_(db_abort) struct db_txn *txn = NULL;

	fixture_open(&w->store);
	txn = db_begin_write(w->store.db);
	for (int i = 0; i < DOMAINS; i++) {
		auto_(xfree_str) char *domain = xasprintf("d%d.example", i);
		uint64_t n = 0;

		log_pending_take(txn, DAY, domain, count, &n);
		assert_int_equal(n, w->mails / DOMAINS);
	}
}

static void rename_it(struct world *w)
{
	log_world_rename(&w->log);
}

static void copy_it(struct world *w)
{
	log_world_copy(&w->log);
}

static void rename_and_compress(struct world *w)
{
	log_world_rename(&w->log);
	log_world_gzip(&w->log, w->log.dateext ? w->log.rotations : 1);
}

static void copy_and_compress(struct world *w)
{
	log_world_copy(&w->log);
	log_world_gzip(&w->log, w->log.dateext ? w->log.rotations : 1);
}

static const struct row {
	const char *name;
	void (*first)(struct world *w);
	void (*second)(struct world *w);
	bool dateext;
} rows[] = {
	{"renamed twice", rename_it, rename_it, false},
	{"copied and truncated twice", copy_it, copy_it, false},
	{"renamed, then copied, by date", rename_it, copy_it, true},
	{"copied and compressed, then renamed and compressed",
         copy_and_compress, rename_and_compress, false},
};

/* Killed, rotated, killed again, rotated again, then left alone. */
static bool live_through(const struct row *row, int n)
{
	struct world w;
	bool died;

	world_make(&w, row->dateext);
	write_mails(&w, MAILS);
	died = read_and_die(&w, n);
	write_mails(&w, MAILS);
	row->first(&w);
	write_mails(&w, MAILS);
	died |= read_and_die(&w, n);
	row->second(&w);
	write_mails(&w, MAILS);
	read_and_die(&w, 0);
	expect_all_counted(&w);
	world_clear(&w);
	return died;
}

static void test_killed_at_every_commit(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int n = 1;

		ROW(&rows[i]);
		while (n < MOST_FAILPOINTS && live_through(&rows[i], n))
			n++;
		print_message("    died at each of %d failpoints\n", n - 1);
		assert_in_range(n, 10, MOST_FAILPOINTS - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_at_every_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("this build has no failpoints (--enable-failpoints)");
	return 77;
}

#endif
