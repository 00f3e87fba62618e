#include "outbox/message.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "model/report.h"
#include "model/report_json.h"
#include "model/report_mail.h"

enum {
	STORED_MAX = 256 * 1024 * 1024,
	FILE_NAME_MAX = 200,
	FILE_NAME_HEAD = 120, /* of a name that is cut */
};

/* The stored form to what is sent.  Every report is read for it, 20 us each:
 * text that a receiver would refuse can stand in any member. */
static int make_wire(struct gzip *gzip, struct claim *claim, struct err *err)
{
	auto_(report_free) struct report *report = report_new();
	auto_(strbuf_clear) struct strbuf json = {0}, wire = {0}, packed = {0};

	if (gzip_unpack(claim->body, claim->body_len, STORED_MAX, &json, err) ||
	    report_json_read(json.data, json.len, report, err))
		return err_prefix(err, "the stored report");
	if (!report_has_other(report))
		return 0;
	report_json_write(report, true, &wire);
	gzip_pack(gzip, wire.data, wire.len, &packed);
	claim->body = arena_strndup(&claim->mem, packed.data, packed.len);
	claim->body_len = packed.len;
	return 0;
}

static char *envelope_sender(const struct conf *conf, const char *token)
{
	const char *sender = conf_sender(conf);
	const char *at = strrchr(sender, '@');

	if (!conf->deliver.verp)
		return xstrdup(sender);
	return xasprintf("%.*s+%s%s", (int)(at - sender), sender, token, at);
}

static int make_mail(const struct conf *conf, struct claim *claim,
                     struct err *err)
{
	struct report_mail mail = {
		.from = conf_sender(conf),
		.organization_name = conf_organization(conf),
		.to = claim->dest.rua.address,
		.domain = claim->head.domain,
		.submitter = conf_submitter(conf),
		.report_id = claim->head.report_id,
		.token = claim->dest.token,
		.date = claim->dest.date,
		.start = claim->head.start,
		.end = claim->head.end,
		.success = claim->head.success,
		.failure = claim->head.failure,
		.gzip = claim->body,
		.gzip_len = claim->body_len,
	};

	if (report_mail_write(&mail, &claim->message, err) < 0)
		return err->class;
	claim->mail_from = envelope_sender(conf, claim->dest.token);
	claim->job.mail_from = claim->mail_from;
	claim->job.body = claim->message.data;
	claim->job.body_len = claim->message.len;
	return 0;
}

/* RFC 8460's name can be longer than a file's may be: the domain in it is cut
 * and the report's number put in its place. */
static const char *file_name(const struct conf *conf, struct claim *claim)
{
	auto_(strbuf_clear) struct strbuf name = {0};

	report_file_name(conf_submitter(conf), claim->head.domain,
	                 claim->head.start, claim->head.end,
	                 claim->head.report_id, &name);
	if (name.len <= FILE_NAME_MAX)
		return arena_strdup(&claim->mem, strbuf_text(&name));
	return arena_printf(&claim->mem, "%.*s-%016llx.json.gz", FILE_NAME_HEAD,
	                    strbuf_text(&name),
	                    (unsigned long long)claim->head.id);
}

int message_make(const struct conf *conf, struct gzip *gzip,
                 struct claim *claim, struct err *err)
{
	int rc = make_wire(gzip, claim, err);

	claim->job.rua = &claim->dest.rua;
	claim->job.owner = claim;
	claim->job.body = claim->body;
	claim->job.body_len = claim->body_len;
	if (rc == 0 && claim->dest.rua.kind == RUA_MAIL)
		return make_mail(conf, claim, err);
	if (rc == 0 && claim->dest.rua.kind == RUA_DIRECTORY)
		claim->job.file_name = file_name(conf, claim);
	return rc;
}
