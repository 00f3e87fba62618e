/* GET /jmap/download/{accountId}/{blobId}/{name} (RFC 8620 section 6.2). */
#include <stdio.h>
#include <string.h>

#include "admin/http_exchange.h"
#include "admin/jmap_method.h"
#include "base/auto.h"
#include "base/xalloc.h"
#include "outbox/rendered.h"

enum { BLOB_ID_TEXT = 64, NAME_LONG = 200, TYPE_LONG = 100 };

/* A file's name in a header: what could end it, or lead elsewhere, or is no
 * ASCII is "_". */
static char *disposition_of(const char *name)
{
	auto_(strbuf_clear) struct strbuf out = {0};

	strbuf_puts(&out, "attachment; filename=\"");
	for (size_t i = 0; name[i] != '\0' && i < NAME_LONG; i++) {
		unsigned char c = (unsigned char)name[i];

		strbuf_putc(&out, c <= ' ' || c >= 0x7f || strchr("\"\\/%;", c)
		                          ? '_'
		                          : (char)c);
	}
	strbuf_puts(&out, "\"");
	return strbuf_take(&out);
}

/* The client may say what the bytes are to be called ({type}); as attachments
 * without sniffing and scripts they do no harm under any name. */
static bool is_type(const char *type)
{
	static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789.+-";
	size_t first = strspn(type, token);
	size_t second =
		type[first] == '/' ? strspn(type + first + 1, token) : 0;

	return first > 0 && second > 0 && type[first + 1 + second] == '\0' &&
	       first + second < TYPE_LONG;
}

static const char *type_of(const struct http_exchange *exchange,
                           const struct rendered *blob)
{
	const char *wanted = MHD_lookup_connection_value(
		exchange->connection, MHD_GET_ARGUMENT_KIND, "accept");

	return wanted != NULL && is_type(wanted) ? wanted : blob->type;
}

/* "tally/ID/NAME"; NULL when it is not like that, else NAME. */
static const char *split(const char *rest, char id[BLOB_ID_TEXT])
{
	size_t account = strlen(JMAP_ACCOUNT);
	const char *slash;

	if (strncmp(rest, JMAP_ACCOUNT "/", account + 1) != 0)
		return NULL;
	rest += account + 1;
	slash = strchr(rest, '/');
	if (slash == NULL || slash - rest >= BLOB_ID_TEXT || slash[1] == '\0')
		return NULL;
	snprintf(id, BLOB_ID_TEXT, "%.*s", (int)(slash - rest), rest);
	return slash + 1;
}

/* A report is in the outbox or in the archive, whose permissions differ. */
static int load(struct http_exchange *exchange, const char *id,
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
	enum rendered_form form;
	uint64_t report;
	uint16_t index;
	int found = 0;

	if (!rendered_id_parse(id, &report, &form, &index))
		return 0;
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
	char id[BLOB_ID_TEXT];
	const char *name = split(exchange->below, id);
	unsigned lacking = 0;
	struct err err = {0};
	int found = name ? load(exchange, id, &blob, &lacking, &err) : 0;

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
	reply->type = type_of(exchange, &blob);
	reply->disposition = disposition_of(name);
	reply->body = blob.data;
	blob.data = (struct strbuf){0};
}
