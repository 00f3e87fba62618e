/* An object that was taken is shown as it can be given again, and its report
 * can be sent. */
#include <stdint.h>
#include <stdlib.h>

#include "api/object.h"
#include "base/auto.h"
#include "base/json.h"
#include "report/report_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a client would give to make the same object. */
static json_t *as_given(const struct internal_report *object)
{
	json_t *json = object_write(object);

	json_object_del(json, "id");
	json_object_del(json, "day");
	json_object_del(json, "doneAt");
	json_object_del(json, "status");
	json_object_del(json, "successfulSessions");
	json_object_del(json, "failedSessions");
	json_object_del(json, "jsonBlobId");
	json_object_del(json, "gzipBlobId");
	json_object_del(json, "destinations");
	json_object_del(json, "missingHosts");
	return json;
}

static void check_report(const struct report *report)
{
	auto_(report_free) struct report *sent = report_new();
	auto_(strbuf_clear) struct strbuf text = {0};

	report_json_write(report, true, &text);
	if (report_json_read(text.data, text.len, sent, NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(object_free) struct internal_report *object = object_new();
	auto_(json_free) json_t *given = NULL;
	auto_(json_free) json_t *shown = NULL;
	auto_(json_free) json_t *again = NULL;
	struct err err;

	given = json_read((const char *)data, size, false, &err);
	if (given == NULL || object_read(given, object, NULL, &err) < 0)
		return 0;
	check_report(object->report);
	shown = as_given(object);
	if (object_read(shown, object, NULL, &err) < 0)
		abort();
	again = as_given(object);
	if (!json_equal(shown, again))
		abort();
	return 0;
}
