/* GET /jmap/download/{accountId}/{blobId}/{name} (RFC 8620 section 6.2). */
#include "api/http_text.h"
#include "base/auto.h"
#include "base/gzip.h"
#include "base/xalloc.h"
#include "http/http_exchange.h"
#include "jmap/jmap_method.h"
#include "outbox/rendered.h"
#include "received/received_report.h"
#include "store/received_table.h"

/* What others report about us. */
static int load_received(struct http_exchange *exchange, struct db_txn *txn,
                         uint64_t id, enum blob_form form,
                         struct rendered *blob, unsigned *lacking,
                         struct err *err)
{
	auto_(strbuf_clear) struct strbuf gzip = {0};
	bool is_json = form == BLOB_RECEIVED_JSON;

	if (!(exchange->who.permissions & PERMIT_RECEIVED_DOWNLOAD)) {
		*lacking = PERMIT_RECEIVED_DOWNLOAD;
		return 0;
	}
	blob->type =
		is_json ? "application/tlsrpt+json" : "application/tlsrpt+gzip";
	if (!received_body(txn, id, is_json ? &gzip : &blob->data))
		return db_failure(txn, err);
	if (is_json && gzip_unpack(gzip.data, gzip.len, RECEIVED_JSON_MAX,
	                           &blob->data, err) < 0)
		return err->class;
	return 1;
}

/* A report is in the outbox or in the archive, whose permissions differ. */
static int load_blob(struct http_exchange *exchange, const char *id,
                     struct rendered *blob, unsigned *lacking, struct err *err)
{
	static const struct {
		enum shown_where where;
		unsigned permission;
	} places[] = {
		{SHOWN_OUTBOX, PERMIT_REPORT_GET},
		{SHOWN_ARCHIVE, PERMIT_TALLY_READ},
	};
	const struct jmap *jmap = &exchange->http->jmap;
	auto_(db_abort) struct db_txn *txn = db_begin_read(jmap->db);
	enum blob_form form;
	uint64_t report;
	uint16_t index;
	int found = 0;

	if (!blob_id_parse(id, &report, &form, &index))
		return 0;
	if (form == BLOB_RECEIVED_JSON || form == BLOB_RECEIVED_GZIP)
		return load_received(exchange, txn, report, form, blob, lacking,
		                     err);
	for (size_t i = 0; i < 2 && found == 0; i++) {
		if (exchange->who.permissions & places[i].permission)
			found = rendered_load(
				txn, jmap->conf, places[i].where, report, form,
				index, clock_secs(jmap->clock), blob, err);
		else
			*lacking = *lacking ? *lacking : places[i].permission;
	}
	return found;
}

void http_answer_download(struct http_exchange *exchange,
                          struct http_reply *reply)
{
	auto_(rendered_clear) struct rendered blob = {0};
	char id[HTTP_BLOB_ID_TEXT];
	const char *name =
		http_text_blob_path(exchange->below, JMAP_ACCOUNT, id);
	const char *wanted = MHD_lookup_connection_value(
		exchange->connection, MHD_GET_ARGUMENT_KIND, "accept");
	unsigned lacking = 0;
	struct err err = {0};
	int found = name ? load_blob(exchange, id, &blob, &lacking, &err) : 0;

	if (found < 0) {
		http_refuse(reply, MHD_HTTP_SERVICE_UNAVAILABLE, err.text);
		return;
	}
	if (found == 0 && lacking != 0) {
		http_refuse_permission(reply, lacking);
		return;
	}
	if (found == 0) {
		http_refuse(reply, MHD_HTTP_NOT_FOUND, "no such blob");
		return;
	}
	reply->status = MHD_HTTP_OK;
	/* The client may say what the bytes are to be called ({type}); as
	 * attachments without sniffing and scripts they do no harm under any
	 * name. */
	reply->type = wanted != NULL && http_text_is_media_type(wanted)
	                      ? wanted
	                      : blob.type;
	reply->disposition = http_text_disposition(name);
	reply->body = blob.data;
	blob.data = (struct strbuf){0};
}
