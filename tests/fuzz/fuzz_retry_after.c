/* What stands behind Retry-After: a wait of up to a day, whenever it is read,
 * and the next attempt is neither before now nor past the end of trying. */
#include "base/xalloc.h"
#include "check.h"
#include "reply/retry.h"

enum { DAY = 86400 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t moments[] = {0, 1772409600, INT64_C(4102444800)};
	char *text = xstrndup((const char *)data, size);

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		int64_t now = moments[i], end = now + DAY;
		int64_t wait = retry_after_parse(text, now);
		int64_t next = retry_next(now, 1, wait, end, size);

		check(wait >= 0 && wait <= DAY);
		check(next > now && next <= end);
	}
	check(retry_after_parse(NULL, 0) == 0);
	free(text);
	return 0;
}
