/* What Stalwart's WebUI asks before it shows anything: GET /api/schema, and
 * GET /api/account. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http_text.h"
#include "api/webui_schema.h"
#include "base/auto.h"
#include "base/gzip.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "http/http_exchange.h"

enum { SCHEMA_MAX = 1024 * 1024, HASH_TEXT = 17 };

struct http_schema {
	struct strbuf plain, packed;
	char hash[HASH_TEXT];
};

/* The seed is fixed: a restart asks nobody to load it again. */
struct http_schema *http_schema_new(void)
{
	struct http_schema *schema = xcalloc(1, sizeof(*schema));
	auto_(json_free) json_t *json = webui_schema_make();
	auto_(gzip_free) struct gzip *gzip = gzip_new();

	strbuf_init(&schema->plain, SCHEMA_MAX);
	strbuf_init(&schema->packed, SCHEMA_MAX);
	json_write(json, &schema->plain);
	gzip_pack(gzip, schema->plain.data, schema->plain.len, &schema->packed);
	snprintf(schema->hash, sizeof(schema->hash), "%016" PRIx64,
	         hash64(0, schema->plain.data, schema->plain.len));
	return schema;
}

void http_schema_free(struct http_schema **schema)
{
	if (*schema == NULL)
		return;
	strbuf_clear(&(*schema)->plain);
	strbuf_clear(&(*schema)->packed);
	free(*schema);
	*schema = NULL;
}

void http_answer_schema_place(struct http_exchange *exchange,
                              struct http_reply *reply)
{
	auto_(xfree_str) char *place =
		xasprintf("/api/schema/%s", exchange->http->schema->hash);

	http_redirect(exchange, MHD_HTTP_FOUND, place, reply);
}

void http_answer_schema(struct http_exchange *exchange,
                        struct http_reply *reply)
{
	const struct http_schema *schema = exchange->http->schema;
	auto_(strbuf_clear) struct strbuf codings = {0};
	const struct strbuf *body = &schema->plain;

	if (strcmp(exchange->below, schema->hash) != 0) {
		http_refuse(reply, MHD_HTTP_NOT_FOUND,
		            "there is another schema now: see /api/schema");
		return;
	}
	http_headers_of(exchange->connection, "Accept-Encoding", &codings);
	if (http_text_takes_gzip(strbuf_text(&codings))) {
		body = &schema->packed;
		reply->encoding = "gzip";
	}
	reply->status = MHD_HTTP_OK;
	reply->type = TYPE_JSON;
	reply->immutable = true;
	strbuf_add(&reply->body, body->data, body->len);
}

void http_answer_account(struct http_exchange *exchange,
                         struct http_reply *reply)
{
	auto_(json_free) json_t *account =
		json_pack("{s:o,s:s,s:s}", "permissions",
	                  jmap_permission_words(exchange->who.permissions),
	                  "edition", "oss", "locale", "en");

	reply->status = MHD_HTTP_OK;
	reply->type = TYPE_JSON;
	json_write(account, &reply->body);
}
