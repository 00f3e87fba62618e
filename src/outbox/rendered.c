#include "outbox/rendered.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/gzip.h"
#include "base/xalloc.h"
#include "outbox/message.h"
#include "api/object_id.h"

enum {
	JSON_MAX = 256 * 1024 * 1024,
	ID_LEN = OBJECT_ID_TEXT - 1,
	INDEX_DIGITS = 5,
};

static const char json_word[] = "json", gzip_word[] = "gzip";

const char *rendered_id(uint64_t report, enum rendered_form form,
                        uint16_t index, struct arena *mem)
{
	char id[OBJECT_ID_TEXT];

	object_id_format(report, id);
	if (form == RENDERED_MESSAGE)
		return arena_printf(mem, "%s-%u", id, (unsigned)index);
	return arena_printf(mem, "%s-%s", id,
	                    form == RENDERED_JSON ? json_word : gzip_word);
}

/* "0", "17": as they are written, so that a blob has one id. */
static bool read_index(const char *text, uint16_t *index)
{
	size_t len = strspn(text, "0123456789");
	unsigned long number;

	if (len == 0 || len > INDEX_DIGITS || text[len] != '\0' ||
	    (len > 1 && text[0] == '0'))
		return false;
	number = strtoul(text, NULL, 10);
	*index = (uint16_t)number;
	return number <= UINT16_MAX;
}

bool rendered_id_parse(const char *text, uint64_t *report,
                       enum rendered_form *form, uint16_t *index)
{
	const char *word = text + ID_LEN + 1;
	char id[OBJECT_ID_TEXT];

	*index = 0;
	if (strlen(text) <= ID_LEN || text[ID_LEN] != '-')
		return false;
	snprintf(id, sizeof(id), "%.*s", ID_LEN, text);
	if (!object_id_parse(id, report))
		return false;
	if (strcmp(word, json_word) == 0)
		*form = RENDERED_JSON;
	else if (strcmp(word, gzip_word) == 0)
		*form = RENDERED_GZIP;
	else
		*form = RENDERED_MESSAGE;
	return *form != RENDERED_MESSAGE || read_index(word, index);
}

static int get_body(struct db_txn *txn, enum shown_where where, uint64_t id,
                    struct claim *claim)
{
	if (where == SHOWN_ARCHIVE)
		return archive_body_get(txn, id, &claim->mem, &claim->body,
		                        &claim->body_len);
	return outbox_body_get(txn, id, &claim->mem, &claim->body,
	                       &claim->body_len, NULL, NULL);
}

/* What a run would claim; nothing is written. */
static int load_claim(struct db_txn *txn, const struct conf *conf,
                      enum shown_where where, uint64_t id,
                      enum rendered_form form, uint16_t index, int64_t now,
                      struct claim *claim)
{
	if (!shown_head(txn, where, id, &claim->head) ||
	    !get_body(txn, where, id, claim))
		return 0;
	if (form != RENDERED_MESSAGE) {
		claim->dest.rua.kind = RUA_HTTPS;
		return 1;
	}
	if (!shown_destination(txn, where, id, index, &claim->dest))
		return 0;
	if (claim->dest.token[0] == '\0')
		message_fix_preview(conf, &claim->dest, now);
	return 1;
}

static int copy_out(const struct claim *claim, enum rendered_form form,
                    struct rendered *out, struct err *err)
{
	if (form == RENDERED_JSON) {
		out->type = "application/tlsrpt+json";
		return gzip_unpack(claim->job.body, claim->job.body_len,
		                   JSON_MAX, &out->data, err);
	}
	out->type = claim->dest.rua.kind == RUA_MAIL
	                    ? "message/rfc822"
	                    : "application/tlsrpt+gzip";
	strbuf_add(&out->data, claim->job.body, claim->job.body_len);
	return 0;
}

int rendered_load(struct db_txn *txn, const struct conf *conf,
                  enum shown_where where, uint64_t report,
                  enum rendered_form form, uint16_t index, int64_t now,
                  struct rendered *out, struct err *err)
{
	auto_(claim_free) struct claim *claim = xcalloc(1, sizeof(*claim));
	auto_(gzip_free) struct gzip *gzip = gzip_new();
	int found;

	arena_init(&claim->mem);
	found = load_claim(txn, conf, where, report, form, index, now, claim);
	if (db_failed(txn))
		return db_failure(txn, err);
	if (found != 1)
		return 0;
	if (message_make(conf, gzip, claim, err) < 0 ||
	    copy_out(claim, form, out, err) < 0) {
		/* it was ours: whoever asked did nothing wrong */
		err->class = ERR_IO;
		return ERR_IO;
	}
	return 1;
}

void rendered_clear(struct rendered *rendered)
{
	strbuf_clear(&rendered->data);
}
