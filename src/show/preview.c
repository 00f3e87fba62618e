#include "show/preview.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/auto.h"
#include "base/gzip.h"
#include "base/xalloc.h"
#include "outbox/letter.h"
#include "report/report_json.h"
#include "rollup/merged.h"
#include "rollup/rollup.h"

/* Where it would go. */
static int find_ruas(struct merged *merged, struct db_txn *txn,
                     const struct conf *conf, const char *domain, int64_t now,
                     struct preview *preview, struct err *err)
{
	auto_(lists_free) struct lists *lists = NULL;
	struct conf all = *conf;
	struct decide_context context = {
		.conf = &all,
		.now = now,
		.asked_for = true,
	};
	struct decision decision = {.ruas = preview->ruas};
	struct tally_head head;

	all.report.mode = MODE_ALL;
	if (lists_new(&lists, &all, err) < 0)
		return err->class;
	context.lists = lists;
	if (!merged_head(merged, txn, domain, &head))
		return db_failure(txn, err);
	decide(&context, txn, merged->day, domain, &head, &decision);
	preview->rua_count = decision.rua_count;
	snprintf(preview->reason, sizeof(preview->reason), "%s",
	         decision.reason);
	return 1;
}

int preview_make(struct db *db, struct db_txn *txn, const struct conf *conf,
                 int32_t day, const char *domain, int64_t now,
                 struct preview **preview, struct err *err)
{
	auto_(merged_free) struct merged *merged = merged_new(conf);
	struct preview *made = xcalloc(1, sizeof(*made));
	uint64_t folded = 0;
	int rc;

	*preview = made;
	made->report = report_new();
	if (conf_check_contact(conf, err) < 0)
		return err->class;
	merged_begin(merged, txn, day);
	rc = rollup_build(merged, txn, conf, db_store_id(db), domain,
	                  made->report, &folded, err);
	return rc > 0 ? find_ruas(merged, txn, conf, domain, now, made, err)
	              : rc;
}

void preview_free(struct preview **preview)
{
	if (*preview == NULL)
		return;
	report_free(&(*preview)->report);
	free(*preview);
	*preview = NULL;
}

static const struct rua *find_mail_rua(const struct preview *preview)
{
	for (size_t i = 0; i < preview->rua_count; i++)
		if (preview->ruas[i].kind == RUA_MAIL)
			return &preview->ruas[i];
	return NULL;
}

int preview_mail(const struct preview *preview, const struct conf *conf,
                 const char *domain, int64_t now, struct strbuf *out,
                 struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	auto_(strbuf_clear) struct strbuf json = {0}, packed = {0};
	const struct report *report = preview->report;
	const struct rua *rua = find_mail_rua(preview);
	struct outbox_destination dest = {.index = 0};
	struct outbox_head head = {
		.start = report->start,
		.end = report->end,
		.success = report_success(report),
		.failure = report_failure(report),
	};
	struct letter letter = {conf, gzip, &head, &dest, NULL, 0};
	struct delivery_job job = {0};

	if (rua == NULL)
		return err_set(err, ERR_NOTFOUND,
		               "no mail would be sent for %.253s: %s", domain,
		               preview->reason[0]
		                       ? preview->reason
		                       : "its rua has no mail address");
	dest.rua = *rua;
	snprintf(head.domain, sizeof(head.domain), "%.*s", DOMAIN_MAX, domain);
	snprintf(head.report_id, sizeof(head.report_id), "%s",
	         report->report_id);
	letter_fix(conf, &dest, "preview", now);
	report_json_write(report, false, &json);
	gzip_pack(gzip, json.data, json.len, &packed);
	letter.report = packed.data;
	letter.report_len = packed.len;
	if (letter_make(&letter, &mem, &job, err) < 0)
		return err->class;
	strbuf_add(out, job.body, job.body_len);
	return 0;
}
