#include "outbox/rendered.h"

#include "base/auto.h"
#include "base/gzip.h"
#include "outbox/letter.h"
#include "report/report_json.h"

/* What a run would send; nothing is written. */
static int load(struct db_txn *txn, const struct conf *conf,
                enum shown_where where, uint64_t id, enum blob_form form,
                uint16_t index, int64_t now, struct rendered *out,
                struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	auto_(gzip_free) struct gzip *gzip = NULL;
	struct outbox_destination dest;
	struct outbox_head head;
	struct letter letter = {.conf = conf, .head = &head};
	struct delivery_job job = {0};

	if (!shown_head(txn, where, id, &head) ||
	    !shown_body(txn, where, id, &mem, &letter.report,
	                &letter.report_len, NULL, NULL))
		return 0;
	if (form == BLOB_LETTER) {
		if (!shown_destination(txn, where, id, index, &dest))
			return 0;
		if (dest.token[0] == '\0') {
			if (conf_check_contact(conf, err) < 0)
				return err->class;
			letter_fix(conf, &dest, "preview", now);
		}
		letter.dest = &dest;
	}
	letter.gzip = gzip = gzip_new();
	if (letter_make(&letter, &mem, &job, err) < 0)
		return err->class;
	if (form == BLOB_JSON) {
		out->type = "application/tlsrpt+json";
		return gzip_unpack(job.body, job.body_len, REPORT_STORED_MAX,
		                   &out->data, err) < 0
		               ? err->class
		               : 1;
	}
	out->type = job.mail_from != NULL ? "message/rfc822"
	                                  : "application/tlsrpt+gzip";
	strbuf_add(&out->data, job.body, job.body_len);
	return 1;
}

int rendered_load(struct db_txn *txn, const struct conf *conf,
                  enum shown_where where, uint64_t report, enum blob_form form,
                  uint16_t index, int64_t now, struct rendered *out,
                  struct err *err)
{
	int found = load(txn, conf, where, report, form, index, now, out, err);

	if (db_failed(txn))
		return db_failure(txn, err);
	if (found >= 0)
		return found;
	/* it was ours: whoever asked did nothing wrong */
	err->class = ERR_IO;
	return ERR_IO;
}

void rendered_clear(struct rendered *rendered)
{
	strbuf_clear(&rendered->data);
}
