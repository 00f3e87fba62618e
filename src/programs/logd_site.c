/*
 * What Postfix is set to, for the sessions that are read: asked at start, and
 * again when main.cf or master.cf is another file than it was.
 */
#include "programs/logd.h"
#include "postfix/site.h"

static void enforce(struct logd *d, unsigned enforces)
{
	d->apply.judge = judge_options_of(enforces);
	if (d->pool != NULL)
		policy_pool_enforce(d->pool,
		                    d->apply.judge.dane ||
		                            d->apply.judge.dane_by_map,
		                    d->apply.judge.sts);
}

struct log_site *logd_ask_site(struct logd *d)
{
	struct log_site *site;

	postfix_site_free(&d->site);
	d->site = postfix_site_ask(&d->base.conf);
	site = site_make(&d->base.conf, d->site, logd_source_kind(d),
	                 d->from_start);
	site_tell(&d->base.conf, d->site, site, &d->site_said);
	enforce(d, log_site_enforces(site));
	return site;
}

void logd_watch_site(struct logd *d)
{
	if (postfix_site_changed(d->site))
		log_feed_set_site(d->feed, logd_ask_site(d));
}
