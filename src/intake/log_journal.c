/* The journal of systemd: entries of the mail facility and of Postfix's
 * programs. */
#include "intake/log_source.h"

#include "config.h"

#ifdef HAVE_SYSTEMD

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "base/auto.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "intake/log_lines.h"
#include "intake/log_wake.h"
#include "maillog/journal_field.h"

/* A position is "c" and the cursor of the last entry given, or, as long as
 * none was, "t" and the microseconds from which on entries are wanted. */
enum {
	POSITION_MAX = 512,
	IDENTIFIER_MAX = 64,
	/* For so long an entry that nothing follows may be unfinished. */
	UNFINISHED_TRIES = 100,
	UNFINISHED_MS = 10,
	/* Damaged entries in a row; past that it is the journal. */
	DAMAGED_MAX = 1000,
};

struct log_journal {
	struct log_source source; /* first: it is all that callers see */
	sd_journal *journal;
	bool once;
	const int64_t *users; /* NULL: everybody */
	size_t user_count;
	bool pending;  /* we stand on an entry that was not looked at yet */
	bool has_read; /* an entry was: the cursor is the position */
	char start[POSITION_MAX]; /* the position until then */
	/* Fields are lent by the journal only until the next is asked for. */
	char program[IDENTIFIER_MAX];
	char *message;
	struct log_wake wake;
};

static int journal_error(int rc, const char *doing, struct err *err)
{
	errno = -rc;
	return err_errno(err, ERR_IO, "the journal: cannot %s", doing);
}

/* The value of a field of the entry; false when it has none. */
static bool field(const struct log_journal *j, const char *name,
                  struct span *value)
{
	size_t skip = strlen(name) + 1;
	const void *data;
	size_t len;

	if (sd_journal_get_data(j->journal, name, &data, &len) < 0 ||
	    len < skip)
		return false;
	*value = (struct span){(const char *)data + skip, len - skip};
	return true;
}

static int64_t number_field(const struct log_journal *j, const char *name)
{
	struct span value;

	return field(j, name, &value)
	               ? journal_field_number(value.at, value.len)
	               : -1;
}

/* The program's name, when it is one of Postfix's; `lacks`: it has none. */
static bool copy_program(struct log_journal *j, struct log_line *line,
                         bool *lacks)
{
	struct span value;

	if (!field(j, "SYSLOG_IDENTIFIER", &value)) {
		*lacks = true;
		return false;
	}
	if (value.len > sizeof(j->program) || !maillog_names_service(value))
		return false;
	memcpy(j->program, value.at, value.len);
	line->program = (struct span){j->program, value.len};
	return true;
}

static bool copy_message(struct log_journal *j, struct log_line *line,
                         bool *lacks)
{
	struct span value;

	if (!field(j, "MESSAGE", &value)) {
		*lacks = true;
		return false;
	}
	if (value.len > LOG_LINE_MAX)
		return false;
	memcpy(j->message, value.at, value.len);
	line->message = (struct span){j->message, value.len};
	return true;
}

/* The journal itself has written down whose process it was. */
static void set_kind(const struct log_journal *j, struct log_line *line,
                     bool *lacks)
{
	line->uid = number_field(j, "_UID");
	*lacks |= j->users != NULL && line->uid < 0;
	for (size_t i = 0; j->users != NULL && i < j->user_count; i++)
		if (j->users[i] == line->uid)
			return;
	if (j->users != NULL)
		line->kind = LOG_LINE_FOREIGN;
}

/* Is it a line of Postfix?  `lacks`: something that entries have is not there,
 * so that the answer may be another when it is. */
static bool take_entry(struct log_journal *j, struct log_line *line,
                       bool *lacks)
{
	uint64_t taken;
	int64_t usec;

	*line = (struct log_line){0};
	*lacks = false;
	if (!copy_program(j, line, lacks) || !copy_message(j, line, lacks))
		return false;
	line->pid = number_field(j, "SYSLOG_PID");
	if (line->pid < 0)
		line->pid = number_field(j, "_PID");
	*lacks |= line->pid < 0;
	/* when Postfix said it; the journal may have taken it later */
	usec = number_field(j, "_SOURCE_REALTIME_TIMESTAMP");
	if (usec <= 0 && sd_journal_get_realtime_usec(j->journal, &taken) >= 0)
		usec = (int64_t)taken;
	line->time = usec / 1000000;
	set_kind(j, line, lacks);
	return true;
}

