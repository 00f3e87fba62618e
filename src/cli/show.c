/* tlstally show: all that is kept about one domain, as a document. */
#include "cli/show.h"

#include <stdio.h>
#include <string.h>

#include "cli/day.h"
#include "words/words.h"
#include "show/doc.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "api/object.h"
#include "api/object_id.h"
#include "report/report.h"
#include "store/outbox_table.h"

static void add_strings(json_t *object, const char *name,
                        const char *const *strings, size_t count)
{
	json_t *list = doc_array(object, name);

	for (size_t i = 0; i < count; i++)
		doc_append(list, strings[i]);
}

static void add_detail(json_t *list, const struct report_detail *row)
{
	const struct failure_detail *detail = &row->detail;
	json_t *item = doc_row(list);

	json_set_uint(item, "count", row->count);
	json_set_string(item, "resultType",
	                word_rfc(&words_results, detail->result));
	json_set_string(item, "words",
	                word_sentence(&words_results, detail->result));
	doc_set(item, "sendingMtaIp", detail->sending_ip);
	doc_set(item, "receivingMxHostname", detail->mx_host);
	doc_set(item, "receivingMxHelo", detail->mx_helo);
	doc_set(item, "receivingIp", detail->receiving_ip);
	doc_set(item, "additionalInformation", detail->additional);
	doc_set(item, "failureReasonCode", detail->reason);
}

static void add_policy(json_t *list, const struct report_policy *policy)
{
	json_t *item = doc_row(list), *details;

	json_set_string(item, "policyType",
	                word_rfc(&words_policies, policy->type));
	doc_set(item, "policyDomain", policy->domain);
	add_strings(item, "policyStrings", policy->strings,
	            policy->string_count);
	add_strings(item, "mxHosts", policy->mx_hosts, policy->mx_count);
	json_set_uint(item, "successfulSessions", policy->success);
	json_set_uint(item, "failedSessions", policy->failure);
	details = doc_array(item, "failureDetails");
	for (size_t i = 0; i < policy->detail_count; i++)
		add_detail(details, &policy->details[i]);
}

static int add_policies(struct db_txn *txn, const struct domain_day *at,
                        json_t *day, struct err *err)
{
	auto_(report_free) struct report *report = report_new();
	json_t *list = doc_array(day, "policies");

	if (tally_load(txn, at->day, at->domain, report, err) < 0)
		return err->class;
	report_sort(report);
	for (size_t i = 0; i < report->policy_count; i++)
		add_policy(list, &report->policies[i]);
	return 0;
}

static void add_destination(json_t *list, const struct outbox_destination *dest)
{
	json_t *item = doc_row(list);

	doc_set(item, "uri", dest->rua.uri);
	json_set_string(item, "state", word_api(&words_states, dest->state));
	json_set_uint(item, "attempts", dest->attempts);
	json_set_time(item, "lastAttempt", dest->last_attempt);
	json_set_time(item, "nextAttempt", dest->due);
	json_set_bool(item, "uncertain", dest->uncertain);
	doc_set(item, "lastAnswer", dest->answer);
}

/* The report is in the outbox or, when all was said, in the archive. */
static void add_report(struct db_txn *txn, uint64_t id, json_t *day)
{
	struct outbox_head head;
	bool waits = outbox_head_get(txn, id, &head);
	char text[OBJECT_ID_TEXT];
	json_t *report, *list;

	if (!waits && !archive_head_get(txn, id, &head))
		return;
	report = doc_object(day, "report");
	json_set_string(report, "id", object_id_format(id, text));
	doc_set(report, "reportId", head.report_id);
	json_set_string(report, "status",
	                word_api(&words_statuses, head.status));
	json_set_time(report, "createdAt", head.created_at);
	json_set_time(report, "deliverAt", head.deliver_at);
	json_set_time(report, "doneAt", head.done_at);
	list = doc_array(report, "destinations");
	for (uint16_t i = 0; i < head.destination_count; i++) {
		struct outbox_destination dest;

		if (waits ? outbox_destination_get(txn, id, i, &dest)
		          : archive_destination_get(txn, id, i, &dest))
			add_destination(list, &dest);
	}
}

static int add_day(struct db_txn *txn, const struct domain_day *at,
                   json_t *days, struct err *err)
{
	json_t *day = doc_row(days);

	doc_set_day(day, "day", at->day);
	json_set_uint(day, "successfulSessions", at->head.success);
	json_set_uint(day, "failedSessions", at->head.failure);
	json_set_uint(day, "lateSuccessfulSessions", at->head.late_success);
	json_set_uint(day, "lateFailedSessions", at->head.late_failure);
	json_set_string(day, "mark", word_api(&words_marks, at->head.mark));
	json_set_string(day, "words", word_label(&words_marks, at->head.mark));
	doc_set(day, "reason", at->head.reason);
	doc_set(day, "record", at->head.record);
	if (add_policies(txn, at, day, err) < 0)
		return err->class;
	if (at->head.outbox_id != 0)
		add_report(txn, at->head.outbox_id, day);
	return 0;
}

/* A transaction a day: there may be many, and each may be large. */
static int add_days(struct cli *cli, struct domain_day *at, json_t *days,
                    struct err *err)
{
	int32_t first = cli->args.day, last = cli->args.day;
	auto_(db_abort) struct db_txn *txn = db_begin_read(cli->db);

	if (!cli->args.has_day && !tally_day_range(txn, &first, &last))
		last = first - 1;
	for (at->day = last; at->day >= first; at->day--) {
		db_abort(&txn);
		txn = db_begin_read(cli->db);
		if (tally_head_get(txn, at->day, at->domain, &at->head) &&
		    add_day(txn, at, days, err) < 0)
			return err->class;
		if (db_failed(txn))
			break;
	}
	return db_failure(txn, err);
}

int cli_show(struct cli *cli, struct err *err)
{
	auto_(json_free) json_t *doc = json_object();
	struct domain_day at = {0};
	json_t *days;

	domain_day_name(cli, at.domain);
	doc_set(doc, "domain", at.domain);
	days = doc_array(doc, "days");
	if (add_days(cli, &at, days, err) < 0)
		return err->class;
	if (json_array_size(days) == 0)
		return domain_day_unknown(cli, at.domain, err);
	if (cli->args.json)
		doc_print(doc, &cli->out);
	else
		show_print(doc, &cli->out);
	return 0;
}
