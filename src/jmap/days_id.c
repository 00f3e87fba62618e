#include "jmap/days_id.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"

int days_id_read(struct jmap_look *look, const char *id, int32_t *first,
                 int32_t *last)
{
	const size_t day = DAY_TEXT - 1;
	char text[2][DAY_TEXT];

	if (strlen(id) != 2 * day + 2 || id[0] != 'd' || id[day + 1] != '_')
		return 0;
	snprintf(text[0], DAY_TEXT, "%.*s", (int)day, id + 1);
	snprintf(text[1], DAY_TEXT, "%.*s", (int)day, id + day + 2);
	if (day_parse(text[0], first, NULL) < 0 ||
	    day_parse(text[1], last, NULL) < 0 || *first > *last)
		return 0;
	if (*last - *first < DAYS_ID_MAX)
		return 1;
	jmap_fail(look->failure, "requestTooLarge",
	          "ids: %.40s: more than %d days", id, DAYS_ID_MAX);
	return -1;
}