static bool is_followed(struct log_journal *j)
{
	if (sd_journal_next(j->journal) <= 0)
		return false;
	sd_journal_previous(j->journal);
	return true;
}

/*
 * journald links an entry's fields one after the other, and the entry is to be
 * found before the last of them is: libsystemd then takes the one at work for a
 * damaged field and says that there is none.  So an entry that lacks one is
 * looked at again when another follows it, or after a moment.
 */
static bool take_finished_entry(struct log_journal *j, struct log_line *line)
{
	bool finished = false;

	for (int tries = 0;; tries++) {
		bool lacks;
		bool is_line = take_entry(j, line, &lacks);

		if (finished || !lacks)
			return is_line;
		finished = tries == UNFINISHED_TRIES || is_followed(j);
		if (!finished)
			wait_ms(UNFINISHED_MS);
	}
}

static int journal_next(struct log_source *self, struct log_line *line,
                        struct err *err)
{
	struct log_journal *j = (struct log_journal *)self;
	int damaged = 0;

	for (;;) {
		int rc = j->pending ? 1 : sd_journal_next(j->journal);

		j->pending = false;
		/* an entry that is damaged: the next may be whole */
		if (rc == -EBADMSG && ++damaged < DAMAGED_MAX)
			continue;
		if (rc < 0)
			return journal_error(rc, "read it", err);
		if (rc == 0)
			return j->once ? ERR_NOTFOUND : 0;
		j->has_read = true;
		if (take_finished_entry(j, line))
			return 1;
	}
}

static void journal_wait(struct log_source *self, int timeout_ms)
{
	struct log_journal *j = (struct log_journal *)self;
	int fd = sd_journal_get_fd(j->journal);

	/* where inotify(7) says nothing: as sd_journal_reliable_fd(3) has it */
	if (sd_journal_reliable_fd(j->journal) <= 0 && timeout_ms > 1000)
		timeout_ms = 1000;
	log_wake_wait(&j->wake, fd, timeout_ms);
	sd_journal_process(j->journal);
}

static void journal_wake(struct log_source *self)
{
	log_wake_now(&((struct log_journal *)self)->wake);
}

static void journal_save(struct log_source *self, struct strbuf *position)
{
	struct log_journal *j = (struct log_journal *)self;
	auto_(xfree_str) char *cursor = NULL;

	if (j->has_read && sd_journal_get_cursor(j->journal, &cursor) >= 0 &&
	    strlen(cursor) < POSITION_MAX - 1)
		snprintf(j->start, sizeof(j->start), "c%s", cursor);
	strbuf_puts(position, j->start);
}

static int64_t journal_lag(struct log_source *self)
{
	(void)self;
	return -1;
}

static void journal_free(struct log_source **source)
{
	struct log_journal *j = (struct log_journal *)*source;

	if (j == NULL)
		return;
	if (j->journal != NULL)
		sd_journal_close(j->journal);
	log_wake_close(&j->wake);
	free(j->message);
	free(j);
	*source = NULL;
}

/* Onto the entry after the cursor's, or, where that was purged, the first
 * that is left after it. */
static int seek_cursor(struct log_journal *j, const char *cursor)
{
	int rc = sd_journal_seek_cursor(j->journal, cursor);

	if (rc >= 0)
		rc = sd_journal_next(j->journal);
	if (rc > 0 && sd_journal_test_cursor(j->journal, cursor) <= 0)
		j->pending = true;
	return rc;
}

static int seek(struct log_journal *j, const struct log_journal_options *o,
                struct err *err)
{
	int rc;

