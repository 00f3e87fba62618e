#include "model/tlsrpt_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "model/uri.h"

enum {
	NAME_MAX_BYTES = 32, /* ext-name */
	SHOWN = 60,          /* bytes of foreign text in an error */
};

static const char version[] = "v=TLSRPTv1";

/* A part of the record's text. */
struct span {
	const char *at;
	size_t len;
};

struct parse {
	const char *text; /* the whole record */
	struct tlsrpt_record *record;
	struct err *err;
	size_t left_out; /* URIs */
	bool has_rua;
};

/* "TLSRPT record: no value in 'test=' at byte 41" */
static int refuse(const struct parse *parse, const char *what, struct span part)
{
	char shown[SHOWN];

	return err_set(parse->err, ERR_PARSE,
	               "TLSRPT record: %s in '%s' at byte %zu", what,
	               log_escape(shown, sizeof(shown), part.at, part.len),
	               (size_t)(part.at - parse->text) + 1);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Drops white space at both ends. */
static struct span trim(struct span span)
{
	while (span.len > 0 && is_blank(span.at[0])) {
		span.at++;
		span.len--;
	}
	while (span.len > 0 && is_blank(span.at[span.len - 1]))
		span.len--;
	return span;
}

/* What stands before the delimiter, trimmed; *rest becomes what follows it.
 * False when there is no delimiter: then it is all of the rest. */
static bool split(struct span *rest, char delimiter, struct span *part)
{
	const char *end =
		rest->len > 0 ? memchr(rest->at, delimiter, rest->len) : NULL;
	size_t len = end != NULL ? (size_t)(end - rest->at) : rest->len;

	*part = trim((struct span){rest->at, len});
	rest->at += end != NULL ? len + 1 : len;
	rest->len -= end != NULL ? len + 1 : len;
	return end != NULL;
}

bool tlsrpt_record_is_candidate(const char *text, size_t len)
{
	size_t i = strlen(version);

	if (len < i || memcmp(text, version, i) != 0)
		return false;
	while (i < len && is_blank(text[i]))
		i++;
	return i < len && text[i] == ';';
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
		         sizeof(record->notes[0]), "%zu more URIs left out",
		         parse->left_out - TLSRPT_NOTES_MAX + 1);
}

static bool has_rua(const struct tlsrpt_record *record, const char *uri)
{
	for (size_t i = 0; i < record->rua_count; i++)
		if (strcmp(record->ruas[i].uri, uri) == 0)
			return true;
	return false;
}

/* What is no URI spoils the record; what is one but not for us, or has a raw
 * "!" as DMARC writes a size after it, is left out alone. */
static int take_uri(struct parse *parse, struct span uri)
{
	struct tlsrpt_record *record = parse->record;
	const char *fault = uri_fault(uri.at, uri.len);
	struct err why = {0};
	struct rua rua;

	if (fault != NULL) {
		char what[80];

		snprintf(what, sizeof(what), "%s where a URI should be", fault);
		return refuse(parse, what, uri);
	}
	if (rua_parse(uri.at, uri.len, &rua, &why) != 0) {
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
	return 0;
}

/* URI *(*WSP "," *WSP URI) */
static int take_rua(struct parse *parse, struct span value)
{
	struct span uri;
	bool more;
	int rc;

	parse->has_rua = true;
	do {
		more = split(&value, ',', &uri);
		rc = take_uri(parse, uri);
	} while (rc == 0 && more);
	return rc;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool is_name(struct span name)
{
	if (name.len == 0 || name.len > NAME_MAX_BYTES || !is_alnum(name.at[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!is_alnum(name.at[i]) && name.at[i] != '_' &&
		    name.at[i] != '-' && name.at[i] != '.')
			return false;
	return true;
}

/* %x21-3A / %x3C / %x3E-7E: printable, neither ";" nor "=" */
static bool is_ext_value(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < 0x21 || value.at[i] > 0x7e ||
		    value.at[i] == '=')
			return false;
	return true;
}

/* "rua=..." or an extension, of which we know none */
static int take_field(struct parse *parse, struct span field)
{
	const char *equals = memchr(field.at, '=', field.len);
	struct span name, value;

	if (equals == NULL)
		return refuse(parse, "no '='", field);
	name = (struct span){field.at, (size_t)(equals - field.at)};
	value = (struct span){equals + 1, field.len - name.len - 1};
	if (!is_name(name))
		return refuse(parse,
		              "no field name (1 to 32 letters, digits, "
		              "'_', '-', '.')",
		              field);
	if (value.len == 0)
		return refuse(parse, "no value", field);
	if (is_blank(value.at[0]))
		return refuse(parse, "white space after the '='", field);
	if (name.len == 3 && memcmp(name.at, "rua", 3) == 0)
		return take_rua(parse, value);
	if (!is_ext_value(value))
		return refuse(parse, "a character that no value has", field);
	return 0;
}

/* version 1*(field-delim field) [field-delim] */
static int take_fields(struct parse *parse, struct span rest)
{
	struct span field;
	bool more = split(&rest, ';', &field); /* the version */

	while (more) {
		int rc;

		more = split(&rest, ';', &field);
		if (field.len == 0 && !more)
			break; /* a ";" may end the record */
		if (field.len == 0)
			return refuse(parse, "an empty field",
			              (struct span){field.at, 1});
		rc = take_field(parse, field);
		if (rc != 0)
			return rc;
	}
	if (!parse->has_rua)
		return err_set(parse->err, ERR_PARSE,
		               "TLSRPT record: no rua field");
	return 0;
}

int tlsrpt_record_parse(const char *text, size_t len,
                        struct tlsrpt_record *record, struct err *err)
{
	struct parse parse = {.text = text, .record = record, .err = err};
	int rc;

	memset(record, 0, sizeof(*record));
	if (len > TLSRPT_RECORD_MAX)
		return err_set(err, ERR_LIMIT,
		               "TLSRPT record: longer than %d bytes",
		               TLSRPT_RECORD_MAX);
	if (!tlsrpt_record_is_candidate(text, len))
		return err_set(err, ERR_PARSE,
		               "TLSRPT record: does not begin with '%s;'",
		               version);
	/* not zeroed: 43 KB of which most records use a sixteenth */
	record->ruas = xmalloc(TLSRPT_RUA_MAX * sizeof(*record->ruas));
	rc = take_fields(&parse, (struct span){text, len});
	if (rc != 0)
		tlsrpt_record_clear(record);
	return rc;
}

int tlsrpt_record_choose(const char *const *texts, const size_t *lens,
                         size_t count, size_t *which, struct err *err)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!tlsrpt_record_is_candidate(texts[i], lens[i]))
			continue;
		if (found++ == 0)
			*which = i;
	}
	if (found > 1)
		return err_set(err, ERR_PARSE,
		               "TLSRPT record: %zu of them where one may be",
		               found);
	return found == 1;
}

void tlsrpt_record_clear(struct tlsrpt_record *record)
{
	free(record->ruas);
	memset(record, 0, sizeof(*record));
}
