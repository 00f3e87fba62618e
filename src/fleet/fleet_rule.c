#include "fleet/fleet_rule.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "base/domain.h"

const char fleet_exposed_words[] =
	"the connection to the ledger is not encrypted: others on the way can "
	"read and change what is shipped; add sslmode=verify-full to [fleet] "
	"ledger";

const struct ledger_host *fleet_host(const struct ledger_view *view,
                                     const char *name)
{
	for (size_t i = 0; i < view->host_count; i++)
		if (strcmp(view->hosts[i].name, name) == 0)
			return &view->hosts[i];
	return NULL;
}

const struct ledger_host_day *fleet_host_day(const struct ledger_view *view,
                                             int32_t day, const char *host)
{
	for (size_t i = 0; i < view->host_day_count; i++)
		if (view->host_days[i].day == day &&
		    strcmp(view->host_days[i].host, host) == 0)
			return &view->host_days[i];
	return NULL;
}

const struct ledger_day *fleet_day(const struct ledger_view *view, int32_t day)
{
	for (size_t i = 0; i < view->day_count; i++)
		if (view->days[i].day == day)
			return &view->days[i];
	return NULL;
}

/* --- shipping --- */

/* Of a day that is sealed already. */
static enum fleet_ship ship_again(const struct ledger_view *view,
                                  const struct ledger_host_day *there,
                                  const struct fleet_own_day *own)
{
	const struct ledger_day *day = fleet_day(view, own->day);
	bool taken = day != NULL && day->reporter[0] != '\0';

	/* some of those that were waited for have their policies now */
	if (own->waiting < there->totals.waiting)
		return FLEET_SHIP_SEALED;
	return taken || there->revision == own->revision ? FLEET_SHIP_NOTHING
	                                                 : FLEET_SHIP_SEALED;
}

enum fleet_ship fleet_ship_what(const struct ledger_view *view,
                                const char *name,
                                const struct ledger_life *life,
                                const struct fleet_own_day *own,
                                int64_t every_secs)
{
	const struct ledger_host_day *there =
		fleet_host_day(view, own->day, name);
	bool same = there != NULL && ledger_life_is(&there->life, life);

	/* a backup has less of that day than what was sealed before it was
	 * restored */
	if (there != NULL && !same && there->sealed_at != 0 &&
	    there->life.store_id == life->store_id)
		return FLEET_SHIP_NOTHING;
	if (own->complete)
		return same && there->sealed_at != 0
		               ? ship_again(view, there, own)
		               : FLEET_SHIP_SEALED;
	if (!same)
		return FLEET_SHIP_COUNTS;
	return there->revision != own->revision &&
	                       view->now - there->shipped_at >= every_secs
	               ? FLEET_SHIP_COUNTS
	               : FLEET_SHIP_NOTHING;
}

enum fleet_row fleet_row_of(const struct ledger_view *view, const char *name,
                            const struct ledger_life *life, uint64_t mark,
                            uint64_t next)
{
	const struct ledger_host *host = fleet_host(view, name);

	if (host == NULL)
		return FLEET_ROW_NONE;
	if (host->life.store_id != life->store_id)
		return host->retired ? FLEET_ROW_NONE : FLEET_ROW_OTHERS;
	if (host->life.epoch != life->epoch)
		return FLEET_ROW_RESTORED;
	if (host->mark == mark)
		return FLEET_ROW_OURS;
	return host->mark == next ? FLEET_ROW_CONFIRMED : FLEET_ROW_COPIED;
}

/* --- leading --- */

const struct ledger_host *fleet_model(const struct ledger_view *view)
{
	const struct ledger_host *host = fleet_host(view, view->leader);

	return host == NULL || host->retired || host->leaves ||
	                       host->life.store_id != view->leader_store ||
	                       host->settings[0] == '\0'
	               ? NULL
	               : host;
}

/* Who has the same settings may report, too, and it came by lately. */
static bool has_deputy(const struct ledger_view *view,
                       const struct fleet_candidate *me)
{
	for (size_t i = 0; i < view->host_count; i++) {
		const struct ledger_host *host = &view->hosts[i];

		if (strcmp(host->name, me->name) != 0 && !host->retired &&
		    !host->leaves &&
		    host->seen_at > view->now - FLEET_LEASE_SECS &&
		    strcmp(host->settings, me->settings) == 0)
			return true;
	}
	return false;
}

/* After a while without a leader one with a bad relay is better than none: it
 * finds out that it is well again only when it sends. */
static bool steps_back(const struct ledger_view *view,
                       const struct fleet_candidate *me)
{
	return me->relay_at != 0 && me->now - me->relay_at < FLEET_RELAY_SECS &&
	       view->now < view->lease_until + FLEET_LEASE_SECS &&
	       has_deputy(view, me);
}

static bool has_others(const struct ledger_view *view, const char *name)
{
	for (size_t i = 0; i < view->host_count; i++)
		if (strcmp(view->hosts[i].name, name) != 0 &&
		    !view->hosts[i].retired && !view->hosts[i].leaves)
			return true;
	return false;
}

