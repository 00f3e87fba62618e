#include "programs/milterd.h"

#include "base/auto.h"
#include "base/log.h"
#include "inmail/dsn.h"
#include "outbox/bounce.h"

int milterd_bounce(void *arg, const char *token, const void *text, size_t len)
{
	struct milterd *d = arg;
	struct bounce_outcome outcome = {0};
	struct err err = {0};
	struct dsn dsn;
	int rc = dsn_read(text, len, &dsn, &err);

	/* an auto-reply, a person: whoever wrote, it is no bounce */
	if (rc == ERR_NOTFOUND)
		return 0;
	if (rc == 0)
		rc = bounce_apply(d->base.db, token, &dsn,
		                  clock_secs(&d->base.clock), &outcome, &err);
	if (rc == ERR_BUSY)
		return rc;
	if (rc < 0) {
		log_warning("a bounce of a report cannot be read: %s",
		            err.text);
		return rc;
	}
	if (outcome.result == BOUNCE_MARKED ||
	    outcome.result == BOUNCE_SUPPRESSED ||
	    outcome.result == BOUNCE_NOTED)
		log_info("a bounce: report to %s: %s (%s)", outcome.address,
		         word_api(&words_bounces, outcome.result),
		         outcome.text);
	return 0;
}
