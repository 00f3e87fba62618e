#include "unit/test.h"

#include <stdlib.h>

#include "base/auto.h"
#include "sealed/sealed_day.h"
#include "sealed/sealed_merge.h"

#define HEAD                                                                   \
	"{\"sealedDay\":1,\"normalForm\":1,\"host\":\"mx1.example.org\","      \
	"\"day\":\"2026-03-01\",\"store\":\"00000000000000aa\","               \
	"\"epoch\":\"00000000000000bb\",\"generation\":3,"                     \
	"\"sealedAt\":\"2026-03-02T00:10:00Z\",\"reports\":true}"
#define PLAIN(name)                                                            \
	"{\"domain\":\"" name "\",\"success\":2,\"failure\":0,\"policies\":[]" \
	"}"

static const struct sealed_head head = {
	.host = "mx1.example.org",
	.store_id = 0xaa,
	.epoch = 0xbb,
	.day = 20513, /* 2026-03-01 */
	.generation = 3,
	.sealed_at = 1772410200,
	.reports = true,
};

static const struct tally_limits limits = {32, 1000, 1 << 24, 1 << 25};

/* A session of one of a few domains, policies and outcomes. */
static void add_random(struct tally *tally, unsigned *seed)
{
	static const char *domains[] = {"a.example", "b.example", "c.example",
	                                "not a domain"};
	static const char *strings[] = {"version: STSv1", "mode: enforce",
	                                "max_age: 86400"};
	static const char *mx[] = {"*.mx.example", "mx.example"};
	static const char *helos[] = {NULL, "one.example", "zwei.example"};
	int n = rand_r(seed);
	struct failure_detail failure = {
		.result = (enum result_type)(1 + n % 5),
		.sending_ip = "192.0.2.1",
		.mx_host = n & 1 ? "mx.example" : NULL,
		.mx_helo = helos[n % 3],
		.reason = n & 2 ? "\"quoted\" \\ \xc3\xa4" : NULL,
	};
	struct session_policy policy = {
		.type = n & 4 ? POLICY_STS : POLICY_NONE,
		.domain = domains[n / 8 % 3],
		.strings = strings,
		.string_count = (size_t)(n / 32 % 4),
		.mx_hosts = mx,
		.mx_count = n & 4 ? 2 : 0,
		.failures = &failure,
		.failure_count = (n / 128) & 1,
		.failed = (n / 128) & 1,
		.unjudged = (n / 256) % 5 == 0 && !((n / 128) & 1),
	};
	struct session session = {
		.domain = domains[n / 8 % 4],
		.record = "v=TLSRPTv1;rua=mailto:a@b.example",
		.policies = &policy,
		.policy_count = 1,
	};

	assert_true(tally_add(tally, head.day, &session,
	                      1 + (uint64_t)(n / 512 % 3)));
}

/* The table's domains in lines. */
static void write_day(struct tally *tally, struct strbuf *out)
{
	auto_(sealed_writer_free) struct sealed_writer *writer =
		sealed_writer_new();
	struct tally_domain **sorted = tally_sorted(tally);

	sealed_write_head(writer, &head, out);
	for (size_t i = 0; i < tally_domain_count(tally); i++) {
		struct sealed_domain domain = {.counts = *sorted[i],
		                               .record_at = 1772400000};

		assert_int_equal(
			sealed_write_domain(writer, &domain, out, NULL), 0);
	}
	sealed_write_end(writer, out);
}

/* Reads on; the domain, or NULL when that line was none. */
static const struct sealed_domain *read_line(struct sealed_reader *reader,
                                             const char **at)
{
	const char *end = strchr(*at, '\n');
	enum sealed_line what;
	struct err err = {0};

	assert_non_null(end);
	if (sealed_read_line(reader, *at, (size_t)(end - *at), &what, &err) < 0)
		fail_msg("%s", err.text);
	*at = end + 1;
	return what == SEALED_LINE_DOMAIN ? sealed_reader_domain(reader) : NULL;
}

/* Adds what the lines say of that domain. */
static void merge_from(struct sealed_merge *merge, const char *lines,
                       const char *name)
{
	auto_(sealed_reader_free) struct sealed_reader *reader =
		sealed_reader_new();

	while (*lines != '\0') {
		const struct sealed_domain *domain = read_line(reader, &lines);

		if (domain != NULL && strcmp(domain->counts.domain, name) == 0)
			sealed_merge_add(merge, domain);
	}
	assert_int_equal(sealed_reader_finish(reader, NULL), 0);
}

static void write_one(const struct sealed_domain *domain, struct strbuf *out)
{
	auto_(sealed_writer_free) struct sealed_writer *writer =
		sealed_writer_new();

	assert_int_equal(sealed_write_domain(writer, domain, out, NULL), 0);
}

enum { HOSTS = 3 };

