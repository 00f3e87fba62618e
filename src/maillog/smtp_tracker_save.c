/*
 * The tracker's open state as bytes, oldest first in each table, and back.
 */
#include "maillog/tracked.h"

#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/xalloc.h"

/* Past year 9999 and before 1970: what no line has for its time. */
#define TIME_BOUND (INT64_C(1) << 40)

enum {
	VERSION = 2,
	CONN_OPEN = 1,
	CONN_UP = 2,
	CONN_REUSED = 4,
	CONN_BROKEN = 8,
	CONN_UNUSABLE = 16,
	CONN_COMPLAINT = 32,
	CONN_UNWANTED = 64,
	CONN_NO_MATCH = 128,
	/* a second byte */
	CONN_TAKEN = 1,
	CONN_OURS = 2,
	CONN_EVENT_SUCCESS = 4,
	CONN_EVENT_FAILURE = 8,
	NO_ENGINE = 1,
	SUMMARY_SEEN = 1,
	EVENT_SEEN = 2,
	NO_EVENTS_SEEN = 4,
};

static void put_text(struct strbuf *out, const char *text)
{
	strbuf_blob32(out, text, strlen(text));
}

/* Into an array of `room` bytes, with a NUL. */
static void get_text(struct reader *in, char *text, size_t room)
{
	size_t len;
	const char *at = reader_blob32(in, &len);

	text[0] = '\0';
	if (at == NULL)
		return;
	if (len >= room || memchr(at, '\0', len) != NULL) {
		in->failed = true;
		return;
	}
	memcpy(text, at, len);
	text[len] = '\0';
}

static void put_conn(struct strbuf *out, const struct tracked_conn *conn)
{
	strbuf_u8(out, (uint8_t)((conn->open ? CONN_OPEN : 0) |
	                         (conn->up ? CONN_UP : 0) |
	                         (conn->reused ? CONN_REUSED : 0) |
	                         (conn->broken ? CONN_BROKEN : 0) |
	                         (conn->tlsa_unusable ? CONN_UNUSABLE : 0) |
	                         (conn->has_complaint ? CONN_COMPLAINT : 0) |
	                         (conn->unwanted ? CONN_UNWANTED : 0) |
	                         (conn->no_match ? CONN_NO_MATCH : 0)));
	strbuf_u8(
		out,
		(uint8_t)((conn->taken ? CONN_TAKEN : 0) |
	                  (conn->ours ? CONN_OURS : 0) |
	                  (conn->event == LOG_EVENT_SUCCESS ? CONN_EVENT_SUCCESS
	                                                    : 0) |
	                  (conn->event == LOG_EVENT_FAILURE ? CONN_EVENT_FAILURE
	                                                    : 0)));
	strbuf_u8(out, (uint8_t)conn->complaint);
	strbuf_u8(out, (uint8_t)conn->trust);
	strbuf_u64(out, (uint64_t)conn->time);
	put_text(out, conn->complaint_reason);
	put_text(out, conn->peer.host);
	put_text(out, conn->peer.ip);
	strbuf_u16(out, conn->peer.port);
	put_text(out, conn->dest);
	strbuf_u8(out, conn->dest_is_host);
}

static void get_conn(struct reader *in, struct tracked_conn *conn)
{
	uint8_t flags = reader_u8(in);

	conn->open = flags & CONN_OPEN;
	conn->up = flags & CONN_UP;
	conn->reused = flags & CONN_REUSED;
	conn->broken = flags & CONN_BROKEN;
	conn->tlsa_unusable = flags & CONN_UNUSABLE;
	conn->has_complaint = flags & CONN_COMPLAINT;
	conn->unwanted = flags & CONN_UNWANTED;
	conn->no_match = flags & CONN_NO_MATCH;
	flags = reader_u8(in);
	conn->taken = flags & CONN_TAKEN;
	conn->ours = flags & CONN_OURS;
	conn->event = flags & CONN_EVENT_FAILURE   ? LOG_EVENT_FAILURE
	              : flags & CONN_EVENT_SUCCESS ? LOG_EVENT_SUCCESS
	                                           : LOG_EVENT_NONE;
	conn->complaint = reader_u8(in);
	conn->trust = reader_u8(in);
	conn->time = (int64_t)reader_u64(in);
	in->failed |= conn->time > TIME_BOUND || conn->time < -TIME_BOUND;
	get_text(in, conn->complaint_reason, sizeof(conn->complaint_reason));
	get_text(in, conn->peer.host, sizeof(conn->peer.host));
	get_text(in, conn->peer.ip, sizeof(conn->peer.ip));
	conn->peer.port = reader_u16(in);
	get_text(in, conn->dest, sizeof(conn->dest));
	conn->dest_is_host = reader_u8(in);
	if (conn->complaint >= RESULT_TYPES || conn->trust > TRUST_VERIFIED)
		in->failed = true;
}

static void put_process(struct strbuf *out, const void *value)
{
	const struct tracked_process *process = value;

	strbuf_u64(out, process->at_fact);
	strbuf_u8(out, process->no_engine ? NO_ENGINE : 0);
	put_conn(out, &process->conn);
	put_text(out, process->last_id);
	put_text(out, process->last_ip);
	strbuf_u16(out, process->last_port);
	strbuf_u8(out, (uint8_t)process->attempt_count);
	for (size_t i = 0; i < process->attempt_count; i++) {
		strbuf_u8(out, (uint8_t)process->attempts[i].ending);
		put_text(out, process->attempts[i].queue_id);
		put_conn(out, &process->attempts[i].conn);
	}
}

