#include "unit/log_world.h"

#include "base/day.h"
#include "base/log.h"
#include "intake/log_lines.h"
#include "intake/log_source.h"

/*
 * A log, whoever writes and rotates it, and a reader that may be killed.  Line
 * n says n; what the reader got must be 1, 2, 3... whatever happened.
 */
struct world {
	char *directory;
	struct log_world log;
	int written; /* lines */
	bool half;   /* the last line has no newline yet */
	struct log_source *source;
	struct strbuf saved;
	int saved_lines; /* when it was saved */
	int *got;
	int got_count;
	int unread;     /* lines of no known form */
	char said[512]; /* the last warning */
};

enum { MOST_LINES = 100000 };

static void capture(void *arg, int priority, const char *line)
{
	struct world *w = arg;

	(void)priority;
	snprintf(w->said, sizeof(w->said), "%s", line);
}

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	const char *tmp = getenv("TMPDIR");

	w->directory = xasprintf("%s/tlstally-test.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(w->directory));
	w->log.path = xasprintf("%s/mail.log", w->directory);
	w->got = xcalloc(MOST_LINES, sizeof(int));
	strbuf_init(&w->saved, 0);
	log_capture(capture, w);
	*state = w;
	return 0;
}

static void stop(struct world *w)
{
	if (w->source != NULL)
		w->source->free(&w->source);
}

static int teardown(void **state)
{
	struct world *w = *state;

	stop(w);
	log_capture(NULL, NULL);
	nftw(w->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	xfree_str(&w->directory);
	xfree_str(&w->log.path);
	strbuf_clear(&w->saved);
	free(w->got);
	free(w);
	return 0;
}

static char *line_text(int n)
{
	char time[TIME_TEXT];

	return xasprintf("%s mx postfix/smtp[7]: %d of many\n",
	                 day_format_time(day_start(20513) + n, time), n);
}

static void write_lines(struct world *w, int n)
{
	if (w->half)
		log_world_append(&w->log, " of many\n");
	w->half = false;
	while (n-- > 0) {
		auto_(xfree_str) char *text = line_text(++w->written);

		log_world_append(&w->log, text);
	}
}

/* A line whose end comes with the next ones. */
static void write_half(struct world *w)
{
	auto_(xfree_str) char *text = NULL;

	write_lines(w, 0);
	text = line_text(++w->written);
	*strstr(text, " of many") = '\0';
	log_world_append(&w->log, text);
	w->half = true;
}

static void rotate_by_rename(struct world *w)
{
	write_lines(w, 0);
	log_world_rename(&w->log);
}

static void rotate_by_copy(struct world *w)
{
	write_lines(w, 0);
	log_world_copy(&w->log);
}

static void start(struct world *w, bool from_start, bool once)
{
	struct log_file_options options = {
		.path = w->log.path,
		.position = w->saved.len > 0 ? w->saved.data : NULL,
		.position_len = w->saved.len,
		.from_start = from_start,
		.once = once,
	};
	struct err err = {0};

	stop(w);
	w->got_count = w->saved_lines;
	if (log_file_open(&options, &w->source, &err) < 0)
		fail_msg("%s", err.text);
}

static void save(struct world *w)
{
	strbuf_reset(&w->saved);
	w->source->save(w->source, &w->saved);
	w->saved_lines = w->got_count;
}

/* Reads at most so many lines; what next() said at the end. */
static int read_lines(struct world *w, int most)
{
	struct log_line line;
	struct err err = {0};
	int rc = 1;

	while (most-- > 0 && rc == 1) {
		rc = w->source->next(w->source, &line, &err);
		if (rc == 1 && line.kind == LOG_LINE_UNREAD)
			w->unread++;
		else if (rc == 1)
			w->got[w->got_count++] = atoi(line.message.at);
		else if (rc < 0 && rc != ERR_NOTFOUND)
			fail_msg("%s", err.text);
	}
	return rc;
}

static void expect_lines(const struct world *w, int first, int last)
{
	assert_int_equal(w->got_count, last - first + 1);
	for (int i = 0; i < w->got_count; i++)
		assert_int_equal(w->got[i], first + i);
}

static void test_from_the_end_on(void **state)
{
	struct world *w = *state;

	write_lines(w, 5);
	start(w, false, false);
	assert_int_equal(read_lines(w, 10), 0);
	write_lines(w, 3);
	assert_int_equal(read_lines(w, 10), 0);
	expect_lines(w, 6, 8);
}

static void test_half_a_line_waits(void **state)
{
	struct world *w = *state;

	write_lines(w, 1);
	start(w, true, false);
	write_half(w);
	assert_int_equal(read_lines(w, 10), 0);
	expect_lines(w, 1, 1);
	save(w);
	start(w, false, false);
	write_lines(w, 1);
	assert_int_equal(read_lines(w, 10), 0);
	expect_lines(w, 1, 3);
}

static void test_all_that_is_there_once(void **state)
{
	struct world *w = *state;

	write_lines(w, 4);
	rotate_by_rename(w);
	write_lines(w, 4);
	rotate_by_rename(w);
	log_world_gzip(&w->log, 2);
	write_lines(w, 4);
	start(w, true, true);
	assert_int_equal(read_lines(w, 100), ERR_NOTFOUND);
	expect_lines(w, 1, 12);
}

/* gzip(1) is at work: both the file and half of its compressed form exist. */
static void test_a_file_being_compressed_is_read_once(void **state)
{
	struct world *w = *state;
	auto_(xfree_str) char *from = NULL, *to = NULL;

	write_lines(w, 4);
	rotate_by_rename(w);
	write_lines(w, 4);
	from = log_world_rotated(&w->log, 1, false);
	to = log_world_rotated(&w->log, 1, true);
	log_world_gzip_file(from, to);
	start(w, true, true);
	assert_int_equal(read_lines(w, 100), ERR_NOTFOUND);
	expect_lines(w, 1, 8);
}

/* gzip(1) has only begun: nothing of what it writes can be read yet, and it is
 * done before we get there. */
static void test_a_compression_that_has_begun_is_no_file(void **state)
{
	struct world *w = *state;
	auto_(xfree_str) char *from = NULL, *to = NULL;
	void *whole;
	size_t len;
	int fd;

	write_lines(w, 4);
	rotate_by_rename(w);
	write_lines(w, 4);
	from = log_world_rotated(&w->log, 1, false);
	to = log_world_rotated(&w->log, 1, true);
	log_world_gzip_file(from, to);
	whole = log_world_read(to, &len);
	assert_int_equal(truncate(to, 10), 0);
	start(w, true, true);
	fd = open(to, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, whole, len), (int)len);
	close(fd);
	free(whole);
	unlink(from);
	assert_int_equal(read_lines(w, 100), ERR_NOTFOUND);
	expect_lines(w, 1, 8);
}

