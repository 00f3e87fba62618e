#include "unit/test.h"

#include "base/auto.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "report/report_id.h"
#include "unit/sample_report.h"

static void test_id(void **state)
{
	auto_(arena_clear) struct arena arena = {0};
	const char *id = report_id_make(&arena, SAMPLE_DAY, "example.com",
	                                "example.net", 42);

	(void)state;
	assert_int_equal(strncmp(id, "20260301.example.com.", 21), 0);
	assert_int_equal(strspn(id + 21, "0123456789abcdef"), 8);
	assert_string_equal(id + 29, "@example.net");
	assert_string_equal(id,
	                    report_id_make(&arena, SAMPLE_DAY, "example.com",
	                                   "example.net", 42));
	assert_string_not_equal(id, report_id_make(&arena, SAMPLE_DAY,
	                                           "example.com", "example.net",
	                                           43));
	assert_true(report_id_is_msg_id(id));
}

static void test_id_of_the_longest_names_is_a_msg_id(void **state)
{
	auto_(arena_clear) struct arena arena = {0};
	char name[DOMAIN_TEXT];
	const char *id;

	(void)state;
	memset(name, 'a', DOMAIN_MAX);
	name[63] = name[127] = name[191] = '.';
	name[DOMAIN_MAX] = '\0';
	id = report_id_make(&arena, SAMPLE_DAY, name, name, 42);
	assert_true(strlen(id) < REPORT_ID_TEXT);
	assert_true(report_id_is_msg_id(id));
}