	if (o->position_len >= sizeof(j->start))
		return err_set(err, ERR_PARSE,
		               "the stored position in the journal is damaged");
	if (o->position_len > 0)
		memcpy(j->start, o->position, o->position_len);
	else if (o->from_start)
		strcpy(j->start, "t0");
	else
		snprintf(j->start, sizeof(j->start), "t%lld",
		         (long long)clock_ms(o->clock) * 1000);
	if (j->start[0] == 'c')
		rc = seek_cursor(j, j->start + 1);
	else if (strcmp(j->start, "t0") == 0)
		rc = sd_journal_seek_head(j->journal);
	else
		rc = sd_journal_seek_realtime_usec(
			j->journal, strtoull(j->start + 1, NULL, 10));
	return rc < 0 ? journal_error(
				rc, "find the place where reading stopped", err)
	              : 0;
}

/* The journal of a host whose files we may not read looks empty. */
static int check_readable(const struct log_journal *j, struct err *err)
{
	if (sd_journal_has_runtime_files(j->journal) > 0 ||
	    sd_journal_has_persistent_files(j->journal) > 0)
		return 0;
	return err_set(err, ERR_IO,
	               "this user has no permission to read the journal, or "
	               "there is no journal: add the user to group "
	               "systemd-journal or adm, or set [log] source = file");
}

static int match_number(struct log_journal *j, const char *name, int number)
{
	char text[64];

	snprintf(text, sizeof(text), "%s=%d", name, number);
	return sd_journal_add_match(j->journal, text, 0);
}

/* Postfix's facility, or its programs, so that the journal's own index finds
 * the few entries; syslog identifiers have no match for a part. */
static int add_matches(struct log_journal *j, int facility)
{
	static const char *const programs[] = {"_COMM=smtp", "_COMM=qmgr",
	                                       "_COMM=tlsproxy"};
	int rc = match_number(j, "SYSLOG_FACILITY", LOG_FAC(LOG_MAIL));

	if (rc >= 0 && facility != 0)
		rc = match_number(j, "SYSLOG_FACILITY", LOG_FAC(facility));
	if (rc >= 0)
		rc = sd_journal_add_disjunction(j->journal);
	for (size_t i = 0;
	     rc >= 0 && i < sizeof(programs) / sizeof(programs[0]); i++)
		rc = sd_journal_add_match(j->journal, programs[i], 0);
	return rc;
}

static int open_journal(struct log_journal *j,
                        const struct log_journal_options *o, struct err *err)
{
	bool elsewhere = o->directory != NULL && o->directory[0] != '\0';
	int rc = elsewhere
	                 ? sd_journal_open_directory(&j->journal, o->directory,
	                                             0)
	                 : sd_journal_open(&j->journal, SD_JOURNAL_LOCAL_ONLY);

	if (rc < 0)
		return journal_error(rc, "open it", err);
	if (!elsewhere && check_readable(j, err) < 0)
		return err->class;
	rc = add_matches(j, o->facility);
	/* before the first read: what comes in between would go unnoticed */
	if (rc >= 0)
		rc = sd_journal_get_fd(j->journal);
	return rc < 0 ? journal_error(rc, "open it", err) : 0;
}

int log_journal_open(const struct log_journal_options *options,
                     struct log_source **source, struct err *err)
{
	struct log_journal *j = xcalloc(1, sizeof(*j));

	j->source =
		(struct log_source){journal_next, journal_wait, journal_wake,
	                            journal_save, journal_lag,  journal_free};
	j->once = options->once;
	j->users = options->users;
	j->user_count = options->user_count;
	j->message = xmalloc(LOG_LINE_MAX);
	*source = &j->source;
	if (log_wake_open(&j->wake, err) == 0 &&
	    open_journal(j, options, err) == 0 && seek(j, options, err) == 0)
		return 0;
	journal_free(source);
	return err->class;
}

#else

int log_journal_open(const struct log_journal_options *options,
                     struct log_source **source, struct err *err)
{
	(void)options;
	(void)source;
	return err_set(err, ERR_NOTFOUND,
	               "this tlstally was built without libsystemd and cannot "
	               "read the journal: set [log] source = file");
}

#endif