/* logrotate is at work: the copy is made, the file is not yet truncated. */
static void test_a_file_being_copied_is_read_once(void **state)
{
	struct world *w = *state;
	auto_(xfree_str) char *to = NULL;

	write_lines(w, 4);
	w->log.rotations = 1;
	to = log_world_rotated(&w->log, 1, false);
	log_world_copy_file(w->log.path, to);
	start(w, true, false);
	assert_int_equal(read_lines(w, 2), 1);
	write_lines(w, 0);
	assert_int_equal(truncate(w->log.path, 0), 0);
	write_lines(w, 3);
	assert_int_equal(read_lines(w, 100), 0);
	expect_lines(w, 1, 7);
}

static void test_a_writer_that_is_late_to_the_new_file(void **state)
{
	struct world *w = *state;
	auto_(xfree_str) char *file = xstrdup(w->log.path);

	write_lines(w, 2);
	start(w, true, false);
	rotate_by_rename(w);
	assert_int_equal(read_lines(w, 100), 0);
	/* still to the old file */
	xfree_str(&w->log.path);
	w->log.path = xasprintf("%s.1", file);
	write_lines(w, 2);
	assert_int_equal(read_lines(w, 100), 0);
	write_lines(w, 1);
	xfree_str(&w->log.path);
	w->log.path = xstrdup(file);
	write_lines(w, 2);
	assert_int_equal(read_lines(w, 100), 0);
	expect_lines(w, 1, 7);
}

/* More was written after the truncation than was read before it. */
static void test_a_file_that_has_outgrown_itself(void **state)
{
	struct world *w = *state;

	write_lines(w, 2);
	start(w, true, false);
	assert_int_equal(read_lines(w, 100), 0);
	write_lines(w, 1);
	rotate_by_copy(w);
	write_lines(w, 200);
	assert_int_equal(read_lines(w, 1000), 0);
	expect_lines(w, 1, 203);
}

