#include "programs/milterd.h"

#include "postfix/milter_watch.h"
#include "base/auto.h"
#include "base/log.h"

static void look_at_site(struct milterd *d)
{
	auto_(arena_clear) struct arena arena = {0};
	struct milter_sight sight;

	milter_watch_read(&d->base.conf, d->site, &arena, &sight);
	milter_clients_set_sight(d->clients, &sight);
	for (size_t i = 0; i < sight.word_count; i++)
		log_warning("Postfix: %s", sight.words[i]);
	if (d->hides && sight.word_count == 0)
		log_info("Postfix: all mail that comes in is shown again");
	d->hides = sight.word_count > 0;
	if (!d->site->instances[0].known &&
	    d->base.conf.milter.before_queue_filter == BEFORE_QUEUE_FILTER_AUTO)
		log_info("%s: whether a before-queue filter stands in front of "
		         "us is not known; [milter] before_queue_filter says "
		         "it",
		         d->site->trouble.text);
}

void milterd_look_at_postfix(struct milterd *d)
{
	struct err err = {0};

	if (milter_clients_refresh(d->clients, &err) < 0)
		log_warning("%s: only loopback is taken for this host",
		            err.text);
	if (d->site != NULL && !postfix_site_changed(d->site))
		return;
	postfix_site_free(&d->site);
	d->site = postfix_site_ask(&d->base.conf);
	look_at_site(d);
}
