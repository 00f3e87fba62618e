#include "domain/domain_view.h"

#include <string.h>

#include "base/moment.h"

bool domain_view_is_fact(enum view_status status)
{
	return status == VIEW_NONE || status == VIEW_OK || status == VIEW_BAD;
}

/* What DNSSEC refuses is no answer to mail, but it is one to the question
 * what to report: dnssec-invalid. */
static bool dane_is_known(const struct domain_view *view)
{
	if (view->mx == VIEW_BOGUS)
		return true;
	if (!domain_view_is_fact(view->mx))
		return false;
	for (size_t i = 0; view->mx_secure && i < view->mx_count; i++)
		if (!domain_view_is_fact(view->mxs[i].tlsa) &&
		    view->mxs[i].tlsa != VIEW_BOGUS)
			return false;
	return true;
}

/* A policy that could not be fetched is a finding, too. */
static bool sts_is_known(const struct domain_view *view)
{
	if (view->sts == VIEW_OK)
		return true;
	if (view->sts_record == VIEW_OK)
		return view->sts_fetch != VIEW_UNKNOWN &&
		       view->sts_fetch != VIEW_TEMPFAIL;
	return domain_view_is_fact(view->sts_record);
}

bool domain_view_is_complete(const struct domain_view *view, bool dane,
                             bool sts)
{
	return domain_view_is_fact(view->tlsrpt) &&
	       (!dane || dane_is_known(view)) && (!sts || sts_is_known(view));
}

bool domain_view_is_good(const struct domain_view *view, int64_t now)
{
	return domain_view_was_good(view, now, now);
}

bool domain_view_was_good(const struct domain_view *view, int64_t moment,
                          int64_t now)
{
	/* it may have been found out until now, and be good from then on */
	return !moment_has_come(view->expires_at, moment,
	                        now - moment + VIEW_KEEP_MAX);
}

bool domain_view_sts_in_force(const struct domain_view *view, int64_t now)
{
	return view->sts == VIEW_OK &&
	       !moment_has_come(view->sts_expires_at, now,
	                        view->sts_policy.max_age);
}

const struct view_mx *domain_view_mx(const struct domain_view *view,
                                     const char *host)
{
	for (size_t i = 0; host != NULL && i < view->mx_count; i++)
		if (strcmp(view->mxs[i].host, host) == 0)
			return &view->mxs[i];
	return NULL;
}

enum result_type domain_view_fetch_result(enum view_status sts_fetch)
{
	static const enum result_type results[VIEW_STATUSES] = {
		[VIEW_BAD] = RESULT_STS_POLICY_INVALID,
		[VIEW_FETCH_ERROR] = RESULT_STS_POLICY_FETCH_ERROR,
		[VIEW_WEBPKI_ERROR] = RESULT_STS_WEBPKI_INVALID,
	};

	return sts_fetch < VIEW_STATUSES ? results[sts_fetch] : RESULT_OTHER;
}