/* We look before and after: the file itself looks the same. */
static void test_an_empty_file_that_is_empty_again(void **state)
{
	static const struct {
		const char *name;
		void (*rotate[2])(struct world *w);
		bool older, dead;
	} rows[] = {
		{"copied", {rotate_by_copy, rotate_by_copy}, true, false},
		{"renamed", {rotate_by_rename, rotate_by_rename}, true, false},
		{"the first log, copied",
	         {rotate_by_copy, rotate_by_copy},
	         false,
	         false},
		{"the first log, renamed",
	         {rotate_by_rename, rotate_by_rename},
	         false,
	         false},
		{"copied, dead meanwhile",
	         {rotate_by_copy, rotate_by_copy},
	         true,
	         true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world *w;

		assert_int_equal(setup(state), 0);
		w = *state;
		print_message("  - %s\n", rows[i].name);
		if (rows[i].older)
			write_lines(w, 2);
		else
			log_world_append(&w->log, "");
		start(w, rows[i].older, false);
		if (rows[i].older)
			rows[i].rotate[0](w);
		assert_int_equal(read_lines(w, 100), 0);
		save(w);
		write_lines(w, 3);
		rows[i].rotate[1](w);
		if (rows[i].dead)
			start(w, false, false);
		assert_int_equal(read_lines(w, 100), 0);
		expect_lines(w, 1, w->written);
		assert_int_equal(read_lines(w, 100), 0);
		write_lines(w, 1);
		assert_int_equal(read_lines(w, 100), 0);
		expect_lines(w, 1, w->written);
		teardown(state);
	}
}

/* A syslog daemon that nobody told of the rotation writes to the old file for
 * days; we are started again meanwhile. */
static void test_a_writer_that_stays_with_the_old_file(void **state)
{
	struct world *w = *state;
	auto_(xfree_str) char *file = xstrdup(w->log.path);

	write_lines(w, 2);
	start(w, true, false);
	rotate_by_rename(w);
	xfree_str(&w->log.path);
	w->log.path = xasprintf("%s.1", file);
	for (int i = 1; i <= 3; i++) {
		write_lines(w, 1);
		assert_int_equal(read_lines(w, 100), 0);
		expect_lines(w, 1, w->written);
		save(w);
		if (i == 2) {
			xfree_str(&w->log.path);
			w->log.path = xstrdup(file);
			start(w, false, false);
			xfree_str(&w->log.path);
			w->log.path = xasprintf("%s.1", file);
		}
	}
}

/* When we looked it had half a line; when we look again it has been copied,
 * emptied, and begins with the same half. */
static void test_half_a_line_begins_many_a_log(void **state)
{
	static const char begin[] = "2026-03-01T";
	struct world *w = *state;
	auto_(xfree_str) char *text = NULL;

	write_lines(w, 2);
	start(w, true, false);
	assert_int_equal(read_lines(w, 100), 0);
	rotate_by_copy(w);
	text = line_text(++w->written);
	log_world_append(&w->log, begin);
	assert_true(strncmp(text, begin, strlen(begin)) == 0);
	assert_int_equal(read_lines(w, 100), 0);
	log_world_append(&w->log, text + strlen(begin));
	write_lines(w, 3);
	rotate_by_copy(w);
	write_lines(w, 2);
	assert_int_equal(read_lines(w, 100), 0);
	expect_lines(w, 1, w->written);
}

static void test_emptied_without_a_copy(void **state)
{
	struct world *w = *state;

	write_lines(w, 2);
	start(w, true, false);
	assert_int_equal(read_lines(w, 100), 0);
	assert_int_equal(truncate(w->log.path, 0), 0);
	write_lines(w, 1);
	assert_int_equal(read_lines(w, 100), 0);
	expect_lines(w, 1, 3);
	assert_non_null(strstr(w->said, "no copy of it"));
}

static void test_the_place_is_gone(void **state)
{
	struct world *w = *state;
	auto_(xfree_str) char *old = NULL;

	write_lines(w, 2);
	start(w, true, false);
	assert_int_equal(read_lines(w, 100), 0);
	save(w);
	stop(w);
	rotate_by_rename(w);
	old = log_world_rotated(&w->log, 1, false);
	unlink(old);
	write_lines(w, 2);
	rotate_by_rename(w);
	write_lines(w, 2);
	start(w, false, false);
	assert_int_equal(read_lines(w, 100), 0);
	expect_lines(w, 1, 6);
	assert_non_null(strstr(w->said, "is gone"));
}

/* The last line that was read is by a host whose clock is wrong: what was
 * written since is not older for that. */
static void test_a_line_of_a_time_to_come(void **state)
{
	struct world *w = *state;
	auto_(xfree_str) char *old = NULL;

	write_lines(w, 2);
	log_world_append(&w->log, "2286-11-20T17:46:39Z mx postfix/smtp[7]: 3 "
	                          "of many\n");
	w->written++;
	start(w, true, false);
	assert_int_equal(read_lines(w, 100), 0);
	expect_lines(w, 1, 3);
	save(w);
	stop(w);
	rotate_by_rename(w);
	old = log_world_rotated(&w->log, 1, false);
	unlink(old);
	write_lines(w, 2);
	rotate_by_rename(w);
	write_lines(w, 2);
	start(w, false, false);
	assert_int_equal(read_lines(w, 100), 0);
	expect_lines(w, 1, 7);
}

/* Of an empty log no bytes are known, and yet nothing of what comes may be
 * lost or read twice, wherever it is rotated to before we look. */
static void test_an_empty_log_at_the_first_start(void **state)
{
	static const struct {
		const char *name;
		bool older;  /* lines that were rotated away before */
		bool packed; /* and compressed */
		bool copied; /* copytruncate */
	} rows[] = {
		{.name = "the first log, renamed"},
		{.name = "the first log, copied", .copied = true},
		{.name = "older lines, renamed", .older = true},
		{.name = "older lines, copied", .older = true, .copied = true},
		{.name = "older ones packed", .older = true, .packed = true},
		{.name = "older ones packed, copied",
	         .older = true,
	         .packed = true,
	         .copied = true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct world *w;

		assert_int_equal(setup(state), 0);
		w = *state;
		print_message("  - %s\n", rows[i].name);
		if (rows[i].older)
			write_lines(w, 3);
		else
			log_world_append(&w->log, "");
		if (rows[i].older)
			rotate_by_rename(w);
		if (rows[i].packed)
			log_world_gzip(&w->log, 1);
		start(w, false, false);
		save(w);
		stop(w);
		for (int round = 0; round < 2; round++) {
			write_lines(w, 4);
			if (rows[i].copied)
				rotate_by_copy(w);
			else
				rotate_by_rename(w);
			log_world_gzip(&w->log, 2);
		}
		start(w, false, false);
		assert_int_equal(read_lines(w, 100), 0);
		expect_lines(w, rows[i].older ? 4 : 1, w->written);
		assert_string_equal(w->said, "");
		save(w);
		write_lines(w, 2);
		start(w, false, false);
		assert_int_equal(read_lines(w, 100), 0);
		expect_lines(w, rows[i].older ? 4 : 1, w->written);
		teardown(state);
	}
}

/* A backup put in the log's place, a link that went astray: the file that was
 * read last is older than those before it, and then it is gone. */
static void test_an_older_file_for_a_while(void **state)
{
	static const struct timespec long_ago[2] = {{.tv_sec = 1000},
	                                            {.tv_sec = 1000}};
	struct world *w = *state;

	write_lines(w, 3);
	rotate_by_rename(w);
	write_lines(w, 3);
	start(w, true, false);
	assert_int_equal(read_lines(w, 100), 0);
	rotate_by_rename(w);
	log_world_append(&w->log, "not of a log\n");
	assert_int_equal(utimensat(AT_FDCWD, w->log.path, long_ago, 0), 0);
	assert_int_equal(read_lines(w, 100), 0);
	assert_int_equal(unlink(w->log.path), 0);
	write_lines(w, 2);
	assert_int_equal(read_lines(w, 100), 0);
	expect_lines(w, 1, 8);
	assert_int_equal(w->unread, 1);
}

static void test_damaged_gzip(void **state)
{
	struct world *w = *state;
	auto_(xfree_str) char *gz = NULL;
	struct stat st;

	write_lines(w, 2000);
	rotate_by_rename(w);
	log_world_gzip(&w->log, 1);
	gz = log_world_rotated(&w->log, 1, true);
	assert_int_equal(stat(gz, &st), 0);
	assert_int_equal(truncate(gz, st.st_size / 2), 0);
	start(w, true, true);
	assert_int_equal(read_lines(w, 3000), ERR_NOTFOUND);
	assert_in_range(w->got_count, 1, 1999);
	assert_non_null(strstr(w->said, "damaged"));
}

/* What logrotate made with another compresscmd is left out, and named. */
static void test_other_compressors(void **state)
{
	static const struct {
		const char *suffix, *unpacker;
	} rows[] = {{".xz", "xz -d"},
	            {".bz2", "bzip2 -d"},
	            {".zst", "zstd -d"},
	            {".lz4", "lz4 -d"}};
	struct world *w = *state;

	write_lines(w, 3);
	rotate_by_rename(w);
	write_lines(w, 3);
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(xfree_str) char *plain =
			log_world_rotated(&w->log, 2, false);
		auto_(xfree_str) char *packed =
			xasprintf("%s%s", plain, rows[i].suffix);
		FILE *file = fopen(packed, "w");

		assert_non_null(file);
		fputs("Nov 23 12:00:00 not to be read as it is\n", file);
		fclose(file);
		start(w, true, true);
		assert_int_equal(read_lines(w, 100), ERR_NOTFOUND);
		expect_lines(w, 1, 6);
		assert_non_null(strstr(w->said, rows[i].suffix));
		assert_non_null(strstr(w->said, rows[i].unpacker));
		assert_non_null(strstr(w->said, "not counted"));
		assert_int_equal(remove(packed), 0);
	}
}

static void test_long_lines_are_skipped(void **state)
{
	static const size_t lengths[] = {LOG_LINE_MAX + 1, LOG_BLOCK,
	                                 LOG_BLOCK * 3};
	struct world *w = *state;

	write_lines(w, 1);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		char *text = xmalloc(lengths[i] + 2);

		memset(text, 'x', lengths[i]);
		text[lengths[i]] = '\n';
		text[lengths[i] + 1] = '\0';
		log_world_append(&w->log, text);
		free(text);
		write_lines(w, 1);
	}
	start(w, true, false);
	assert_int_equal(read_lines(w, 2), 1);
	save(w);
	start(w, false, false);
	assert_int_equal(read_lines(w, 100), 0);
	expect_lines(w, 1, 4);
	assert_non_null(strstr(w->said, "longer than 64 KiB"));
}

