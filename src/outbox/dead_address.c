#include "outbox/dead_address.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "base/utf8.h"
#include "store/doubt_table.h"
#include "store/suppress_table.h"

/* A report that was made by hand may be about a day to come. */
static int32_t day_of_report(const struct dead_address *of)
{
	int32_t today = day_of(of->now);

	return of->head->day < today ? of->head->day : today;
}

void dead_address_suppress(const struct dead_address *of, const char *answer)
{
	suppress_for_a_while(of->txn, of->address, answer, of->now);
}

bool dead_address_doubt(const struct dead_address *of, uint32_t code,
                        const char *answer)
{
	char reason[sizeof(((struct suppression *)0)->reason)];
	int used;

	if (!doubt_table_note_refused(of->txn, of->address, day_of_report(of),
	                              code))
		return false;
	used = snprintf(reason, sizeof(reason),
	                "same answer for reports of %d days: ", DOUBT_ENOUGH);
	utf8_show(reason + used, sizeof(reason) - (size_t)used, answer,
	          strlen(answer));
	dead_address_suppress(of, reason);
	return true;
}

void dead_address_accepted(const struct dead_address *of)
{
	doubt_table_note_accepted(of->txn, of->address, day_of_report(of));
}

void dead_address_came_back(const struct dead_address *of)
{
	doubt_table_note_came_back(of->txn, of->address, day_of_report(of));
}
