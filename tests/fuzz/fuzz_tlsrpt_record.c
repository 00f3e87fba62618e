/* Any bytes as a TLSRPT record: what is taken of it makes a record again that
 * says the same. */
#include "base/auto.h"
#include "base/strbuf.h"
#include "domain/tlsrpt_record.h"
#include "rua_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct tlsrpt_record *record, struct strbuf *out)
{
	strbuf_puts(out, "v=TLSRPTv1; rua=");
	for (size_t i = 0; i < record->rua_count; i++)
		strbuf_printf(out, "%s%s", i > 0 ? " , " : "",
		              record->ruas[i].uri);
}

static void check_same(const struct tlsrpt_record *record)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	auto_(tlsrpt_record_clear) struct tlsrpt_record again;

	write_again(record, &text);
	/* sixteen canonical URIs may be longer than they came */
	if (tlsrpt_record_parse(text.data, text.len, &again, NULL) != 0) {
		check(text.len > TLSRPT_RECORD_MAX);
		return;
	}
	check(again.rua_count == record->rua_count && again.note_count == 0);
	for (size_t i = 0; i < again.rua_count; i++)
		check(memcmp(&again.ruas[i], &record->ruas[i],
		             sizeof(again.ruas[i])) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(tlsrpt_record_clear) struct tlsrpt_record record;
	const char *text = (const char *)data;
	struct err err = {0};

	if (tlsrpt_record_parse(text, size, &record, &err) != 0) {
		check_words(err.text);
		check(record.ruas == NULL);
		return 0;
	}
	check(tlsrpt_record_is_candidate(text, size));
	check(record.rua_count + record.note_count > 0);
	check(record.rua_count <= TLSRPT_RUA_MAX);
	check(record.note_count <= TLSRPT_NOTES_MAX);
	for (size_t i = 0; i < record.rua_count; i++)
		check_rua(&record.ruas[i]);
	for (size_t i = 0; i < record.note_count; i++)
		check_words(record.notes[i]);
	if (record.rua_count > 0)
		check_same(&record);
	return 0;
}
