#include "unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/day.h"
#include "base/err.h"
#include "base/gzip.h"
#include "base/log.h"
#include "base/new_file.h"
#include "base/reader.h"
#include "base/slots.h"
#include "base/strbuf.h"
#include "base/wait.h"

static void test_time_parse(void **state)
{
	static const struct {
		const char *name, *text;
		int64_t want; /* -1: refused */
	} rows[] = {
		{"the epoch", "1970-01-01T00:00:00Z", 0},
		{"no seconds", "2026-03-01T10:00Z", 1772359200},
		{"an offset", "2026-03-01T11:00:00+01:00", 1772359200},
		{"a fraction", "2026-03-01T10:00:00.75Z", 1772359200},
		{"leap day", "2024-02-29T00:00:00Z", 1709164800},
		{"no leap day", "2026-02-29T00:00:00Z", -1},
		{"leap second", "2016-12-31T23:59:60Z", 1483228799},
		{"no offset", "2026-03-01T10:00:00", -1},
		{"words after", "2026-03-01T10:00:00Z x", -1},
		{"hour 24", "2026-03-01T24:00:00Z", -1},
		{"month 13", "2026-13-01T00:00:00Z", -1},
		{"empty", "", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = {0};
		int64_t got = 0;

		ROW(&rows[i]);
		if (rows[i].want < 0) {
			assert_int_equal(
				day_parse_time(rows[i].text, &got, &err),
				ERR_PARSE);
			assert_non_null(strstr(err.text, "RFC 3339"));
		} else {
			assert_int_equal(
				day_parse_time(rows[i].text, &got, &err), 0);
			assert_int_equal(got, rows[i].want);
		}
	}
}

static void test_days(void **state)
{
	char text[TIME_TEXT];
	int32_t day;

	(void)state;
	assert_int_equal(day_parse("2024-02-29", &day, NULL), 0);
	assert_string_equal(day_format(day, text), "2024-02-29");
	assert_string_equal(day_format_time(day_end(day), text),
	                    "2024-02-29T23:59:59Z");
	assert_int_equal(day_of(day_end(day)), day);
	assert_int_equal(day_of(day_end(day) + 1), day + 1);
	assert_int_equal(day_of(-1), -1);
	assert_int_equal(day_parse("2026-3-1", &day, NULL), ERR_PARSE);
	assert_int_equal(day_parse("2026-03-01x", &day, NULL), ERR_PARSE);
}

static void test_strbuf_keeps_to_its_cap(void **state)
{
	struct strbuf buf;

	(void)state;
	strbuf_init(&buf, 4);
	strbuf_puts(&buf, "abcd");
	assert_false(buf.failed);
	strbuf_putc(&buf, 'e');
	assert_true(buf.failed);
	assert_string_equal(strbuf_text(&buf), "abcd");
	strbuf_clear(&buf);
	assert_string_equal(strbuf_text(&buf), "");
}

static void test_reader_reads_what_strbuf_wrote(void **state)
{
	struct strbuf buf;
	struct reader reader;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	strbuf_init(&buf, 0);
	strbuf_u8(&buf, 7);
	strbuf_u16(&buf, 0x1234);
	strbuf_u64(&buf, UINT64_MAX - 1);
	strbuf_varint(&buf, 0);
	strbuf_varint(&buf, 300);
	strbuf_varint(&buf, UINT64_MAX);
	strbuf_str(&buf, NULL);
	strbuf_str(&buf, "text");
	reader_init(&reader, buf.data, buf.len);
	assert_int_equal(reader_u8(&reader), 7);
	assert_int_equal(reader_u16(&reader), 0x1234);
	assert_true(reader_u64(&reader) == UINT64_MAX - 1);
	assert_true(reader_varint(&reader) == 0);
	assert_true(reader_varint(&reader) == 300);
	assert_true(reader_varint(&reader) == UINT64_MAX);
	assert_null(reader_str(&reader, &arena));
	assert_string_equal(reader_str(&reader, &arena), "text");
	assert_int_equal(reader_left(&reader), 0);
	assert_false(reader.failed);
	assert_int_equal(reader_u32(&reader), 0);
	assert_true(reader.failed);
	strbuf_clear(&buf);
	arena_clear(&arena);
}

static void test_varints_that_none_wrote(void **state)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
	} rows[] = {
		{"it has no end", "\x80", 1},
		{"longer than it needs to be", "\x80\x00", 2},
		{"more than 64 bits",
	         "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10},
		{"ten bytes and more",
	         "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01", 11},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reader reader;

		reader_init(&reader, rows[i].bytes, rows[i].len);
		if (reader_varint(&reader) != 0 || !reader.failed)
			fail_msg("%s: was read", rows[i].name);
	}
}

