/*
 * received_bench - what received reports cost who looks at them, without HTTP
 *
 * usage: received_bench DIRECTORY   (an empty one; it is filled)
 *
 *   100,000 reports of 30 days by 50 organizations about one domain, of which
 *   one has 10,000 failure details; lists of them, that one, the posture
 *
 * Prints NAME: MILLISECONDS, and those of the processor; the best of several
 * tries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/object_id.h"
#include "base/auto.h"
#include "base/day.h"
#include "intake/received_take.h"
#include "jmap/jmap.h"
#include "store/received_table.h"

#include "bench.h"

enum {
	REPORTS = 100000,
	DAYS = 30,
	ORGANIZATIONS = 50,
	DETAILS = 10000,
	TRIES = 5,
	FIRST = 20513, /* 2026-03-01 */
	NOW = (FIRST + DAYS) * 86400,
};

#define SPAN "2026-03-01_2026-03-30"

static double processor_ms(void)
{
	return (double)clock() * 1e3 / CLOCKS_PER_SEC;
}

static void put(struct db_txn *txn, int i)
{
	struct received_faults faults = {.count = 0};
	uint64_t failed = i % 7 == 0 ? 3 : 0;
	struct received_domain domain = {
		.domain = "example.com",
		.ours = true,
		.sums = {.reports = 1, .success = 100, .failure = failed},
		.faults = &faults,
	};
	struct received_row row = {
		.received_at = NOW - REPORTS + i,
		.expires_at = NOW + 90 * 86400 + i,
		.day = FIRST + i % DAYS,
		.authenticated = true,
		.counts = true,
		.ours = 1,
		.success = 100,
		.failure = failed,
		.results = failed ? 1u << RESULT_CERTIFICATE_EXPIRED : 0,
		.domain = "example.com",
		.submitter = "sender.example",
	};
	char body[64];

	snprintf(row.organization, sizeof(row.organization), "Sender %d Inc.",
	         i / DAYS % ORGANIZATIONS);
	snprintf(row.report_id, sizeof(row.report_id), "%d@sender.example", i);
	snprintf(body, sizeof(body), "not looked at, %d", i);
	domain.sums.results[RESULT_CERTIFICATE_EXPIRED] = failed;
	if (failed > 0)
		received_faults_add(
			&faults, RESULT_CERTIFICATE_EXPIRED,
			i % 2 ? "mx1.example.com" : "mx2.example.com", failed);
	received_put(txn, &row, body, strlen(body), &domain, 1);
}

static void fill(struct db *db)
{
	struct err err;

	for (int i = 0; i < REPORTS; i += 1000) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(db);

		for (int j = i; j < i + 1000; j++)
			put(txn, j);
		if (db_commit(&txn, &err) < 0)
			die(err.text);
	}
}

static void note_id(void *arg, const struct received_taken *taken)
{
	*(uint64_t *)arg = taken->row.id;
}

/* The id of the one with many details. */
static uint64_t take_long(struct db *db, const struct conf *conf)
{
	auto_(received_taker_free) struct received_taker *taker = NULL;
	auto_(strbuf_clear) struct strbuf json = {0};
	uint64_t id = 0;
	struct err err;

	strbuf_puts(&json, "{\"organization-name\":\"Long\",\"report-id\":"
	                   "\"1\",\"contact-info\":\"a\",\"date-range\":{"
	                   "\"start-datetime\":\"2026-03-01T00:00:00Z\","
	                   "\"end-datetime\":\"2026-03-01T23:59:59Z\"},"
	                   "\"policies\":[{\"policy\":{\"policy-type\":"
	                   "\"sts\",\"policy-domain\":\"example.com\"},"
	                   "\"summary\":{"
	                   "\"total-successful-session-count\":1,"
	                   "\"total-failure-session-count\":10000},"
	                   "\"failure-details\":[");
	for (int i = 0; i < DETAILS; i++)
		strbuf_printf(&json,
		              "%s{\"result-type\":\"certificate-expired\","
		              "\"sending-mta-ip\":\"192.0.2.%d\","
		              "\"receiving-mx-hostname\":\"mx%d.example.com\","
		              "\"receiving-ip\":\"2001:db8::%x\","
		              "\"failed-session-count\":1}",
		              i ? "," : "", i % 256, i, (unsigned)i);
	strbuf_puts(&json, "]}]}");
	if (received_taker_new(&taker, db, conf, &err) < 0 ||
	    received_take_file(taker, RECEIVED_FROM_FILE, json.data, json.len,
	                       NOW, note_id, &id, &err) < 0)
		die(err.text);
	return id;
}