static void test_no_file(void **state)
{
	static const bool from_start[] = {false, true};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(from_start); i++) {
		struct log_file_options options = {.path = w->log.path,
		                                   .from_start = from_start[i]};
		struct err err = {0};

		assert_int_equal(log_file_open(&options, &w->source, &err),
		                 ERR_NOTFOUND);
		assert_non_null(strstr(err.text, "mail.log"));
	}
}

static void test_others_are_no_siblings(void **state)
{
	static const char *const names[] = {"mail.log.1.xz", "mail.log.bak",
	                                    "mail.log2",     "mail.logs",
	                                    "mail.log.1~",   "a.mail.log.1"};
	struct world *w = *state;
	char *file = w->log.path;

	for (size_t i = 0; i < COUNT(names); i++) {
		w->log.path = xasprintf("%s/%s", w->directory, names[i]);
		log_world_append(
			&w->log,
			"2026-03-01T00:00:00Z mx postfix/smtp[7]: 99\n");
		xfree_str(&w->log.path);
	}
	w->log.path = file;
	write_lines(w, 2);
	start(w, true, true);
	assert_int_equal(read_lines(w, 100), ERR_NOTFOUND);
	expect_lines(w, 1, 2);
}

static void act(struct world *w, unsigned dice)
{
	switch (dice % 12) {
	case 0:
		rotate_by_rename(w);
		break;
	case 1:
		rotate_by_copy(w);
		break;
	case 2:
		log_world_gzip(&w->log, 1 + (int)(dice / 12) % 3);
		break;
	case 3:
		write_half(w);
		break;
	case 4:
	case 5:
	case 6:
		write_lines(w, 1 + (int)(dice / 12) % 30);
		break;
	case 7:
		start(w, false, false);
		break;
	case 8:
		save(w);
		break;
	default:
		read_lines(w, (int)(dice / 12) % 40);
	}
}

