#include "config.h"
#include "unit/store_test.h"

#ifdef HAVE_SYSTEMD

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/day.h"
#include "intake/log_source.h"

#define REMOTE "/lib/systemd/systemd-journal-remote"

enum { DAY = 20513 /* 2026-03-01 */ };

struct entry {
	const char *program;
	const char *message;
	const char *more; /* other fields, each with its newline */
};

static void print_entry(FILE *out, const struct entry *entry, int n)
{
	int64_t usec = (day_start(DAY) + n) * 1000000;

	fprintf(out,
	        "__REALTIME_TIMESTAMP=%lld\n"
	        "__MONOTONIC_TIMESTAMP=%d\n"
	        "_BOOT_ID=0123456789abcdef0123456789abcdef\n"
	        "_MACHINE_ID=0123456789abcdef0123456789abcdef\n"
	        "SYSLOG_IDENTIFIER=%s\n"
	        "MESSAGE=%s\n"
	        "%s\n",
	        (long long)usec, n + 1, entry->program, entry->message,
	        entry->more);
}

#define ROOT "_UID=0\n"
#define MAIL "SYSLOG_FACILITY=2\nSYSLOG_PID=7\n" ROOT

static const struct entry entries[] = {
	{"postfix/smtp", "one", MAIL},
	{"sshd", "not ours", "SYSLOG_FACILITY=4\n"},
	{"dovecot", "not Postfix", MAIL},
	{"postfix/smtp", "not mail", "SYSLOG_FACILITY=3\n" ROOT},
	{"mx1/smtp", "two", "SYSLOG_FACILITY=2\n_PID=8\n_UID=101\n"},
	{"postfix/qmgr", "three",
         MAIL "_SOURCE_REALTIME_TIMESTAMP=1000000000\n"},
};

/* Makes a journal of some of the entries, in the directory. */
static void make_journal_of(const struct fixture *f, const struct entry *list,
                            size_t from, size_t to)
{
	auto_(xfree_str) char *exported = xasprintf("%s/export", f->directory);
	auto_(xfree_str) char *command = NULL;
	FILE *out = fopen(exported, "w");

	assert_non_null(out);
	for (size_t i = from; i < to; i++)
		print_entry(out, &list[i], (int)i);
	fclose(out);
	command = xasprintf(REMOTE " -o %s/system.journal %s >%s/said 2>&1",
	                    f->directory, exported, f->directory);
	assert_int_equal(system(command), 0);
	unlink(exported);
}

static void make_journal(const struct fixture *f, size_t from, size_t to)
{
	make_journal_of(f, entries, from, to);
}

static const int64_t postfix_users[] = {0, 101};

static struct log_source *open_for(const struct fixture *f,
                                   const struct strbuf *position,
                                   bool from_start, bool once,
                                   const int64_t *users, size_t user_count)
{
	static struct clock clock;
	struct log_journal_options options = {
		.directory = f->directory,
		.position = position->data,
		.position_len = position->len,
		.from_start = from_start,
		.once = once,
		.clock = &clock,
		.users = users,
		.user_count = user_count,
	};
	struct log_source *source;
	struct err err = {0};

	clock = clock_fixed(day_start(DAY + 1));
	if (log_journal_open(&options, &source, &err) < 0)
		fail_msg("%s", err.text);
	return source;
}

static struct log_source *open_at(const struct fixture *f,
                                  const struct strbuf *position,
                                  bool from_start, bool once)
{
	return open_for(f, position, from_start, once, postfix_users,
	                COUNT(postfix_users));
}

static void expect_line(struct log_source *source, const char *program,
                        int64_t pid, int64_t time, const char *message)
{
	struct log_line line;
	struct err err = {0};

	assert_int_equal(source->next(source, &line, &err), 1);
	assert_int_equal(line.program.len, strlen(program));
	assert_memory_equal(line.program.at, program, strlen(program));
	assert_int_equal(line.pid, pid);
	assert_int_equal(line.time, time);
	assert_int_equal(line.message.len, strlen(message));
	assert_memory_equal(line.message.at, message, strlen(message));
}

static void expect_end(struct log_source *source, int want)
{
	struct log_line line;
	struct err err = {0};

	assert_int_equal(source->next(source, &line, &err), want);
}

static void test_what_is_postfixs(void **state)
{
	struct fixture *f = *state;
	struct strbuf none = {0};
	struct log_source *source;

	make_journal(f, 0, COUNT(entries));
	source = open_at(f, &none, true, true);
	expect_line(source, "postfix/smtp", 7, day_start(DAY), "one");
	expect_line(source, "mx1/smtp", 8, day_start(DAY) + 4, "two");
	expect_line(source, "postfix/qmgr", 7, 1000, "three");
	expect_end(source, ERR_NOTFOUND);
	source->free(&source);
}

