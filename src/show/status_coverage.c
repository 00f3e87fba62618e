/* Mail without TLS sessions, for status. */
#include "show/status.h"

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "rollup/coverage.h"
#include "show/doc.h"

static void add_day(json_t *list, const struct coverage *coverage)
{
	json_t *item = doc_row(list), *domains;

	doc_set_day(item, "day", coverage->day);
	json_set_bool(item, "broken", coverage->broken);
	json_set_uint(item, "domains", coverage->domains);
	json_set_uint(item, "messages", coverage->messages);
	json_set_uint(item, "uncovered", coverage->uncovered);
	json_set_uint(item, "unjudged", coverage->unjudged);
	domains = doc_array(item, "uncoveredDomains");
	for (size_t i = 0; i < coverage->listed; i++) {
		json_t *domain = doc_row(domains);

		doc_set(domain, "domain", coverage->list[i].domain);
		doc_set(domain, "nextHop", coverage->list[i].next_hop);
		json_set_uint(domain, "messages", coverage->list[i].messages);
	}
}

/* Today, when it is time, and yesterday. */
int status_coverage(const struct status_of *of, json_t *doc, struct err *err)
{
	json_t *list = doc_array(doc, "coverage");
	int64_t now = of->now;

	for (int32_t day = day_of(now); day >= day_of(now) - 1; day--) {
		struct coverage coverage;

		if (coverage_look(of->db, of->conf, day, now, &coverage, err) <
		    0)
			return err->class;
		if (coverage.looked && coverage.domains + coverage.unjudged > 0)
			add_day(list, &coverage);
	}
	return 0;
}
