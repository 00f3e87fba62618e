#include "words/feed.h"

#include <string.h>

#include "base/moment.h"
#include "base/span.h"

const struct feed_kind feed_kinds[] = {
	{
		.name = FEED_EVENTS,
		.daemon = "tlstallyd",
		.source = "Postfix's events",
		.unit = "event",
		.check = "are smtp_tlsrpt_enable = yes and "
			 "smtp_tlsrpt_socket_name set in Postfix?",
		.meanwhile = "kept in memory, will retry",
		.counts_sessions = true,
	},
	{
		.name = FEED_LOG,
		.daemon = "tlstally-logd",
		.source = "the mail log",
		.unit = "session",
		.check = "are smtp_tls_loglevel = 1 and "
			 "smtp_tls_security_level set in Postfix?",
		.meanwhile = "the log is not read meanwhile, will retry",
		.is_read_again = true,
		.counts_sessions = true,
		.tells_all = true,
		.leaves_out_ours = true,
	},
	{
		.name = FEED_MILTER,
		.daemon = "tlstally-milter",
		.source = "the milter",
		.unit = "message",
		.check = "are smtpd_milters and non_smtpd_milters set in "
			 "Postfix?",
		.meanwhile = "kept in memory, will retry; mail does not wait",
	},
	{
		.name = "",
		.daemon = "its daemon",
		.source = "another feed",
		.unit = "event",
		.check = "this version of tlstally may be too old",
		.meanwhile = "will retry",
		.counts_sessions = true,
	},
};

const struct feed_kind *feed_kind(const char *name)
{
	size_t i = 0;

	while (i < FEED_KINDS && strcmp(feed_kinds[i].name, name) != 0)
		i++;
	return &feed_kinds[i];
}

const struct feed_kind *feed_kind_of_unit(const char *unit)
{
	for (size_t i = 0; i < FEED_KINDS; i++) {
		struct span name = span_of(unit);

		if (span_skip(&name, feed_kinds[i].daemon) &&
		    span_is(name, ".service"))
			return &feed_kinds[i];
	}
	return NULL;
}

enum feed_state feed_state(const struct feed *feed, int64_t now)
{
	if (moment_age(feed->seen_at, now) > FEED_SILENT_SECS)
		return FEED_NOT_RUNNING;
	if (feed->trouble[0] != '\0')
		return FEED_IN_TROUBLE;
	if (feed->watermark == 0)
		return FEED_STARTING;
	if (moment_age(feed->watermark, now) > FEED_SILENT_SECS)
		return FEED_BEHIND;
	if (feed->last_event == 0)
		return FEED_EMPTY;
	return moment_age(feed->last_event, now) > FEED_QUIET_SECS
	               ? FEED_QUIET
	               : FEED_COUNTING;
}

bool feed_is_up(enum feed_state state)
{
	return state > FEED_IN_TROUBLE;
}

void feed_tell(const struct feed *feed, const struct feed_kind *kind,
               int64_t now, struct strbuf *out)
{
	char last[TIME_TEXT], seen[TIME_TEXT], until[TIME_TEXT];
	const char *daemon = kind->daemon;
	enum feed_state state = feed_state(feed, now);

	day_format_time(feed->last_event, last);
	day_format_time(feed->seen_at, seen);
	day_format_time(feed->watermark, until);
	if (state == FEED_NOT_RUNNING && feed->seen_at == 0)
		strbuf_printf(out, "%s has never counted into this store",
		              daemon);
	else if (state == FEED_NOT_RUNNING)
		strbuf_printf(out,
		              "%s has counted nothing since %s: it is not "
		              "running, or it cannot write to the store",
		              daemon, seen);
	else if (state == FEED_IN_TROUBLE)
		strbuf_printf(out, "%s is not counting: %s", daemon,
		              feed->trouble);
	else if (state == FEED_STARTING)
		strbuf_printf(out,
		              "%s has started and has not yet counted anything",
		              daemon);
	else if (state == FEED_BEHIND)
		strbuf_printf(out,
		              "%s is behind: it has counted until %s and is "
		              "catching up",
		              daemon, until);
	else if (state == FEED_EMPTY)
		strbuf_printf(out, "no %s has been received yet: %s",
		              kind->unit, kind->check);
	else
		strbuf_printf(out, "%sthe last %s was received at %s",
		              state == FEED_COUNTING ? "counting; " : "",
		              kind->unit, last);
}

bool feed_is_in_use(const struct feed *feed, int64_t now)
{
	return feed->seen_at >= now - FEED_IN_USE_SECS;
}
