#include "domain/txt_record.h"

#include <string.h>

#include "base/ascii.h"
#include "base/log.h"

enum {
	NAME_MAX_BYTES = 32, /* ext-name */
	SHOWN = 60,          /* bytes of foreign text in an error */
};

int txt_record_refuse(const struct txt_record *record, const char *what,
                      struct span part)
{
	char shown[SHOWN];

	return err_set(record->err, ERR_PARSE, "%s: %s in '%s' at byte %zu",
	               record->kind->name, what,
	               log_escape(shown, sizeof(shown), part.at, part.len),
	               (size_t)(part.at - record->text) + 1);
}

bool txt_record_is_candidate(const struct txt_record_kind *kind,
                             const char *text, size_t len)
{
	size_t i = strlen(kind->version);

	if (len < i || memcmp(text, kind->version, i) != 0)
		return false;
	while (i < len && (text[i] == ' ' || text[i] == '\t'))
		i++;
	return i < len && text[i] == ';';
}

int txt_record_choose(const struct txt_record_kind *kind,
                      const char *const *texts, const size_t *lens,
                      size_t count, size_t *which, struct err *err)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!txt_record_is_candidate(kind, texts[i], lens[i]))
			continue;
		if (found++ == 0)
			*which = i;
	}
	if (found > 1)
		return err_set(err, ERR_PARSE,
		               "%s: %zu records where only one is allowed",
		               kind->name, found);
	return found == 1;
}

/* The next part, trimmed. */
static struct span take_part(struct txt_record *record)
{
	struct span part;

	record->more = span_split(&record->rest, ';', &part);
	return span_trim(part);
}

int txt_record_begin(struct txt_record *record,
                     const struct txt_record_kind *kind, const char *text,
                     size_t len, struct err *err)
{
	*record = (struct txt_record){
		.kind = kind, .text = text, .rest = {text, len}, .err = err};
	if (!txt_record_is_candidate(kind, text, len))
		return err_set(err, ERR_PARSE, "%s: does not begin with '%s;'",
		               kind->name, kind->version);
	take_part(record);
	return 0;
}

bool txt_name_is_good(struct span name)
{
	if (name.len == 0 || name.len > NAME_MAX_BYTES ||
	    !ascii_is_alnum(name.at[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!ascii_is_alnum(name.at[i]) && name.at[i] != '_' &&
		    name.at[i] != '-' && name.at[i] != '.')
			return false;
	return true;
}

static int split_field(const struct txt_record *record, struct txt_field *field)
{
	struct span whole = field->whole;

	field->value = whole;
	if (!span_split(&field->value, '=', &field->name))
		return txt_record_refuse(record, "no '='", whole);
	if (!txt_name_is_good(field->name))
		return txt_record_refuse(record,
		                         "no field name (1 to 32 letters, "
		                         "digits, '_', '-', '.')",
		                         whole);
	return 1;
}

int txt_record_next(struct txt_record *record, struct txt_field *field)
{
	if (!record->more)
		return 0;
	field->whole = take_part(record);
	if (field->whole.len == 0 && !record->more)
		return 0; /* a ";" may end the record */
	if (field->whole.len == 0)
		return txt_record_refuse(record, "an empty field",
		                         (struct span){field->whole.at, 1});
	return split_field(record, field);
}

/* %x21-3A / %x3C / %x3E-7E: printable, neither ";" nor "=" */
int txt_field_check(const struct txt_record *record,
                    const struct txt_field *field)
{
	struct span value = field->value;

	if (value.len == 0)
		return txt_record_refuse(record, "no value", field->whole);
	if (value.at[0] == ' ' || value.at[0] == '\t')
		return txt_record_refuse(record, "white space after the '='",
		                         field->whole);
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (c < 0x21 || c > 0x7e || c == '=')
			return txt_record_refuse(
				record,
				"a character that is not allowed in a value",
				field->whole);
	}
	return 0;
}
