#include "domain/tlsrpt_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "domain/txt_record.h"

enum { SHOWN = 60 }; /* bytes of foreign text in an error */

static const struct txt_record_kind kind = {
	.name = "TLSRPT record",
	.version = "v=TLSRPTv1",
};

struct parse {
	struct txt_record text;
	struct tlsrpt_record *record;
	size_t left_out; /* URIs */
};

bool tlsrpt_record_is_candidate(const char *text, size_t len)
{
	return txt_record_is_candidate(&kind, text, len);
}

static void note(struct parse *parse, const char *why)
{
	struct tlsrpt_record *record = parse->record;

	parse->left_out++;
	if (record->note_count < TLSRPT_NOTES_MAX)
		snprintf(record->notes[record->note_count++],
		         sizeof(record->notes[0]), "%s", why);
	else
		snprintf(record->notes[TLSRPT_NOTES_MAX - 1],
		         sizeof(record->notes[0]), "%zu more URIs ignored",
		         parse->left_out - TLSRPT_NOTES_MAX + 1);
}

static bool has_rua(const struct tlsrpt_record *record, const char *uri)
{
	for (size_t i = 0; i < record->rua_count; i++)
		if (strcmp(record->ruas[i].uri, uri) == 0)
			return true;
	return false;
}

/* What cannot be used is left out alone: no URI, one that is not for us, or one
 * with a raw "!", as DMARC writes a size after it. */
static void take_uri(struct parse *parse, struct span uri)
{
	struct tlsrpt_record *record = parse->record;
	struct err why = {0};
	struct rua rua;

	if (uri.len == 0) {
		note(parse, "rua: an empty element of the list");
	} else if (rua_parse(uri.at, uri.len, &rua, &why) != 0) {
		note(parse, why.text);
	} else if (has_rua(record, rua.uri)) {
		/* twice the same place is one place */
	} else if (record->rua_count == TLSRPT_RUA_MAX) {
		char shown[SHOWN];

		log_escape(shown, sizeof(shown), rua.uri, strlen(rua.uri));
		err_set(&why, ERR_LIMIT, "rua: more than %d URIs at '%s'",
		        TLSRPT_RUA_MAX, shown);
		note(parse, why.text);
	} else {
		record->ruas[record->rua_count++] = rua;
	}
}

/* URI *(*WSP "," *WSP URI) */
static void take_rua(struct parse *parse, struct span value)
{
	struct span uri;
	bool more;

	parse->record->rua_fields++;
	do {
		more = span_split(&value, ',', &uri);
		take_uri(parse, span_trim(uri));
	} while (more);
}

/* rua, and extensions, of which we know none */
static int take_fields(struct parse *parse)
{
	struct txt_field field;
	int rc;

	while ((rc = txt_record_next(&parse->text, &field)) == 1) {
		if (span_is(field.name, "rua"))
			take_rua(parse, field.value);
		else if ((rc = txt_field_check(&parse->text, &field)) != 0)
			return rc;
	}
	if (rc == 0 && parse->record->rua_fields == 0)
		return err_set(parse->text.err, ERR_PARSE,
		               "TLSRPT record: no rua field");
	return rc;
}

int tlsrpt_record_parse(const char *text, size_t len,
                        struct tlsrpt_record *record, struct err *err)
{
	struct parse parse = {.record = record};
	int rc;

	memset(record, 0, sizeof(*record));
	if (len > TLSRPT_RECORD_MAX)
		return err_set(err, ERR_LIMIT,
		               "TLSRPT record: longer than %d bytes",
		               TLSRPT_RECORD_MAX);
	if (span_is((struct span){text, len}, TLSRPT_SEVERAL))
		return err_set(err, ERR_PARSE,
		               "TLSRPT record: there is more than one, so none "
		               "is used (RFC 8460 section 3)");
	rc = txt_record_begin(&parse.text, &kind, text, len, err);
	if (rc != 0)
		return rc;
	/* not zeroed: 43 KB of which most records use a sixteenth */
	record->ruas = xmalloc(TLSRPT_RUA_MAX * sizeof(*record->ruas));
	rc = take_fields(&parse);
	if (rc != 0)
		tlsrpt_record_clear(record);
	return rc;
}

int tlsrpt_record_choose(const char *const *texts, const size_t *lens,
                         size_t count, size_t *which, struct err *err)
{
	return txt_record_choose(&kind, texts, lens, count, which, err);
}

void tlsrpt_record_clear(struct tlsrpt_record *record)
{
	free(record->ruas);
	memset(record, 0, sizeof(*record));
}
