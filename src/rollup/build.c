/* rollup_build() of rollup.h: the report of one domain's day. */
#include "rollup/rollup.h"

#include "base/day.h"
#include "report/report_id.h"

/* A policy of which no session was judged: nothing is said of it. */
static bool is_empty(const struct report_policy *policy)
{
	return policy->success == 0 && policy->failure == 0 &&
	       policy->detail_count == 0;
}

static void drop_empty(struct report *report)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->policy_count; i++)
		if (!is_empty(&report->policies[i]))
			report->policies[kept++] = report->policies[i];
	report->policy_count = kept;
}

int rollup_build(struct merged *merged, struct db_txn *txn,
                 const struct conf *conf, uint64_t store_id, const char *domain,
                 struct report *report, uint64_t *folded, struct err *err)
{
	const char *submitter = conf_submitter(conf);
	const int32_t day = merged->day;
	int rc;

	report_reset(report);
	rc = merged_load(merged, txn, domain, report, err);
	if (rc < 0)
		return rc == ERR_NOTFOUND ? 0 : rc;
	drop_empty(report);
	if (report->policy_count == 0)
		return 0;
	report->organization_name = conf_organization(conf);
	report->contact_info = conf->report.contact_info;
	report->report_id = report_id_make(&report->mem, day, domain, submitter,
	                                   merged_seed(merged, store_id));
	report->start = day_start(day);
	report->end = day_end(day);
	/* sorted before, so that equal counts fold alike, and after it, since
	 * what was folded is in no order */
	report_sort(report);
	*folded = report_fold(report, conf->report.max_report_size);
	if (*folded > 0)
		report_sort(report);
	return 1;
}
