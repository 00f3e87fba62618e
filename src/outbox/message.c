#include "outbox/message.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "session/detail_text.h"
#include "report/report.h"
#include "report/report_json.h"
#include "report/report_mail.h"

enum {
	STORED_MAX = 256 * 1024 * 1024,
};

/* Every report is read, 20 us each: text that a receiver would refuse can
 * stand in any member, and it says who reports. */
static int read_report(struct claim *claim, struct report *report,
                       struct err *err)
{
	auto_(strbuf_clear) struct strbuf json = {0};

	if (gzip_unpack(claim->body, claim->body_len, STORED_MAX, &json, err) ||
	    report_json_read(json.data, json.len, report, err))
		return err_prefix(err, "the stored report");
	return 0;
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

/* The stored form to what is sent. */
static void make_wire(struct gzip *gzip, const struct report *report,
                      struct claim *claim)
{
	auto_(strbuf_clear) struct strbuf wire = {0}, packed = {0};

	report_json_write(report, true, &wire);
	gzip_pack(gzip, wire.data, wire.len, &packed);
	claim->body = arena_strndup(&claim->mem, packed.data, packed.len);
	claim->body_len = packed.len;
}

void message_fix_sender(const struct conf *conf,
                        struct outbox_destination *dest)
{
	const char *sender = conf_sender(conf);
	const char *at = strrchr(sender, '@');

	snprintf(dest->from, sizeof(dest->from), "%s", sender);
	if (conf->deliver.verp)
		snprintf(dest->envelope, sizeof(dest->envelope), "%.*s+%s%s",
		         (int)(at - sender), sender, dest->token, at);
	else
		snprintf(dest->envelope, sizeof(dest->envelope), "%s", sender);
}

void message_fix_preview(const struct conf *conf,
                         struct outbox_destination *dest, int64_t now)
{
	snprintf(dest->token, sizeof(dest->token), "preview");
	dest->date = now;
	if (dest->rua.kind == RUA_MAIL)
		message_fix_sender(conf, dest);
}

static void fill_mail(const struct report *report, const char *submitter,
                      const struct claim *claim, struct report_mail *mail)
{
	*mail = (struct report_mail){
		.from = claim->dest.from,
		.organization_name = report->organization_name,
		.to = claim->dest.rua.address,
		.domain = claim->head.domain,
		.submitter = submitter,
		.report_id = claim->head.report_id,
		.token = claim->dest.token,
		.date = claim->dest.date,
		.start = claim->head.start,
		.end = claim->head.end,
		.success = claim->head.success,
		.failure = claim->head.failure,
		.number = claim->head.id,
		.gzip = claim->body,
		.gzip_len = claim->body_len,
	};
}

static int make_mail(const struct report_mail *mail, struct claim *claim,
                     struct err *err)
{
	if (report_mail_write(mail, &claim->message, err) < 0)
		return err->class;
	claim->job.mail_from = claim->dest.envelope;
	claim->job.body = claim->message.data;
	claim->job.body_len = claim->message.len;
	return 0;
}

int message_make(const struct conf *conf, struct gzip *gzip,
                 struct claim *claim, struct err *err)
{
	auto_(report_free) struct report *report = report_new();
	const char *contact, *submitter;
	struct report_mail mail;

	claim->job.rua = &claim->dest.rua;
	claim->job.owner = claim;
	if (read_report(claim, report, err) < 0)
		return err->class;
	contact = report->contact_info;
	submitter = fix_contact(conf, report);
	if (text_compare(contact, report->contact_info) != 0 ||
	    report_has_other(report))
		make_wire(gzip, report, claim);
	claim->job.body = claim->body;
	claim->job.body_len = claim->body_len;
	fill_mail(report, submitter, claim, &mail);
	if (claim->dest.rua.kind == RUA_MAIL)
		return make_mail(&mail, claim, err);
	if (claim->dest.rua.kind == RUA_DIRECTORY)
		claim->job.file_name = report_file_name(&mail, &claim->mem);
	return 0;
}