/* What three hosts counted is, merged in any order, what one host that saw
 * all would have. */
static void test_merged_hosts_are_one_that_saw_all(void **state)
{
	static const int orders[][HOSTS] = {{0, 1, 2}, {2, 0, 1}, {1, 2, 0}};

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		auto_(sealed_merge_free) struct sealed_merge *merge =
			sealed_merge_new(&limits);
		struct tally *all = tally_new(1, &limits), *part[HOSTS];
		struct strbuf text[HOSTS] = {{0}};
		unsigned seed = round, same = round;
		struct tally_domain **sorted;

		for (int i = 0; i < HOSTS; i++)
			part[i] = tally_new((uint64_t)i + 2, &limits);
		for (int i = 0; i < 200; i++) {
			add_random(all, &seed);
			add_random(part[i % HOSTS], &same);
		}
		for (int i = 0; i < HOSTS; i++)
			write_day(part[i], &text[i]);
		sorted = tally_sorted(all);
		for (size_t d = 0; d < tally_domain_count(all); d++) {
			struct sealed_domain whole = {.counts = *sorted[d],
			                              .record_at = 1772400000};
			auto_(strbuf_clear) struct strbuf want = {0};

			sealed_merge_begin(merge);
			sealed_merge_add(merge, &whole);
			write_one(sealed_merge_end(merge), &want);
			for (size_t o = 0; o < COUNT(orders); o++) {
				auto_(strbuf_clear) struct strbuf got = {0};

				sealed_merge_begin(merge);
				for (int i = 0; i < HOSTS; i++)
					merge_from(merge,
					           text[orders[o][i]].data,
					           sorted[d]->domain);
				write_one(sealed_merge_end(merge), &got);
				assert_string_equal(got.data, want.data);
			}
		}
		for (int i = 0; i < HOSTS; i++) {
			tally_free(&part[i]);
			strbuf_clear(&text[i]);
		}
		tally_free(&all);
	}
}

static void test_nothing_merged_is_nothing(void **state)
{
	auto_(sealed_merge_free) struct sealed_merge *merge =
		sealed_merge_new(&limits);

	(void)state;
	sealed_merge_begin(merge);
	assert_null(sealed_merge_end(merge));
}

#define GOOD "v=TLSRPTv1; rua=mailto:a@b.example"
#define GOOD2 "v=TLSRPTv1; rua=mailto:c@d.example"

static void test_the_newest_valid_record_wins(void **state)
{
	static const struct {
		const char *name;
		const char *records[HOSTS];
		int64_t at[HOSTS];
		const char *want;
	} rows[] = {
		{"the newest", {GOOD, GOOD2, GOOD}, {5, 9, 7}, GOOD2},
		{"a valid one before a newer one that is not",
	         {GOOD, "v=TLSRPTv1; nonsense", NULL},
	         {5, 9, 0},
	         GOOD},
		{"the newest of those that are not valid",
	         {"nonsense", "more of it", NULL},
	         {9, 5, 0},
	         "nonsense"},
		{"at the same moment: the same one each time",
	         {GOOD, GOOD2, NULL},
	         {5, 5, 0},
	         GOOD2},
		{"none", {NULL, "", NULL}, {0, 0, 0}, NULL},
	};
	auto_(sealed_merge_free) struct sealed_merge *merge =
		sealed_merge_new(&limits);

	(void)state;
	for (size_t r = 0; r < COUNT(rows); r++) {
		for (int turn = 0; turn < 2; turn++) {
			const struct sealed_domain *got;

			ROW(&rows[r]);
			sealed_merge_begin(merge);
			for (int i = 0; i < HOSTS; i++) {
				int k = turn ? HOSTS - 1 - i : i;
				struct sealed_domain domain = {
					.counts.domain = "a.example",
					.counts.record = rows[r].records[k],
					.record_at = rows[r].at[k],
				};

				sealed_merge_add(merge, &domain);
			}
			got = sealed_merge_end(merge);
			if (rows[r].want == NULL)
				assert_null(got->counts.record);
			else
				assert_string_equal(got->counts.record,
				                    rows[r].want);
		}
	}
}

static void test_a_domain_waits_while_one_host_waits(void **state)
{
	auto_(sealed_merge_free) struct sealed_merge *merge =
		sealed_merge_new(&limits);
	struct sealed_domain domain = {.counts.domain = "a.example"};

	(void)state;
	sealed_merge_begin(merge);
	sealed_merge_add(merge, &domain);
	assert_false(sealed_merge_end(merge)->waits);
	domain.waits = true;
	sealed_merge_add(merge, &domain);
	domain.waits = false;
	sealed_merge_add(merge, &domain);
	assert_true(sealed_merge_end(merge)->waits);
}