/* Any order of writing, rotating, compressing, reading, and being killed. */
static void live_through(struct world *w, unsigned seed)
{
	const unsigned variant = seed;

	if (variant % 2 == 0)
		write_lines(w, 1);
	else
		log_world_append(&w->log, "");
	start(w, variant % 2 == 0, false);
	read_lines(w, 1);
	save(w);
	for (int i = 0; i < 80; i++)
		act(w, (unsigned)rand_r(&seed) >> 4);
	write_lines(w, variant % 4 < 2);
	assert_int_equal(read_lines(w, MOST_LINES), 0);
	expect_lines(w, 1, w->written);
	save(w);
	start(w, false, true);
	assert_int_equal(read_lines(w, MOST_LINES), ERR_NOTFOUND);
	expect_lines(w, 1, w->written);
}

static void test_any_order_of_things(void **state)
{
	for (unsigned seed = 1; seed <= 100; seed++) {
		struct world *w;

		assert_int_equal(setup(state), 0);
		w = *state;
		print_message("  - seed %u\n", seed);
		w->log.dateext = seed % 3 == 0;
		live_through(w, seed);
		teardown(state);
	}
}

static void test_stream(void **state)
{
	static const char text[] =
		"2026-03-01T10:00:00Z mx postfix/smtp[7]: 1\n"
		"no log line\n"
		"2026-03-01T10:00:01Z mx postfix/smtp[7]: 2\n"
		"2026-03-01T10:00:02Z mx postfix/smtp[7]: 3";
	struct world *w = *state;
	struct clock clock = clock_fixed(day_start(20513));
	struct err err = {0};
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(log_stream_open(fds[0], &clock, &w->source, &err), 0);
	assert_int_equal(read_lines(w, 10), 0);
	assert_int_equal(write(fds[1], text, strlen(text)), (int)strlen(text));
	w->source->wait(w->source, 1000);
	assert_int_equal(read_lines(w, 10), 0);
	expect_lines(w, 1, 2);
	w->source->wake(w->source);
	w->source->wait(w->source, 60000);
	assert_int_equal(read_lines(w, 10), 0);
	close(fds[1]);
	assert_int_equal(read_lines(w, 10), ERR_NOTFOUND);
	expect_lines(w, 1, 3);
	assert_int_equal(w->unread, 1);
	close(fds[0]);
}

