#include "fleet/day_ship.h"

#include <stdio.h>

#include "base/auto.h"
#include "base/day.h"
#include "fleet/day_text.h"
#include "store/tally_table.h"

enum { SHIP_TRIES = 5 };

/* Its lines, in order, and the end of it. */
static int ship_lines(const struct day_ship *ship, struct day_text *lines,
                      uint64_t *domains, struct err *err)
{
	char after[TALLY_DOMAIN_TEXT] = "";
	int count;

	do {
		const struct ledger_line *at = day_text_at(lines);

		count = day_text_next(lines, err);
		if (count < 0 ||
		    ledger_ship_lines(ship->ledger, ship->self->name, ship->day,
		                      after, at, (size_t)count, count == 0,
		                      domains, err) < 0)
			return err->class;
		if (count > 0)
			snprintf(after, sizeof(after), "%s",
			         at[count - 1].domain);
	} while (count > 0);
	return 0;
}

/* A day that is sealed must be what it was when it was begun. */
static int check_seal(const struct day_ship *ship, struct day_text *lines,
                      struct err *err)
{
	char text[DAY_TEXT];
	bool unchanged = true;

	if (ship->seal && day_text_unchanged(lines, &unchanged, err) < 0)
		return err->class;
	return unchanged ? 0
	                 : err_set(err, ERR_BUSY,
	                           "the counts of %s changed meanwhile",
	                           day_format(ship->day, text));
}

static int ship_once(const struct day_ship *ship, uint64_t *domains,
                     struct err *err)
{
	auto_(day_text_free) struct day_text *lines = NULL;
	struct ledger_host_day host_day = {
		.day = ship->day,
		.sealed_at = ship->seal ? ship->now : 0,
	};

	*domains = 0;
	if (day_text_begin(&lines, ship->db, ship->conf, ship->self->name,
	                   ship->day, ship->now, err) < 0 ||
	    ledger_ship_begin(ship->ledger, ship->self, err) < 0)
		return err->class;
	if (ship_lines(ship, lines, domains, err) < 0 ||
	    check_seal(ship, lines, err) < 0) {
		ledger_ship_abort(ship->ledger);
		return err->class;
	}
	host_day.revision = day_text_head(lines)->generation;
	host_day.totals = *day_text_totals(lines);
	return ledger_ship_end(ship->ledger, ship->self, &host_day,
	                       day_text_head_text(lines),
	                       day_text_end_text(lines), err);
}

int day_ship(const struct day_ship *ship, uint64_t *domains, struct err *err)
{
	int rc = ERR_BUSY;

	for (int tries = 0; rc == ERR_BUSY && tries < SHIP_TRIES; tries++)
		rc = ship_once(ship, domains, err);
	return rc;
}
