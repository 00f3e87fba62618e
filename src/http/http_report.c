/*
 * POST of a report of others to [received] post_path (RFC 8460 section 5.4).
 *
 * Anybody may send one who knows the path, and nobody vouches for it; so there
 * is an own bound of what such requests keep in memory, and few are read at a
 * time, that the API has threads and memory whatever strangers send.
 */
#include "http/http_exchange.h"

#include <stdlib.h>
#include <strings.h>

#include "base/auto.h"
#include "base/log.h"
#include "intake/received_take.h"

enum {
	AT_ONCE = 2,
	BUSY_SECS = 5,
	STORE_SECS = 60,
	FULL_SECS = 3600,
	/* so long nobody looks whether there is room again */
	FULL_MS = 60 * 1000,
};

struct outcome {
	struct http *http;
	size_t taken, again, dropped;
};

/* The path stands in DNS: a line of log for each request would be anybody's. */
static bool may_log(struct http *http, enum http_report_fate fate)
{
	uint64_t held;
	bool may;

	pthread_mutex_lock(&http->report_lock);
	may = log_allowed(&http->report_limits[fate],
	                  clock_monotonic_ms(http->jmap.clock), &held);
	pthread_mutex_unlock(&http->report_lock);
	return may;
}

static bool is_full(struct http *http)
{
	return clock_monotonic_ms(http->jmap.clock) <
	       atomic_load(&http->no_reports_ms);
}

static void refuse_full(struct http_reply *reply)
{
	reply->retry_after = FULL_SECS;
	http_refuse(reply, MHD_HTTP_TOO_MANY_REQUESTS,
	            "too many reports have come today");
}

/* The type that a sender gives, before its body comes. */
void http_check_report(struct http_exchange *exchange, struct http_reply *reply)
{
	const char *type = http_header_of(exchange->connection, "Content-Type");
	const char *length =
		http_header_of(exchange->connection, "Content-Length");
	uint64_t max = exchange->http->jmap.conf->received.max_size;

	if (!http_is_type(type, "application/tlsrpt+gzip") &&
	    !http_is_type(type, "application/tlsrpt+json"))
		http_refuse(reply, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
		            "the Content-Type is neither "
		            "application/tlsrpt+gzip nor "
		            "application/tlsrpt+json");
	else if (length != NULL && strtoull(length, NULL, 10) > max)
		http_refuse(reply, MHD_HTTP_CONTENT_TOO_LARGE,
		            "the report is too large");
	else if (is_full(exchange->http))
		refuse_full(reply);
}

static void hear(void *arg, const struct received_taken *taken)
{
	struct outcome *outcome = arg;

	if (taken->is_new ||
	    may_log(outcome->http,
	            taken->is_dropped ? REPORT_DROPPED : REPORT_AGAIN))
		received_taken_log(taken);
	if (taken->is_dropped)
		outcome->dropped++;
	else if (taken->is_new)
		outcome->taken++;
	else
		outcome->again++;
}

/* Whoever sends it tries again for a day what it was not our pleasure to take
 * now (RFC 8460 section 5.5). */
static void refuse(struct http_reply *reply, const struct err *err)
{
	switch (err->class) {
	case ERR_PARSE:
	case ERR_NOTFOUND:
		http_refuse(reply, MHD_HTTP_BAD_REQUEST, err->text);
		return;
	case ERR_LIMIT:
		http_refuse(reply, MHD_HTTP_CONTENT_TOO_LARGE, err->text);
		return;
	default:
		reply->retry_after = STORE_SECS;
		http_refuse(reply, MHD_HTTP_SERVICE_UNAVAILABLE,
		            "the report cannot be stored now");
	}
}

static enum http_report_fate fate_of(const struct err *err)
{
	switch (err->class) {
	case ERR_PARSE:
	case ERR_NOTFOUND:
		return REPORT_BAD;
	case ERR_LIMIT:
		return REPORT_TOO_LARGE;
	default:
		return REPORT_NOT_STORED;
	}
}

static int take(struct http_exchange *exchange, struct outcome *outcome,
                struct err *err)
{
	const struct jmap *jmap = &exchange->http->jmap;
	auto_(received_taker_free) struct received_taker *taker = NULL;

	if (received_taker_new(&taker, jmap->db, jmap->conf, err) < 0)
		return err->class;
	return received_take_file(taker, RECEIVED_BY_HTTPS, exchange->body.data,
	                          exchange->body.len, clock_secs(jmap->clock),
	                          hear, outcome, err);
}

static void answer(struct http_exchange *exchange, struct http_reply *reply)
{
	struct http *http = exchange->http;
	struct outcome outcome = {.http = http};
	struct err err = {0};

	if (take(exchange, &outcome, &err) < 0) {
		if (may_log(http, fate_of(&err)))
			log_warning("a report by HTTPS %s: %s",
			            exchange->who.name, err.text);
		refuse(reply, &err);
	} else if (outcome.taken + outcome.again == 0) {
		atomic_store(&http->no_reports_ms,
		             clock_monotonic_ms(http->jmap.clock) + FULL_MS);
		refuse_full(reply);
	} else {
		reply->status =
			outcome.taken > 0 ? MHD_HTTP_CREATED : MHD_HTTP_OK;
		reply->type = TYPE_TEXT;
		strbuf_puts(&reply->body, outcome.taken > 0
		                                  ? "taken\n"
		                                  : "was here already\n");
	}
}

void http_answer_report(struct http_exchange *exchange,
                        struct http_reply *reply)
{
	atomic_uint *reading = &exchange->http->reports;

	if (atomic_fetch_add(reading, 1) < AT_ONCE) {
		answer(exchange, reply);
	} else {
		reply->retry_after = BUSY_SECS;
		http_refuse(reply, MHD_HTTP_SERVICE_UNAVAILABLE,
		            "other reports are being read: try again");
	}
	atomic_fetch_sub(reading, 1);
}