static void test_the_head_comes_back(void **state)
{
	auto_(sealed_reader_free) struct sealed_reader *reader =
		sealed_reader_new();
	auto_(sealed_writer_free) struct sealed_writer *writer =
		sealed_writer_new();
	auto_(strbuf_clear) struct strbuf text = {0};
	const struct sealed_head *got = sealed_reader_head(reader);
	const char *at;

	(void)state;
	sealed_write_head(writer, &head, &text);
	assert_string_equal(text.data, HEAD "\n");
	at = text.data;
	assert_null(read_line(reader, &at));
	assert_string_equal(got->host, head.host);
	assert_int_equal(got->store_id, head.store_id);
	assert_int_equal(got->epoch, head.epoch);
	assert_int_equal(got->day, head.day);
	assert_int_equal(got->generation, head.generation);
	assert_int_equal(got->sealed_at, head.sealed_at);
	assert_true(got->reports);
}

/* Lines, of which the last is refused, or none with want "". */
static void test_what_is_wrong_is_refused_in_words(void **state)
{
	static const struct {
		const char *name;
		const char *lines;
		const char *want;
	} rows[] = {
		{"nothing", "", "line 0: the day is cut off"},
		{"no JSON", "hello\n", "line 1"},
		{"not a sealed day", "{\"a\":1}\n", "sealedDay: missing"},
		{"a format to come", "{\"sealedDay\":2}\n",
	         "sealedDay is 2, and this version of tlstally knows 1 only"},
		{"another normal form", "{\"sealedDay\":1,\"normalForm\":9}\n",
	         "normalForm is 9"},
		{"cut off after the head", HEAD "\n",
	         "line 1: the day is cut off"},
		{"cut off after a domain", HEAD "\n" PLAIN("a.example") "\n",
	         "line 2: the day is cut off"},
		{"cut off within a line", HEAD "\n{\"domain\":\"a.exa\n",
	         "line 2"},
		{"a domain twice",
	         HEAD "\n" PLAIN("a.example") "\n" PLAIN("a.example") "\n",
	         "line 3: the domain is not after the one before"},
		{"domains not in order",
	         HEAD "\n" PLAIN("b.example") "\n" PLAIN("a.example") "\n",
	         "line 3: the domain is not after the one before"},
		{"a domain in capitals", HEAD "\n" PLAIN("A.example") "\n",
	         "not in its normal form"},
		{"no domain", HEAD "\n" PLAIN("") "\n",
	         "not in its normal form"},
		{"a count below 0",
	         HEAD "\n{\"domain\":\"a.x\",\"success\":-1,\"failure\":0,"
	              "\"policies\":[]}\n",
	         "success"},
		{"an unknown policy type",
	         HEAD "\n{\"domain\":\"a.x\",\"success\":1,\"failure\":0,"
	              "\"policies\":[{\"policy-type\":\"x\"}]}\n",
	         "unknown policy-type 'x'"},
		{"a policy that is not what its hash says",
	         HEAD "\n{\"domain\":\"a.x\",\"success\":1,\"failure\":0,"
	              "\"policies\":[{\"policy-type\":\"noPolicyFound\","
	              "\"policy-domain\":\"a.x\",\"success\":1,\"failure\":0,"
	              "\"sha256\":\"00\"}]}\n",
	         "the policy is not what its sha256 says"},
		{"a policy with more sessions than its domain",
	         HEAD "\n{\"domain\":\"a.x\",\"success\":1,\"failure\":0,"
	              "\"policies\":[{\"policy-type\":\"noPolicyFound\","
	              "\"policy-domain\":\"a.x\",\"success\":"
	              "9007199254740991,\"failure\":0,\"sha256\":"
	              "\"335d6caeb705ac374ed7379e97e9cba4a3ceb132c7478adec3f748"
	              "5ad3936938\""
	              "}]}\n",
	         "a policy has more sessions than the domain"},
		{"an end with other sums",
	         HEAD "\n" PLAIN("a.example") "\n"
	                                      "{\"end\":{\"domains\":2,"
	                                      "\"policies\":0,\"details\":0,"
	                                      "\"success\":2,\"failure\":0,"
	                                      "\"unjudged\":0,\"waiting\":0,"
	                                      "\"sha256\":\"00\"}}\n",
	         "domains is 2, and the lines before have 1"},
		{"an end with another digest",
	         HEAD "\n" PLAIN("a.example") "\n"
	                                      "{\"end\":{\"domains\":1,"
	                                      "\"policies\":0,\"details\":0,"
	                                      "\"success\":2,\"failure\":0,"
	                                      "\"unjudged\":0,\"waiting\":0,"
	                                      "\"sha256\":\"00\"}}\n",
	         "the lines before are not what its sha256 says"},
	};

	(void)state;
	for (size_t r = 0; r < COUNT(rows); r++) {
		auto_(sealed_reader_free) struct sealed_reader *reader =
			sealed_reader_new();
		const char *at = rows[r].lines;
		struct err err = {0};
		int rc = 0;

		ROW(&rows[r]);
		while (rc == 0 && *at != '\0') {
			size_t len = strcspn(at, "\n");
			enum sealed_line what;

			rc = sealed_read_line(reader, at, len, &what, &err);
			at += len + 1;
		}
		if (rc == 0)
			rc = sealed_reader_finish(reader, &err);
		assert_true(rc < 0);
		assert_int_equal(*at, '\0');
		if (strstr(err.text, rows[r].want) == NULL)
			fail_msg("%s", err.text);
	}
}