static void measure(const struct jmap *jmap, const char *name, const char *call)
{
	const struct jmap_caller caller = {.name = "bench",
	                                   .permissions = PERMIT_ALL};
	auto_(strbuf_clear) struct strbuf body = {0}, out = {0};
	double best = 1e9, best_processor = 1e9;
	struct jmap_problem problem;

	strbuf_printf(&body,
	              "{\"using\":[\"urn:stalwart:jmap\","
	              "\"urn:tlstally:jmap\"],\"methodCalls\":[%s]}",
	              call);
	for (int i = 0; i < TRIES; i++) {
		double start = now_ms(), processor = processor_ms();

		strbuf_reset(&out);
		jmap_answer(jmap, &caller, body.data, body.len, &out, &problem);
		start = now_ms() - start;
		processor = processor_ms() - processor;
		if (problem.status != 0 || strstr(out.data, "\"error\""))
			die(out.data ? out.data : problem.detail);
		best = start < best ? start : best;
		if (processor < best_processor)
			best_processor = processor;
	}
	printf("%s: %.1f ms, %.1f ms of a processor\n", name, best,
	       best_processor);
}

/* A page of the list: ids and what a row shows. */
#define LIST(filter, sort)                                                     \
	"[\"x:TlsExternalReport/query\",{\"filter\":{" filter                  \
	"},\"sort\":[{\"property\":\"" sort "\",\"isAscending\":false}],"      \
	"\"limit\":50,\"calculateTotal\":true},\"q\"],"                        \
	"[\"x:TlsExternalReport/get\",{\"#ids\":{\"resultOf\":\"q\",\"name\":" \
	"\"x:TlsExternalReport/query\",\"path\":\"/ids\"},\"properties\":["    \
	"\"domain\",\"organization\",\"day\",\"totalFailedSessions\"]},\"g\"]"

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = 4ull << 30, .create = true};
	struct clock clock = clock_fixed(NOW);
	auto_(strbuf_clear) struct strbuf call = {0};
	struct conf conf;
	struct db *db = NULL;
	struct jmap jmap = {.conf = &conf, .clock = &clock};
	char id[OBJECT_ID_TEXT];
	struct err err;

	if (argc != 2)
		die("usage: received_bench DIRECTORY");
	options.directory = argv[1];
	if (db_open(&db, &options, &err) < 0)
		die(err.text);
	conf_init(&conf);
	jmap.db = db;
	fill(db);
	strbuf_printf(&call,
	              "[\"x:TlsExternalReport/get\",{\"ids\":[\"%s\"]},\"0\"]",
	              object_id_format(take_long(db, &conf), id));
	measure(&jmap, "list, newest first", LIST("", "receivedAt"));
	measure(&jmap, "list, filtered, most failures first",
	        LIST("\"text\":\"sender 1\",\"result\":\"certificateExpired\","
	             "\"minSessions\":10",
	             "failures"));
	measure(&jmap, "a report of 10,000 details", call.data);
	measure(&jmap, "posture of 30 days",
	        "[\"tally:Posture/get\",{\"ids\":[\"d" SPAN
	        "-example_com\"]},\"0\"]");
	conf_clear(&conf);
	db_close(&db);
	return 0;
}
