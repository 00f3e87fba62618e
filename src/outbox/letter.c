#include "outbox/letter.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "report/report.h"
#include "report/report_json.h"
#include "report/report_mail.h"
#include "session/detail_text.h"

void letter_fix(const struct conf *conf, struct outbox_destination *dest,
                const char *token, int64_t now)
{
	const char *sender, *at;

	snprintf(dest->token, sizeof(dest->token), "%s", token);
	dest->date = now;
	if (dest->rua.kind != RUA_MAIL)
		return;
	sender = conf_sender(conf);
	at = strrchr(sender, '@');
	snprintf(dest->from, sizeof(dest->from), "%s", sender);
	if (conf->deliver.verp)
		snprintf(dest->envelope, sizeof(dest->envelope), "%.*s+%s%s",
		         (int)(at - sender), sender, token, at);
	else
		snprintf(dest->envelope, sizeof(dest->envelope), "%s", sender);
}

/*
 * contact-info is an address, and its domain is the submitter (RFC 8460
 * section 5.3), also when the setting has changed since.  A report that was
 * made by hand may have any text there: that stays with the operator, and the
 * address of the settings is sent.  Returns the submitter.
 */
static const char *fix_contact(const struct conf *conf, struct report *report)
{
	const char *given = report->contact_info ? report->contact_info : "";
	struct rua rua;

	if (rua_from_address(given, strlen(given), &rua, NULL) < 0) {
		report->contact_info = conf->report.contact_info;
		return conf_submitter(conf);
	}
	report->contact_info = arena_strdup(&report->mem, rua.address);
	return strrchr(report->contact_info, '@') + 1;
}

/* The report as it is sent. */
static void set_body(const struct letter *letter, const struct report *report,
                     bool is_changed, struct arena *mem,
                     struct delivery_job *job)
{
	auto_(strbuf_clear) struct strbuf wire = {0}, packed = {0};

	job->body = letter->report;
	job->body_len = letter->report_len;
	if (!is_changed && !report_has_other(report))
		return;
	report_json_write(report, true, &wire);
	gzip_pack(letter->gzip, wire.data, wire.len, &packed);
	job->body = arena_strndup(mem, packed.data, packed.len);
	job->body_len = packed.len;
}

static int set_mail(const struct report_mail *mail, const char *sender,
                    struct arena *mem, struct delivery_job *job,
                    struct err *err)
{
	auto_(strbuf_clear) struct strbuf text = {0};

	if (report_mail_write(mail, &text, err) < 0)
		return err->class;
	job->mail_from = sender;
	job->body = arena_strndup(mem, text.data, text.len);
	job->body_len = text.len;
	return 0;
}

/* Every report is read, 20 us each: text that a receiver would refuse can
 * stand in any member, and it says who reports. */
int letter_make(const struct letter *letter, struct arena *mem,
                struct delivery_job *job, struct err *err)
{
	auto_(report_free) struct report *report = report_new();
	const struct outbox_head *head = letter->head;
	const struct outbox_destination *dest = letter->dest;
	const char *contact, *submitter;
	struct report_mail mail;

	if (report_stored_read(letter->report, letter->report_len, report,
	                       err) < 0)
		return err->class;
	contact = report->contact_info;
	submitter = fix_contact(letter->conf, report);
	set_body(letter, report,
	         detail_text_compare(contact, report->contact_info) != 0, mem,
	         job);
	if (dest == NULL)
		return 0;
	job->rua = &dest->rua;
	mail = (struct report_mail){
		.from = dest->from,
		.organization_name = report->organization_name,
		.to = dest->rua.address,
		.domain = head->domain,
		.submitter = submitter,
		.report_id = head->report_id,
		.token = dest->token,
		.date = dest->date,
		.start = head->start,
		.end = head->end,
		.success = head->success,
		.failure = head->failure,
		.number = head->id,
		.gzip = job->body,
		.gzip_len = job->body_len,
	};
	if (dest->rua.kind == RUA_MAIL)
		return set_mail(&mail, dest->envelope, mem, job, err);
	if (dest->rua.kind == RUA_DIRECTORY)
		job->file_name = report_file_name(&mail, mem);
	return 0;
}