static void get_process(struct reader *in, void *value)
{
	struct tracked_process *process = value;
	size_t count;

	/* damaged bytes may name one twice */
	tracked_process_clear(process);
	process->at_fact = reader_u64(in);
	process->no_engine = reader_u8(in) & NO_ENGINE;
	get_conn(in, &process->conn);
	get_text(in, process->last_id, sizeof(process->last_id));
	get_text(in, process->last_ip, sizeof(process->last_ip));
	process->last_port = reader_u16(in);
	count = reader_u8(in);
	if (count > TRACKED_ATTEMPTS_MAX)
		in->failed = true;
	if (in->failed || count == 0)
		return;
	process->attempts =
		xcalloc(TRACKED_ATTEMPTS_MAX, sizeof(*process->attempts));
	process->attempt_count = count;
	for (size_t i = 0; i < count; i++) {
		struct tracked_attempt *attempt = &process->attempts[i];

		attempt->ending = reader_u8(in);
		if (attempt->ending == ENDING_NONE ||
		    attempt->ending >= ENDINGS) {
			attempt->ending = ENDING_TLS;
			in->failed = true;
		}
		get_text(in, attempt->queue_id, sizeof(attempt->queue_id));
		get_conn(in, &attempt->conn);
	}
}

static bool is_live_process(const struct smtp_tracker *tracker,
                            const void *value)
{
	return !tracked_process_is_over(value, tracker->facts);
}

static void put_proxied(struct strbuf *out, const void *value)
{
	put_conn(out, value);
}

static void get_proxied(struct reader *in, void *value)
{
	get_conn(in, value);
}

static bool is_live(const struct smtp_tracker *tracker, const void *value)
{
	(void)tracker;
	(void)value;
	return true;
}

static void put_nothing(struct strbuf *out, const void *value)
{
	(void)out;
	(void)value;
}

static void get_nothing(struct reader *in, void *value)
{
	(void)in;
	(void)value;
}

typedef bool live_fn(const struct smtp_tracker *tracker, const void *value);
typedef void put_fn(struct strbuf *out, const void *value);

/* What is over need not be kept: most processes of a busy day are. */
static void put_table(struct strbuf *out, const struct smtp_tracker *tracker,
                      const struct lru *lru, live_fn *live, put_fn *put)
{
	uint32_t count = 0;
	const void *at = NULL;

	while ((at = lru_next(lru, at)) != NULL)
		count += live(tracker, lru_value(at));
	strbuf_u32(out, count);
	while ((at = lru_next(lru, at)) != NULL) {
		size_t len;
		const void *key = lru_key(at, &len);

		if (!live(tracker, lru_value(at)))
			continue;
		strbuf_blob32(out, key, len);
		put(out, lru_value(at));
	}
}

static void get_table(struct reader *in, struct lru *lru,
                      void (*get)(struct reader *in, void *value))
{
	uint32_t count = reader_u32(in);

	for (uint32_t i = 0; i < count && !in->failed; i++) {
		size_t len;
		const void *key = reader_blob32(in, &len);

		if (key == NULL || len > TRACKED_KEY_MAX)
			in->failed = true;
		else
			get(in, lru_use(lru, key, len));
	}
}

void smtp_tracker_save(const struct smtp_tracker *tracker, struct strbuf *out)
{
	strbuf_u8(out, VERSION);
	strbuf_u8(out,
	          (uint8_t)((tracker->summary_seen ? SUMMARY_SEEN : 0) |
	                    (tracker->event_seen ? EVENT_SEEN : 0) |
	                    (tracker->no_events_seen ? NO_EVENTS_SEEN : 0)));
	strbuf_u64(out, tracker->facts);
	strbuf_u32(out, tracker->plain_run);
	put_table(out, tracker, tracker->processes, is_live_process,
	          put_process);
	put_table(out, tracker, tracker->proxied, is_live, put_proxied);
	put_table(out, tracker, tracker->own_ids, is_live, put_nothing);
}

int smtp_tracker_load(struct smtp_tracker *tracker, const void *data,
                      size_t len, struct err *err)
{
	struct reader in;
	uint8_t version, flags;

	smtp_tracker_empty(tracker);
	reader_init(&in, data, len);
	version = reader_u8(&in);
	if (!in.failed && version != VERSION)
		return err_set(err, ERR_PARSE,
		               "the stored state of open sessions has an "
		               "unknown version: %d",
		               version);
	flags = reader_u8(&in);
	tracker->summary_seen = flags & SUMMARY_SEEN;
	tracker->event_seen = flags & EVENT_SEEN;
	tracker->no_events_seen = flags & NO_EVENTS_SEEN;
	tracker->facts = reader_u64(&in);
	tracker->plain_run = reader_u32(&in);
	get_table(&in, tracker->processes, get_process);
	get_table(&in, tracker->proxied, get_proxied);
	get_table(&in, tracker->own_ids, get_nothing);
	if (!in.failed && reader_left(&in) == 0)
		return 0;
	smtp_tracker_empty(tracker);
	return err_set(err, ERR_PARSE,
	               "the stored state of open sessions is damaged");
}