/* Told before any of it is made: a tree of values takes far more memory than
 * its text. */
static void test_a_line_of_too_many_values(void **state)
{
	auto_(sealed_reader_free) struct sealed_reader *reader =
		sealed_reader_new();
	auto_(strbuf_clear) struct strbuf line = {0};
	enum sealed_line what;
	struct err err;

	(void)state;
	strbuf_puts(&line, "{\"x\":[0");
	for (int i = 0; i < SEALED_VALUES_MAX; i++)
		strbuf_puts(&line, ",0");
	strbuf_puts(&line, "]}");
	assert_int_equal(
		sealed_read_line(reader, line.data, line.len, &what, &err),
		ERR_LIMIT);
	assert_non_null(strstr(err.text, "values"));
}

/* More policies and details than a line may have: what is written can be read,
 * and no session is lost. */
static void test_a_domain_without_bounds_fits_a_line(void **state)
{
	enum { SESSIONS = 100000 };
	static const struct tally_limits none = {SIZE_MAX / 4, SIZE_MAX / 4,
	                                         SIZE_MAX / 4, SIZE_MAX / 2};
	auto_(sealed_reader_free) struct sealed_reader *reader =
		sealed_reader_new();
	auto_(tally_free) struct tally *tally = tally_new(1, &none);
	auto_(strbuf_clear) struct strbuf text = {0};
	char helo[32];
	struct failure_detail failure = {.result = RESULT_CERTIFICATE_EXPIRED,
	                                 .mx_helo = helo,
	                                 .mx_host = "mx.a.example",
	                                 .reason = "certificate has expired"};
	struct session_policy policy = {.type = POLICY_STS,
	                                .domain = "a.example",
	                                .failures = &failure,
	                                .failure_count = 1,
	                                .failed = true};
	struct session session = {
		.domain = "a.example", .policies = &policy, .policy_count = 1};
	const struct tally_domain *counts;
	const char *at;

	(void)state;
	for (int i = 0; i < SESSIONS; i++) {
		snprintf(helo, sizeof(helo), "host%d.example", i);
		assert_true(tally_add(tally, head.day, &session, 1));
	}
	write_day(tally, &text);
	at = text.data;
	read_line(reader, &at);
	assert_true(strcspn(at, "\n") <= SEALED_LINE_MAX);
	counts = &read_line(reader, &at)->counts;
	assert_int_equal(counts->failure, SESSIONS);
	assert_int_equal(counts->policies->failure, SESSIONS);
	assert_in_range(counts->detail_count, SESSIONS / 8, SESSIONS - 1);
	read_line(reader, &at);
	assert_int_equal(sealed_reader_finish(reader, NULL), 0);
}

/* Each byte of a day matters: with any one changed it is refused. */
static void test_a_changed_byte_is_found(void **state)
{
	struct tally *tally = tally_new(1, &limits);
	struct strbuf text = {0};
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 5; i++)
		add_random(tally, &seed);
	write_day(tally, &text);
	for (size_t i = 0; i < text.len - 1; i++) {
		auto_(sealed_reader_free) struct sealed_reader *reader =
			sealed_reader_new();
		const char *at = text.data;
		int rc = 0;

		text.data[i] ^= 1;
		while (rc == 0 && *at != '\0') {
			size_t len = strcspn(at, "\n");
			enum sealed_line what;

			rc = sealed_read_line(reader, at, len, &what, NULL);
			at += len + (at[len] == '\n');
		}
		if (rc == 0)
			rc = sealed_reader_finish(reader, NULL);
		text.data[i] ^= 1;
		assert_true(rc < 0);
	}
	strbuf_clear(&text);
	tally_free(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merged_hosts_are_one_that_saw_all),
		cmocka_unit_test(test_nothing_merged_is_nothing),
		cmocka_unit_test(test_the_newest_valid_record_wins),
		cmocka_unit_test(test_a_domain_waits_while_one_host_waits),
		cmocka_unit_test(test_the_head_comes_back),
		cmocka_unit_test(test_what_is_wrong_is_refused_in_words),
		cmocka_unit_test(test_a_line_of_too_many_values),
		cmocka_unit_test(test_a_domain_without_bounds_fits_a_line),
		cmocka_unit_test(test_a_changed_byte_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