void fleet_left(const struct ledger_view *view, const char *name,
                const struct ledger_life *life, int32_t first, int32_t until,
                struct fleet_left *left)
{
	*left = (struct fleet_left){.to_seal = 0};
	for (int32_t day = first; day < until; day++) {
		const struct ledger_host_day *own =
			fleet_host_day(view, day, name);
		const struct ledger_day *row = fleet_day(view, day);
		bool seals = own == NULL || own->sealed_at == 0;
		bool decides = !seals && own->totals.waiting > 0;
		bool reports = row != NULL && row->done_at == 0 &&
		               row->reporter_store == life->store_id;

		left->to_seal += seals;
		left->to_decide += decides;
		left->to_take += reports;
		if (seals || decides || reports)
			left->last_day = day;
	}
}

enum fleet_lead fleet_may_lead(const struct ledger_view *view,
                               const struct fleet_candidate *me)
{
	const struct ledger_host *model = fleet_model(view);

	if (me->leaves && has_others(view, me->name))
		return FLEET_LEAD_LEAVES;
	if (model != NULL && model->life.store_id != me->store_id &&
	    strcmp(model->settings, me->settings) != 0)
		return FLEET_LEAD_SETTINGS;
	return steps_back(view, me) ? FLEET_LEAD_RELAY : FLEET_LEAD_MAY;
}

/* --- reporting --- */

static bool is_listed(const struct conf_list *expect, const char *name)
{
	for (size_t i = 0; i < expect->count; i++) {
		const char *item = expect->items[i];
		char host[DOMAIN_TEXT];

		/* conf_check() has seen that it is a name */
		if (domain_canonical(item, strlen(item), host, NULL) == 0 &&
		    strcmp(host, name) == 0)
			return true;
	}
	return false;
}

/* A host that counts nothing ships empty days.  The days are compared with the
 * one that is to be closed, not with today: after a week without the database
 * nobody has shipped lately. */
static bool ships(const struct ledger_view *view,
                  const struct ledger_host *host, int32_t day)
{
	for (int32_t at = day - FLEET_EXPECT_DAYS; at <= day; at++)
		if (fleet_host_day(view, at, host->name) != NULL)
			return true;
	return false;
}

bool fleet_is_expected(const struct ledger_view *view,
                       const struct conf_list *expect,
                       const struct ledger_host *host, int32_t day)
{
	if (host->retired || host->since > day)
		return false;
	/* its last days are those that it has begun to ship */
	if (host->leaves && fleet_host_day(view, day, host->name) == NULL)
		return false;
	return expect->count > 0 ? is_listed(expect, host->name)
	                         : ships(view, host, day);
}

void fleet_add_name(char missing[LEDGER_MISSING], const char *name)
{
	size_t len = strlen(missing);

	snprintf(missing + len, LEDGER_MISSING - len, "%s%s",
	         len > 0 ? ", " : "", name);
}

static bool has_sealed(const struct ledger_view *view, const char *host,
                       int32_t day)
{
	const struct ledger_host_day *there = fleet_host_day(view, day, host);

	return there != NULL && there->sealed_at != 0;
}

/* Those of [fleet] expect that the ledger has never seen. */
static void add_unknown(const struct ledger_view *view,
                        const struct conf_list *expect,
                        char missing[LEDGER_MISSING])
{
	for (size_t i = 0; i < expect->count; i++) {
		const char *item = expect->items[i];
		char host[DOMAIN_TEXT];

		if (domain_canonical(item, strlen(item), host, NULL) == 0 &&
		    fleet_host(view, host) == NULL)
			fleet_add_name(missing, host);
	}
}

void fleet_day_missing(const struct ledger_view *view, const struct conf *conf,
                       int32_t day, char missing[LEDGER_MISSING])
{
	const struct conf_list *expect = &conf->fleet.expect;

	missing[0] = '\0';
	for (size_t i = 0; i < view->host_count; i++)
		if (fleet_is_expected(view, expect, &view->hosts[i], day) &&
		    !has_sealed(view, view->hosts[i].name, day))
			fleet_add_name(missing, view->hosts[i].name);
	add_unknown(view, expect, missing);
}

bool fleet_deadline_is_over(const struct ledger_view *view,
                            const struct conf *conf, int32_t day)
{
	const struct ledger_day *row = fleet_day(view, day);
	int64_t until = day_start(day + 1) + conf->fleet.deadline;

	return row != NULL && row->first_seal_at != 0 && view->now >= until &&
	       view->now >= row->first_seal_at + FLEET_SEAL_SECS;
}

enum fleet_ready fleet_day_ready(const struct ledger_view *view,
                                 const struct conf *conf, int32_t day,
                                 char missing[LEDGER_MISSING])
{
	const struct ledger_day *row = fleet_day(view, day);

	fleet_day_missing(view, conf, day, missing);
	if (row == NULL || row->first_seal_at == 0)
		return FLEET_READY_NOT_YET;
	if (missing[0] == '\0')
		return FLEET_READY_WHOLE;
	return fleet_deadline_is_over(view, conf, day) ? FLEET_READY_INCOMPLETE
	                                               : FLEET_READY_NOT_YET;
}