/* wait() ends when there is something, long before its time. */
static void test_wait_ends_early(void **state)
{
	struct world *w = *state;

	write_lines(w, 1);
	start(w, true, false);
	assert_int_equal(read_lines(w, 10), 0);
	write_lines(w, 1);
	w->source->wait(w->source, 60000);
	assert_int_equal(read_lines(w, 10), 0);
	w->source->wake(w->source);
	w->source->wait(w->source, 60000);
	assert_int_equal(w->source->lag(w->source), 0);
	write_lines(w, 1);
	assert_true(w->source->lag(w->source) > 0);
}

#define LOG_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(test_from_the_end_on),
		LOG_TEST(test_half_a_line_waits),
		LOG_TEST(test_all_that_is_there_once),
		LOG_TEST(test_a_file_being_compressed_is_read_once),
		LOG_TEST(test_a_compression_that_has_begun_is_no_file),
		LOG_TEST(test_a_file_being_copied_is_read_once),
		LOG_TEST(test_a_writer_that_is_late_to_the_new_file),
		LOG_TEST(test_a_file_that_has_outgrown_itself),
		cmocka_unit_test(test_an_empty_file_that_is_empty_again),
		LOG_TEST(test_a_writer_that_stays_with_the_old_file),
		LOG_TEST(test_half_a_line_begins_many_a_log),
		LOG_TEST(test_emptied_without_a_copy),
		LOG_TEST(test_the_place_is_gone),
		LOG_TEST(test_a_line_of_a_time_to_come),
		LOG_TEST(test_an_older_file_for_a_while),
		LOG_TEST(test_damaged_gzip),
		LOG_TEST(test_other_compressors),
		LOG_TEST(test_long_lines_are_skipped),
		LOG_TEST(test_no_file),
		LOG_TEST(test_others_are_no_siblings),
		LOG_TEST(test_stream),
		LOG_TEST(test_wait_ends_early),
		cmocka_unit_test(test_an_empty_log_at_the_first_start),
		cmocka_unit_test(test_any_order_of_things),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
