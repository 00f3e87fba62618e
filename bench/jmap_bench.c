/*
 * jmap_bench - what JMAP costs with many reports in the outbox, without HTTP
 *
 * usage: jmap_bench DIRECTORY   (an empty one; it is filled)
 *
 *   100,000 reports; a filtered and sorted /query, /get of 500, one small /get
 *
 * Prints NAME: MILLISECONDS, the best of several tries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jmap/jmap.h"
#include "base/auto.h"
#include "base/gzip.h"
#include "api/object.h"
#include "api/object_id.h"
#include "report/report_json.h"
#include "store/outbox_table.h"

#include "bench.h"

enum { REPORTS = 100000, TRIES = 7, NOW = 1772409600, SMALL = 2000 };

/* A report of two policies with three kinds of failures. */
static void make_body(struct strbuf *packed)
{
	auto_(report_free) struct report *report = report_new();
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	auto_(strbuf_clear) struct strbuf json = {0};
	struct report_detail details[3] = {
		{{.result = RESULT_CERTIFICATE_EXPIRED,
	          .mx_host = "mx1.example.com",
	          .receiving_ip = "192.0.2.1"},
	         3},
		{{.result = RESULT_STARTTLS_NOT_SUPPORTED,
	          .mx_host = "mx2.example.com"},
	         2},
		{{.result = RESULT_VALIDATION_FAILURE}, 1},
	};
	struct report_policy policies[2] = {
		{.type = POLICY_STS,
	         .domain = "example.com",
	         .success = 100,
	         .failure = 6,
	         .details = details,
	         .detail_count = 3},
		{.type = POLICY_NONE, .domain = "example.com", .success = 7},
	};

	report->report_id = "20260301.example.com.0a1b2c3d@us.example";
	report->contact_info = "tls@us.example";
	report->start = NOW - 86400;
	report->end = NOW - 1;
	report->policies = policies;
	report->policy_count = 2;
	report_json_write(report, false, &json);
	gzip_pack(gzip, json.data, json.len, packed);
}

static void fill(struct db *db)
{
	auto_(strbuf_clear) struct strbuf body = {0};
	struct rua rua;
	struct err err;

	make_body(&body);
	rua_from_address("tls@example.com", 15, &rua, &err);
	for (int i = 0; i < REPORTS; i += 1000) {
		auto_(db_abort) struct db_txn *txn = db_begin_write(db);

		for (int j = i; j < i + 1000; j++) {
			struct outbox_new new = {
				.ruas = &rua,
				.rua_count = 1,
				.body = body.data,
				.body_len = body.len,
				.head = {.status = OUTBOX_PENDING,
			                 .created_at = NOW,
			                 .deliver_at = NOW + j % 14400,
			                 .failure = (uint64_t)(j % 3),
			                 .report_id = "20260301.example.com."
			                              "0a1b2c3d@us.example"},
			};

			snprintf(new.head.domain, sizeof(new.head.domain),
			         "host-%06u.example",
			         (unsigned)j * 7919u % REPORTS);
			outbox_add(txn, &new, (int64_t)NOW * 1000);
		}
		if (db_commit(&txn, &err) < 0)
			die(err.text);
	}
}

/* The best of some tries: `count` times the request. */
static void measure(const struct jmap *jmap, const char *name, const char *call,
                    int count)
{
	const struct jmap_caller caller = {"bench", PERMIT_ALL};
	auto_(strbuf_clear) struct strbuf body = {0}, out = {0};
	struct jmap_problem problem;
	double best = 1e9;

	strbuf_printf(&body,
	              "{\"using\":[\"" JMAP_STALWART
	              "\"],\"methodCalls\":[%s]}",
	              call);
	for (int i = 0; i < TRIES; i++) {
		double start = now_ms();

		for (int j = 0; j < count; j++) {
			strbuf_reset(&out);
			jmap_answer(jmap, &caller, body.data, body.len, &out,
			            &problem);
		}
		if (problem.status != 0 || strstr(out.data, "\"error\""))
			die(out.data ? out.data : problem.detail);
		if (now_ms() - start < best)
			best = now_ms() - start;
	}
	printf("%s: %.3f ms\n", name, best / count);
}

static void measure_get(const struct jmap *jmap, struct db *db)
{
	auto_(strbuf_clear) struct strbuf call = {0};
	struct db_txn *txn = db_begin_read(db);
	struct outbox_head head = {.id = 0};
	char id[OBJECT_ID_TEXT];

	strbuf_puts(&call, "[\"x:TlsInternalReport/get\",{\"ids\":[");
	for (int i = 0; i < 500 && outbox_head_next(txn, &head); i++)
		strbuf_printf(&call, "%s\"%s\"", i ? "," : "",
		              object_id_format(head.id, id));
	strbuf_puts(&call, "]},\"0\"]");
	measure(jmap, "get of 500", call.data, 1);
	strbuf_reset(&call);
	strbuf_printf(&call,
	              "[\"x:TlsInternalReport/get\",{\"ids\":[\"%s\"]},\"0\"]",
	              object_id_format(head.id, id));
	db_abort(&txn);
	measure(jmap, "get of 1", call.data, SMALL);
}

int main(int argc, char **argv)
{
	struct db_options options = {.map_size = 4ull << 30, .create = true};
	struct clock clock = clock_fixed(NOW);
	struct conf conf;
	struct db *db = NULL;
	struct jmap jmap = {.conf = &conf, .clock = &clock};
	struct err err;

	if (argc != 2)
		die("usage: jmap_bench DIRECTORY");
	options.directory = argv[1];
	if (db_open(&db, &options, &err) < 0)
		die(err.text);
	conf_init(&conf);
	jmap.db = db;
	fill(db);
	measure(&jmap, "query, filtered and sorted",
	        "[\"x:TlsInternalReport/query\",{\"filter\":{\"hasFailures\":"
	        "true,\"text\":\"host\"},\"sort\":[{\"property\":\"domain\"}],"
	        "\"limit\":50,\"calculateTotal\":true},\"0\"]",
	        1);
	measure(&jmap, "query, all of them sorted by time",
	        "[\"x:TlsInternalReport/query\",{\"sort\":[{\"property\":"
	        "\"deliverAt\"}],\"limit\":50},\"0\"]",
	        1);
	measure_get(&jmap, db);
	conf_clear(&conf);
	db_close(&db);
	return 0;
}
