/* Any bytes as an Authentication-Results field: names in it are names. */
#include "base/domain.h"
#include "base/err.h"
#include "received/auth_results.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct auth_results results;
	struct err err = {0};

	if (auth_results_read((const char *)data, size, &results, &err) < 0) {
		check_words(err.text);
		check(results.count == 0 && results.server[0] == '\0');
		return 0;
	}
	check(results.server[0] != '\0');
	check(results.count <= AUTH_SIGNATURES_MAX);
	for (size_t i = 0; i < results.count; i++)
		check(results.signatures[i].domain[0] == '\0' ||
		      domain_is_canonical(results.signatures[i].domain));
	return 0;
}