static void test_is_msg_id(void **state)
{
	static const struct {
		const char *name, *id;
		bool want;
	} rows[] = {
		{"ours", "20260301.a_b.example.0011aaff@example.net", true},
		{"a plus, as Google has it", "2024.09.15+d@google.com", true},
		{"a colon", "2025-01-01T00:00:00Z_d@s.example", false},
		{"no at", "5065427c-23d3-47ca-b6e0-946ea0e8c4be", false},
		{"two ats", "a@b@c", false},
		{"nothing on the left", "@example.com", false},
		{"nothing on the right", "a@", false},
		{"two dots", "a..b@example.com", false},
		{"a dot first", ".a@example.com", false},
		{"a dot last", "a@example.com.", false},
		{"white space", "a b@example.com", false},
		{"a line end", "a@example.com\r\nBcc: x@example.org", false},
		{"angle brackets", "<a@example.com>", false},
		{"not ASCII", "\xc3\xa4@example.com", false},
		{"empty", "", false},
		{"absent", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ROW(&rows[i]);
		assert_int_equal(report_id_is_msg_id(rows[i].id), rows[i].want);
	}
}

static void test_spread(void **state)
{
	int64_t first = report_spread(SAMPLE_DAY, 7, 42, 14400);
	bool differs = false;

	(void)state;
	assert_int_equal(first, report_spread(SAMPLE_DAY, 7, 42, 14400));
	for (int day = 0; day < 50; day++) {
		int64_t got = report_spread(day, 7, 42, 14400);

		assert_true(got >= 0 && got < 14400);
		differs = differs || got != first;
	}
	assert_true(differs);
	assert_int_equal(report_spread(SAMPLE_DAY, 7, 42, 0), 0);
	assert_int_equal(report_spread(SAMPLE_DAY, 7, 42, -5), 0);
}

/* Neighbours often go to one receiver: of 10,000 in a row no minute gets more
 * than twice its share, wherever they begin; and what a run finds due, every
 * five minutes, are few groups of neighbours. */
static void test_spread_of_neighbours(void **state)
{
	static const struct {
		const char *name;
		int64_t spread;
	} rows[] = {
		{"a minute", 60},      {"six minutes", 360},
		{"an hour", 3600},     {"an odd number", 10007},
		{"four hours", 14400}, {"seven hours", 25200},
		{"half a day", 43200}, {"a day", 86400},
	};
	enum { NEIGHBOURS = 10000, MINUTES = 1440, FEW = 10 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (uint64_t from = 0; from < 1000000;
		     from += from < 20000 ? 1111 : 99991) {
			uint64_t got[MINUTES] = {0}, groups[MINUTES / 5] = {0};
			uint64_t twice =
				NEIGHBOURS * 120 / (uint64_t)rows[i].spread;
			int64_t before = -1;

			ROW(&rows[i]);
			for (uint64_t n = 0; n < NEIGHBOURS; n++) {
				int64_t at = report_spread(SAMPLE_DAY, from + n,
				                           42, rows[i].spread);

				assert_in_range(at, 0, rows[i].spread - 1);
				got[at / 60]++;
				groups[at / 300] +=
					before < 0 || at / 300 != before / 300;
				before = at;
			}
			for (int64_t m = 0; m < rows[i].spread / 60; m++)
				assert_in_range(got[m], 0, twice);
			for (int64_t m = 0; m < rows[i].spread / 300; m++)
				assert_in_range(groups[m], 0, FEW);
		}
}

struct planned {
	int64_t at;
	uint64_t position;
};

static int in_turn(const void *a, const void *b)
{
	const struct planned *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->position < y->position ? -1 : x->position > y->position;
}

/* Of a day of a million a run claims 256 at a time, in the order in which they
 * are due: they are few groups of neighbours, and so are the pages that are
 * written. */
static void test_spread_of_batches(void **state)
{
	enum { REPORTS = 1000000, BATCH = 256, RUN = 300, MOST = 12 };
	struct planned *due = malloc(REPORTS * sizeof(*due));
	size_t count = 0, groups = 0;

	(void)state;
	assert_non_null(due);
	for (uint64_t n = 0; n < REPORTS; n++) {
		int64_t at = report_spread(SAMPLE_DAY, n, 42, 14400);

		if (at < RUN)
			due[count++] = (struct planned){at, n};
		/* or the run at that moment and the next would share it */
		assert_int_not_equal(at % RUN, 0);
	}
	qsort(due, count, sizeof(*due), in_turn);
	for (size_t i = 1; i < count; i++)
		groups += due[i].position != due[i - 1].position + 1;
	free(due);
	assert_in_range(count, REPORTS / 48 / 2, REPORTS / 48 * 2);
	assert_in_range(groups * BATCH / count, 1, MOST);
}

/* A small site's reports have all of the time, too. */
static void test_spread_of_few(void **state)
{
	uint64_t hours[4] = {0};

	(void)state;
	for (uint64_t n = 0; n < 40; n++)
		hours[report_spread(SAMPLE_DAY, n, 42, 4 * 3600) / 3600]++;
	for (size_t i = 0; i < COUNT(hours); i++)
		assert_in_range(hours[i], 6, 14);
}

/* Names of a length as long as names may be, of labels of 60. */
static void name_of(char *name, char letter, size_t len)
{
	memset(name, letter, len);
	for (size_t i = 60; i + 1 < len; i += 61)
		name[i] = '.';
	name[len] = '\0';
}

/* The header as it is when its lines are joined again. */
static char *unfolded(const struct strbuf *header)
{
	struct strbuf text = {0};

	for (size_t i = 0; i < header->len; i++)
		if (header->data[i] != '\r' && header->data[i] != '\n')
			strbuf_putc(&text, header->data[i]);
	return strbuf_take(&text);
}

static size_t times_in(const char *text, const char *name)
{
	size_t n = 0;

	for (; (text = strstr(text, name)) != NULL; text += strlen(name))
		n++;
	return n;
}

/* What RFC 8460 section 5.3 wants, and no more of it than need be. */
static void check_subject(const char *domain, const char *submitter,
                          const char *id)
{
	auto_(strbuf_clear) struct strbuf header = {0}, start = {0};
	auto_(xfree_str) char *line = NULL;
	size_t len, d = strlen(domain), s = strlen(submitter);
	char *given;

	report_subject_write(domain, submitter, id, &header);
	len = header.len - strlen("Subject: ") - strlen("\r\n");
	line = unfolded(&header);
	strbuf_printf(&start,
	              "Subject: Report Domain: %s Submitter: %s "
	              "Report-ID: <",
	              domain, submitter);
	assert_int_equal(strncmp(line, start.data, start.len), 0);
	given = line + start.len;
	assert_int_equal(given[strlen(given) - 1], '>');
	given[strlen(given) - 1] = '\0';
	assert_true(report_id_is_msg_id(given));
	if (d > 60)
		assert_int_equal(times_in(line, domain), 1);
	if (s > 60)
		assert_int_equal(times_in(line, submitter), 1);
	if (s > 44) {
		assert_true(len <= d + s + 68);
		return;
	}
	assert_true(len <= d + 120);
	if (d <= 90)
		assert_true(len <= 200);
}

static void test_subject_of_all_lengths(void **state)
{
	static const char *const ids[] = {
		"2026-03-01T00:00:00Z_example", "x", "a@b",
		("a.very.long.id.of.somebody.else."
	         "0123456789012345678901234567890123456789@example.org")};
	char domain[DOMAIN_TEXT], submitter[DOMAIN_TEXT];

	(void)state;
	/* each length of both up to where nothing depends on it any more */
	for (size_t s = 1; s <= DOMAIN_MAX; s += s < 64 ? 1 : 9)
		for (size_t d = 1; d <= DOMAIN_MAX; d++) {
			auto_(arena_clear) struct arena mem = {0};
			const char *id;

			name_of(domain, 'd', d);
			name_of(submitter, 's', s);
			id = report_id_make(&mem, SAMPLE_DAY, domain, submitter,
			                    7);
			assert_true(strlen(id) < REPORT_ID_TEXT);
			assert_true(report_id_is_msg_id(id));
			check_subject(domain, submitter, id);
			check_subject(domain, submitter, ids[(s + d) % 4]);
		}
}

/* Body and Subject of a report of ours have the same id. */
static void test_subject_has_the_id(void **state)
{
	char domain[DOMAIN_TEXT];

	(void)state;
	for (size_t d = 1; d <= DOMAIN_MAX; d++) {
		auto_(arena_clear) struct arena mem = {0};
		auto_(strbuf_clear) struct strbuf header = {0};
		const char *id;

		name_of(domain, 'd', d);
		id = report_id_make(&mem, SAMPLE_DAY, domain, "example.net", 7);
		report_subject_write(domain, "example.net", id, &header);
		assert_non_null(strstr(header.data, id));
	}
}

static void test_long_ids(void **state)
{
	static const struct {
		const char *name, *domain, *submitter, *want;
	} rows[] = {
		{"names as they are", "example.com", "example.net",
	         "20260301.example.com.e6f928fd@example.net"},
		{"a domain that is long",
	         "mail.of.the.faculty.of.arts.university.example",
	         "example.net", "20260301.HASH.HASH@example.net"},
		{"a submitter that is, too",
	         "mail.of.the.faculty.of.arts.university.example",
	         "reports.of.the.other.university.example", "HASH@HASH"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(arena_clear) struct arena mem = {0};
		const char *got, *want = rows[i].want;

		ROW(&rows[i]);
		got = report_id_make(&mem, SAMPLE_DAY, rows[i].domain,
		                     rows[i].submitter, 42);
		while (*want != '\0') {
			if (strncmp(want, "HASH", 4) != 0) {
				assert_int_equal(*got++, *want++);
				continue;
			}
			assert_true(strspn(got, "0123456789abcdef") >= 8);
			got += 8;
			want += 4;
		}
		assert_int_equal(*got, '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_id_of_the_longest_names_is_a_msg_id),
		cmocka_unit_test(test_is_msg_id),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_spread_of_neighbours),
		cmocka_unit_test(test_spread_of_batches),
		cmocka_unit_test(test_spread_of_few),
		cmocka_unit_test(test_subject_of_all_lengths),
		cmocka_unit_test(test_subject_has_the_id),
		cmocka_unit_test(test_long_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
