/* Any bytes as an STS record: what is taken of it makes a record again that
 * says the same. */
#include "base/err.h"
#include "domain/sts_policy.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char id[STS_ID_MAX + 1], again[STS_ID_MAX + 1], record[64];
	struct err err = {0};

	if (sts_record_parse(text, size, id, &err) != 0) {
		check_words(err.text);
		return 0;
	}
	check(sts_record_is_candidate(text, size));
	check(id[0] != '\0' && strlen(id) <= STS_ID_MAX);
	snprintf(record, sizeof(record), "v=STSv1; id=%s;", id);
	check(sts_record_parse(record, strlen(record), again, NULL) == 0);
	check(strcmp(id, again) == 0);
	return 0;
}
