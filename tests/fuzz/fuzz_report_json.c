/* A report that can be read can be written as it is stored, read and written
 * again without a change; and what is sent of it is sent whole by whoever
 * reads that. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "report/report_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct strbuf *a, const struct strbuf *b)
{
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* As jansson writes it, byte for byte. */
static bool is_jansson(const struct strbuf *text)
{
	auto_(strbuf_clear) struct strbuf again = {0};
	auto_(json_free) json_t *json =
		json_read(text->data, text->len, false, NULL);

	if (json == NULL)
		return false;
	json_write(json, &again);
	return same(text, &again);
}

/* Reads one form and writes it again. */
static void again(const struct strbuf *text, bool wire, struct strbuf *out)
{
	auto_(report_free) struct report *report = report_new();

	if (report_json_read(text->data, text->len, report, NULL) < 0)
		abort();
	if (wire && report_has_other(report))
		abort();
	report_json_write(report, wire, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(report_free) struct report *report = report_new();
	auto_(strbuf_clear) struct strbuf stored = {0}, stored_again = {0};
	auto_(strbuf_clear) struct strbuf sent = {0}, sent_again = {0};
	struct err err;

	if (report_json_read((const char *)data, size, report, &err) < 0)
		return 0;
	report_json_write(report, false, &stored);
	again(&stored, false, &stored_again);
	report_json_write(report, true, &sent);
	again(&sent, true, &sent_again);
	if (!is_jansson(&stored) || !is_jansson(&sent))
		abort();
	if (!same(&stored, &stored_again) || !same(&sent, &sent_again) ||
	    report_has_other(report) == same(&stored, &sent))
		abort();
	report_fold(report, size / 2);
	report_sort(report);
	return 0;
}