/* Every user can write such lines; the journal knows who it was. */
static const struct entry others[] = {
	{"postfix/smtp", "root's", MAIL},
	{"postfix/smtp", "forged", "SYSLOG_FACILITY=2\n_PID=9\n_UID=1000\n"},
	{"postfix/smtp", "of another host", "SYSLOG_FACILITY=2\n_PID=9\n"},
	{"postfix/smtp", "to local5",
         "SYSLOG_FACILITY=21\n_COMM=smtp\n_PID=9\n_UID=101\n"},
	{"logger", "of no service", "SYSLOG_FACILITY=2\n_UID=1000\n"},
};

static void expect_kind(struct log_source *source, const char *message,
                        enum log_line_kind kind, int64_t uid)
{
	struct log_line line;
	struct err err = {0};

	assert_int_equal(source->next(source, &line, &err), 1);
	assert_int_equal(line.message.len, strlen(message));
	assert_memory_equal(line.message.at, message, strlen(message));
	assert_int_equal(line.kind, kind);
	assert_int_equal(line.uid, uid);
}

static void test_whose_lines_they_are(void **state)
{
	struct fixture *f = *state;
	struct strbuf none = {0};
	struct log_source *source;

	make_journal_of(f, others, 0, COUNT(others));
	source = open_at(f, &none, true, true);
	expect_kind(source, "root's", LOG_LINE_READ, 0);
	expect_kind(source, "forged", LOG_LINE_FOREIGN, 1000);
	expect_kind(source, "of another host", LOG_LINE_FOREIGN, -1);
	expect_kind(source, "to local5", LOG_LINE_READ, 101);
	expect_end(source, ERR_NOTFOUND);
	source->free(&source);
}

static void test_let_in(void **state)
{
	static const int64_t users[] = {0, -1, 1000};
	struct fixture *f = *state;
	struct strbuf none = {0};
	struct log_source *source;

	make_journal_of(f, others, 0, COUNT(others));
	source = open_for(f, &none, true, true, users, COUNT(users));
	expect_kind(source, "root's", LOG_LINE_READ, 0);
	expect_kind(source, "forged", LOG_LINE_READ, 1000);
	expect_kind(source, "of another host", LOG_LINE_READ, -1);
	expect_kind(source, "to local5", LOG_LINE_FOREIGN, 101);
	source->free(&source);
	source = open_for(f, &none, true, true, NULL, 0);
	for (size_t i = 0; i < 4; i++)
		expect_kind(source, others[i].message, LOG_LINE_READ,
		            i == 0   ? 0
		            : i == 1 ? 1000
		            : i == 2 ? -1
		                     : 101);
	source->free(&source);
}

static void test_goes_on_after_each(void **state)
{
	static const char *const messages[] = {"one", "two", "three"};
	struct fixture *f = *state;
	struct strbuf position;

	make_journal(f, 0, COUNT(entries));
	strbuf_init(&position, 0);
	for (size_t i = 0; i < COUNT(messages); i++) {
		struct log_source *source = open_at(f, &position, true, false);
		struct log_line line;

		assert_int_equal(source->next(source, &line, &f->err), 1);
		assert_int_equal(line.message.len, strlen(messages[i]));
		assert_memory_equal(line.message.at, messages[i],
		                    line.message.len);
		strbuf_reset(&position);
		source->save(source, &position);
		source->free(&source);
	}
	{
		struct log_source *source = open_at(f, &position, true, false);

		expect_end(source, 0);
		source->wait(source, 10);
		expect_end(source, 0);
		source->free(&source);
	}
	strbuf_clear(&position);
}

/* The entry of the cursor is gone: the first that is left comes next. */
static void test_a_journal_that_was_purged(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *journal =
		xasprintf("%s/system.journal", f->directory);
	struct strbuf position;
	struct log_source *source;

	make_journal(f, 0, 1);
	strbuf_init(&position, 0);
	source = open_at(f, &position, true, false);
	expect_line(source, "postfix/smtp", 7, day_start(DAY), "one");
	source->save(source, &position);
	source->free(&source);
	unlink(journal);
	make_journal(f, 1, COUNT(entries));
	source = open_at(f, &position, false, true);
	expect_line(source, "mx1/smtp", 8, day_start(DAY) + 4, "two");
	source->free(&source);
	strbuf_clear(&position);
}

/* From now on, also when nothing has come yet. */
static void test_from_now_on(void **state)
{
	struct fixture *f = *state;
	struct strbuf position;
	struct log_source *source;

	make_journal(f, 0, COUNT(entries));
	strbuf_init(&position, 0);
	source = open_at(f, &position, false, false);
	expect_end(source, 0);
	source->save(source, &position);
	assert_int_equal(position.data[0], 't');
	source->free(&source);
	strbuf_clear(&position);
}

