/*
 * The TXT record at _mta-sts (RFC 8461 section 3.1).
 */
#include "base/ascii.h"
#include "domain/sts_policy.h"

#include <string.h>

#include "domain/txt_record.h"

static const struct txt_record_kind kind = {
	.name = "STS record",
	.version = "v=STSv1",
};

bool sts_record_is_candidate(const char *text, size_t len)
{
	return txt_record_is_candidate(&kind, text, len);
}

int sts_record_choose(const char *const *texts, const size_t *lens,
                      size_t count, size_t *which, struct err *err)
{
	return txt_record_choose(&kind, texts, lens, count, which, err);
}

/* 1*32(ALPHA / DIGIT) */
static bool is_id(struct span value)
{
	if (value.len == 0 || value.len > STS_ID_MAX)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (!ascii_is_alnum(value.at[i]))
			return false;
	}
	return true;
}

/* The first id counts; a second is read over like an extension. */
static int take_field(const struct txt_record *record,
                      const struct txt_field *field, char *id)
{
	if (!span_is(field->name, "id") || id[0] != '\0')
		return txt_field_check(record, field);
	if (!is_id(field->value))
		return txt_record_refuse(
			record, "an id that is not 1 to 32 letters and digits",
			field->whole);
	memcpy(id, field->value.at, field->value.len);
	id[field->value.len] = '\0';
	return 0;
}

int sts_record_parse(const char *text, size_t len, char id[STS_ID_MAX + 1],
                     struct err *err)
{
	struct txt_record record;
	struct txt_field field;
	int rc = txt_record_begin(&record, &kind, text, len, err);

	id[0] = '\0';
	if (rc != 0)
		return rc;
	while ((rc = txt_record_next(&record, &field)) == 1) {
		rc = take_field(&record, &field, id);
		if (rc != 0)
			return rc;
	}
	if (rc == 0 && id[0] == '\0')
		return err_set(err, ERR_PARSE, "%s: no id", kind.name);
	return rc;
}