static void test_gzip(void **state)
{
	struct gzip *gzip = gzip_new();
	struct strbuf packed, again, plain;
	struct err err = {0};

	(void)state;
	strbuf_init(&packed, 0);
	strbuf_init(&again, 0);
	strbuf_init(&plain, 0);
	gzip_pack(gzip, "hello hello hello", 17, &packed);
	gzip_pack(gzip, "hello hello hello", 17, &again);
	assert_int_equal(packed.len, again.len);
	assert_memory_equal(packed.data, again.data, packed.len);
	assert_int_equal(
		gzip_unpack(packed.data, packed.len, 100, &plain, &err), 0);
	assert_string_equal(strbuf_text(&plain), "hello hello hello");
	strbuf_reset(&plain);
	assert_int_equal(gzip_unpack(packed.data, packed.len, 16, &plain, &err),
	                 ERR_LIMIT);
	strbuf_reset(&plain);
	assert_int_equal(
		gzip_unpack(packed.data, packed.len - 1, 99, &plain, &err),
		ERR_PARSE);
	strbuf_clear(&packed);
	strbuf_clear(&again);
	strbuf_clear(&plain);
	gzip_free(&gzip);
}

static void test_log_escape(void **state)
{
	char out[16];

	(void)state;
	assert_string_equal(log_escape(out, sizeof(out), "a\nb\\", 4),
	                    "a\\x0ab\\x5c");
	assert_string_equal(log_escape(out, 6, "ab\x80\x80", 4), "ab");
}

static void test_log_limit(void **state)
{
	struct log_limit limit = {0};
	uint64_t held;

	(void)state;
	assert_true(log_allowed(&limit, 1000, &held));
	assert_false(log_allowed(&limit, 1001, &held));
	assert_false(log_allowed(&limit, 60999, &held));
	assert_true(log_allowed(&limit, 61000, &held));
	assert_int_equal(held, 2);
}

static void test_clocks(void **state)
{
	struct clock clock = clock_fixed(1000);
	int64_t monotonic = clock_monotonic_ms(&clock);
	int64_t boot = clock_boot_ms(&clock);

	(void)state;
	clock.fixed_ms += 5000;
	clock_step(&clock, 86400 * 1000);
	clock_sleep(&clock, 60 * 1000);
	assert_int_equal(clock_secs(&clock), 1000 + 5 + 86400 + 60);
	assert_int_equal(clock_monotonic_ms(&clock) - monotonic, 5000);
	assert_int_equal(clock_boot_ms(&clock) - boot, 65000);
	clock_step(&clock, -86400 * 1000);
	assert_int_equal(clock_secs(&clock), 1000 + 5 + 60);
	assert_int_equal(clock_boot_ms(&clock) - boot, 65000);
}

/* --now moves what is written down, and no span. */
static void test_clock_shifted(void **state)
{
	struct clock clock = clock_shifted(1000), real = clock_system();

	(void)state;
	assert_in_range(clock_secs(&clock), 1000, 1060);
	assert_in_range(clock_boot_ms(&clock) - clock_boot_ms(&real), 0, 60000);
	assert_in_range(clock_monotonic_ms(&clock) - clock_monotonic_ms(&real),
	                0, 60000);
}

/* What waits for a condition waits until its moment, and no longer. */
static void test_wait_cond(void **state)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int64_t began_ms = clock_host_ms(), until_ms = began_ms + 1050;
	pthread_cond_t cond;

	(void)state;
	wait_cond_init(&cond);
	pthread_mutex_lock(&lock);
	while (wait_cond(&cond, &lock, until_ms))
		;
	assert_in_range(clock_host_ms() - began_ms, 1050, 30000);
	assert_false(wait_cond(&cond, &lock, began_ms));
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&cond);
}

struct named {
	uint64_t hash;
	int name;
};

static int by_name(const void *a, const void *b)
{
	const struct named *const *x = a, *const *y = b;

	return (*x)->name - (*y)->name;
}

