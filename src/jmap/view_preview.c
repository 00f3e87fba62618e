/*
 * tally:Preview: the report that a domain's day would give now; its id is that
 * of the tally:Domain.  `object` is what x:TlsInternalReport/set would be given
 * to make it, `json` and `mail` are what would be sent; `reason`: why it would
 * go nowhere.
 */
#include <stdlib.h>

#include "api/object.h"
#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/day_row.h"
#include "jmap/jmap_types.h"
#include "report/report_json.h"
#include "show/doc.h"
#include "show/preview.h"

static const char *const properties[] = {
	"day", "domain", "object", "json", "mail", "reason", NULL,
};

/* Lends the texts of the preview. */
static void add_object(const struct preview *preview, const char *domain,
                       int64_t now, json_t *doc)
{
	const char *mail[DECIDE_RUA_MAX], *http[DECIDE_RUA_MAX];
	struct internal_report object = {
		.mail_rua = mail,
		.http_rua = http,
		.report = preview->report,
		.domain = domain,
		.created_at = now,
		.deliver_at = now,
	};

	for (size_t i = 0; i < preview->rua_count; i++)
		if (preview->ruas[i].kind == RUA_MAIL)
			mail[object.mail_count++] = preview->ruas[i].address;
		else if (preview->ruas[i].kind == RUA_HTTPS)
			http[object.http_count++] = preview->ruas[i].uri;
	json_object_set_new(doc, "object", object_write(&object));
}

static void add_preview(const struct jmap *jmap, const struct preview *preview,
                        const struct day_row *row, json_t *doc)
{
	auto_(strbuf_clear) struct strbuf json = {0}, mail = {0};
	int64_t now = clock_secs(jmap->clock);
	struct err err;

	add_object(preview, row->domain, now, doc);
	report_json_write_pretty(preview->report, true, &json);
	doc_set(doc, "reason", preview->reason);
	json_set_string(doc, "json", strbuf_text(&json));
	if (preview_mail(preview, jmap->conf, row->domain, now, &mail, &err) ==
	    0)
		json_set_string(doc, "mail", strbuf_text(&mail));
	else if (err.class != ERR_NOTFOUND)
		doc_set(doc, "reason", err.text);
}

static int fill(const struct jmap *jmap, struct db_txn *txn,
                const struct day_row *row, json_t *doc, struct err *err)
{
	auto_(preview_free) struct preview *preview = NULL;
	int rc = preview_make(jmap->db, txn, jmap->conf, row->day, row->domain,
	                      clock_secs(jmap->clock), &preview, err);

	doc_set_day(doc, "day", row->day);
	doc_set(doc, "domain", row->domain);
	if (rc > 0)
		add_preview(jmap, preview, row, doc);
	else if (rc < 0 && !db_failed(txn))
		doc_set(doc, "reason", err->text); /* of the settings */
	return db_failure(txn, err);
}

static int look(struct jmap_look *look, const char *id, json_t **object)
{
	const struct jmap *jmap = look->run->jmap;
	auto_(db_abort) struct db_txn *txn = db_begin_read(jmap->db);
	void *facts = xcalloc(1, type_domain.walk.facts_size);
	struct err err = {0};
	int rc = day_row_find(txn, &type_domain, id, facts);

	if (rc > 0) {
		*object = json_object();
		rc = fill(jmap, txn, facts, *object, &err) < 0 ? -1 : 1;
	}
	free(facts);
	if (rc < 0)
		jmap_fail_store(look->failure, &err);
	return rc;
}

const struct jmap_view view_preview = {
	.name = "tally:Preview",
	.get = PERMIT_TALLY_READ,
	.properties = properties,
	.max_ids = 4,
	.look = look,
};