static void test_a_position_that_is_none(void **state)
{
	struct fixture *f = *state;
	struct log_journal_options options = {.directory = f->directory,
	                                      .position = "cnonsense",
	                                      .position_len = 9};
	struct log_source *source;

	make_journal(f, 0, 1);
	assert_true(log_journal_open(&options, &source, &f->err) < 0);
	assert_non_null(strstr(f->err.text, "journal"));
}

/* A field as it stands in the journal's file: "MESSAGE=two". */
struct hidden {
	const char *path;
	long count_at; /* of the number of entries that have it */
};

/* Data objects are a head of 64 or, in compact files, 72 bytes and the field;
 * their first byte is 1, their number of entries stands at 56. */
static struct hidden find_field(const char *path, const char *text)
{
	static char bytes[16 * 1024 * 1024];
	FILE *in = fopen(path, "r");
	size_t len;
	const char *at;

	assert_non_null(in);
	len = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	at = memmem(bytes, len, text, strlen(text));
	assert_non_null(at);
	at -= at[-64] == 1 && at[-64 + 8] == (char)(64 + strlen(text)) ? 64
	                                                               : 72;
	assert_int_equal(at[0], 1);
	assert_int_equal(at[56], 1);
	return (struct hidden){path, at - bytes + 56};
}

static void set_count(const struct hidden *field, char count)
{
	int fd = open(field->path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &count, 1, field->count_at), 1);
	close(fd);
}

static void *show_soon(void *arg)
{
	usleep(30000);
	set_count(arg, 1);
	return NULL;
}

/* So journald leaves it for a moment while it links an entry's fields. */
static void test_an_entry_that_is_being_linked(void **state)
{
	static const char *const fields[] = {"SYSLOG_IDENTIFIER=mx1/smtp",
	                                     "MESSAGE=two", "_PID=8",
	                                     "_UID=101"};
	static const struct entry linked[] = {
		{"postfix/smtp", "one", MAIL},
		{"mx1/smtp", "two", "SYSLOG_FACILITY=2\n_PID=8\n_UID=101\n"},
	};
	struct fixture *f = *state;
	auto_(xfree_str) char *journal =
		xasprintf("%s/system.journal", f->directory);

	for (size_t i = 0; i < COUNT(fields); i++) {
		struct strbuf none = {0};
		struct log_source *source;
		struct hidden hidden;
		pthread_t thread;

		make_journal_of(f, linked, 0, COUNT(linked));
		hidden = find_field(journal, fields[i]);
		set_count(&hidden, 0);
		source = open_at(f, &none, true, false);
		pthread_create(&thread, NULL, show_soon, &hidden);
		expect_line(source, "postfix/smtp", 7, day_start(DAY), "one");
		expect_line(source, "mx1/smtp", 8, day_start(DAY) + 1, "two");
		expect_end(source, 0);
		pthread_join(thread, NULL);
		source->free(&source);
		unlink(journal);
	}
}

/* Damaged for good: only that entry is lost. */
static void test_an_entry_without_its_message(void **state)
{
	struct fixture *f = *state;
	auto_(xfree_str) char *journal =
		xasprintf("%s/system.journal", f->directory);
	struct strbuf none = {0};
	struct log_source *source;
	struct hidden one, three;

	make_journal(f, 0, COUNT(entries));
	one = find_field(journal, "MESSAGE=one");
	three = find_field(journal, "MESSAGE=three");
	set_count(&one, 0);
	set_count(&three, 0);
	source = open_at(f, &none, true, true);
	expect_line(source, "mx1/smtp", 8, day_start(DAY) + 4, "two");
	expect_end(source, ERR_NOTFOUND);
	source->free(&source);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	fixture_make(f);
	*state = f;
	return 0;
}

#define JOURNAL_TEST(fn)                                                       \
	cmocka_unit_test_setup_teardown(fn, setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		JOURNAL_TEST(test_what_is_postfixs),
		JOURNAL_TEST(test_whose_lines_they_are),
		JOURNAL_TEST(test_let_in),
		JOURNAL_TEST(test_goes_on_after_each),
		JOURNAL_TEST(test_a_journal_that_was_purged),
		JOURNAL_TEST(test_from_now_on),
		JOURNAL_TEST(test_a_position_that_is_none),
		JOURNAL_TEST(test_an_entry_that_is_being_linked),
		JOURNAL_TEST(test_an_entry_without_its_message),
	};

	if (access(REMOTE, X_OK) != 0) {
		puts(REMOTE " is missing: apt-get install "
		            "systemd-journal-remote");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	puts("built without libsystemd");
	return 77;
}

#endif