static const struct named *slots_get(struct slots *slots, uint64_t hash,
                                     int name)
{
	const struct named *entry;
	size_t at = hash;

	while ((entry = slots_find(slots, hash, &at)) != NULL)
		if (entry->name == name)
			break;
	return entry;
}

/* Hashes that meet, and more entries than the table began with. */
static void test_slots(void **state)
{
	enum { ENTRIES = 5000 };
	static struct named entries[ENTRIES];
	struct named **sorted;
	struct slots slots;

	(void)state;
	slots_init(&slots);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < ENTRIES; i++) {
			uint64_t hash = (uint64_t)(i % 7 == 0 ? 1023 : i * 3);

			entries[i] = (struct named){hash, ENTRIES - i};
			assert_null(slots_get(&slots, hash, ENTRIES - i));
			slots_insert(&slots, &entries[i]);
		}
		assert_int_equal(slots.used, ENTRIES);
		for (int i = 0; i < ENTRIES; i++)
			assert_ptr_equal(
				slots_get(&slots, entries[i].hash, ENTRIES - i),
				&entries[i]);
		sorted = slots_sorted(&slots, by_name);
		for (int i = 0; i < ENTRIES; i++)
			assert_ptr_equal(sorted[i], &entries[ENTRIES - 1 - i]);
		slots_reset(&slots);
		assert_int_equal(slots.used, 0);
		assert_null(slots_get(&slots, 1023, ENTRIES));
	}
	assert_true(slots.size >= 2 * ENTRIES);
	slots_reset(&slots);
	assert_true(slots.size < ENTRIES); /* nobody needs it any more */
	slots_clear(&slots);
}

static void test_err_prefix(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(err_set(&err, ERR_LIMIT, "too %s", "long"), ERR_LIMIT);
	assert_int_equal(err_prefix(&err, "rua"), ERR_LIMIT);
	assert_string_equal(err.text, "rua: too long");
}

/* A signal that ends the process before the file has its name takes what was
 * written with it; one that comes later does not. */
static void test_new_file_and_signals(void **state)
{
	static const struct {
		const char *name;
		int sig;
		bool named;
	} rows[] = {
		{"SIGTERM", SIGTERM, false},
		{"SIGINT", SIGINT, false},
		{"SIGHUP", SIGHUP, false},
		{"when it has its name", SIGTERM, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char directory[] = "/tmp/test_new_file.XXXXXX", path[64];
		int status = 0;
		pid_t pid;

		ROW(&rows[i]);
		assert_non_null(mkdtemp(directory));
		snprintf(path, sizeof(path), "%s/copy", directory);
		pid = fork();
		if (pid == 0) {
			struct new_file *file = NULL;

			/* nohup(1) has us ignore it */
			signal(rows[i].sig, SIG_DFL);
			new_file_open(&file, path, 0600, false, NULL);
			if (rows[i].named)
				new_file_commit(file, NULL);
			raise(rows[i].sig);
			_exit(1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), rows[i].sig);
		assert_int_equal(unlink(path), rows[i].named ? 0 : -1);
		/* nothing else is left */
		assert_int_equal(rmdir(directory), 0);
	}
}

static void test_base64(void **state)
{
	static const char *const bad[] = {
		"A", "AA=A", "A===", "AAA*", "AA==AAAA", "AAA\n"};
	unsigned char bytes[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 37);
	for (size_t len = 0; len < sizeof(bytes); len++) {
		struct strbuf text = {0}, read = {0};

		base64_write(bytes, len, &text);
		assert_true(base64_read(strbuf_text(&text), &read));
		assert_int_equal(read.len, len);
		if (len > 0)
			assert_memory_equal(read.data, bytes, len);
		strbuf_clear(&text);
		strbuf_clear(&read);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct strbuf read = {0};

		assert_false(base64_read(bad[i], &read));
		strbuf_clear(&read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time_parse),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_strbuf_keeps_to_its_cap),
		cmocka_unit_test(test_reader_reads_what_strbuf_wrote),
		cmocka_unit_test(test_varints_that_none_wrote),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_log_escape),
		cmocka_unit_test(test_log_limit),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_clock_shifted),
		cmocka_unit_test(test_wait_cond),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_err_prefix),
		cmocka_unit_test(test_new_file_and_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
