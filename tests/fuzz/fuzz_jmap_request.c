/* A request that was taken has calls as they are promised; one that was not
 * has a problem in words. */
#include <stdint.h>
#include <stdlib.h>

#include "check.h"
#include "api/jmap_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jmap_request request;
	struct jmap_problem problem;

	if (!jmap_request_read(data, size, &request, &problem)) {
		check(problem.status == 400 && problem.type != NULL &&
		      problem.detail[0] != '\0');
		return 0;
	}
	check(problem.status == 0 && request.call_count <= JMAP_MAX_CALLS);
	for (size_t i = 0; i < request.call_count; i++)
		check(request.calls[i].name != NULL &&
		      request.calls[i].id != NULL &&
		      json_is_object(request.calls[i].args));
	jmap_request_clear(&request);
	return 0;
}
