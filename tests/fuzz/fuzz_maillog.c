/* A mail log of any bytes: what is read from it lies inside the line, the
 * sessions have a stored form that reads back, and a daemon that is killed
 * after each line finds the same ones.  The first byte chooses the options. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/domain.h"
#include "base/xalloc.h"
#include "maillog/log_session.h"
#include "maillog/maillog.h"
#include "maillog/smtp_tracker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1795437600 }; /* 2026-11-23T12:40:00Z */

/* The session's bytes go behind those of the others. */
static void keep(void *arg, int64_t time, const struct log_session *session)
{
	struct strbuf *out = arg;
	size_t begin = out->len;
	struct log_session back;
	struct arena arena;

	(void)time;
	if (session->domain[0] == '\0' || strpbrk(session->domain, "\r\n"))
		abort();
	if (session->mx_host && !domain_is_canonical(session->mx_host))
		abort();
	log_session_encode(session, out);
	arena_init(&arena);
	if (log_session_decode(out->data + begin, out->len - begin, &arena,
	                       &back, NULL) != 0)
		abort();
	arena_clear(&arena);
}

/* Inside the line, or one of the reader's own words. */
static void touch(struct span span)
{
	if (span.len > 0)
		free(xmemdup(span.at, span.len));
}

static void touch_fact(const struct fact *fact)
{
	touch(fact->queue_id);
	touch(fact->domain);
	touch(fact->address);
	touch(fact->host);
	touch(fact->ip);
	touch(fact->reason);
}

static struct smtp_tracker *restart(struct smtp_tracker *tracker,
                                    const struct smtp_tracker_options *options)
{
	struct smtp_tracker *next = smtp_tracker_new(options);
	struct strbuf state, again;

	strbuf_init(&state, 0);
	strbuf_init(&again, 0);
	smtp_tracker_save(tracker, &state);
	if (smtp_tracker_load(next, state.data, state.len, NULL) != 0)
		abort();
	smtp_tracker_save(next, &again);
	if (again.len != state.len ||
	    memcmp(again.data, state.data, state.len) != 0)
		abort();
	strbuf_clear(&state);
	strbuf_clear(&again);
	smtp_tracker_free(&tracker);
	return next;
}

static void touch_line(const struct log_line *line, bool read)
{
	touch(line->message);
	if (!read)
		return;
	touch(line->host);
	touch(line->program);
	maillog_is_lost(line);
}

static void read_log(const char *text, size_t size,
                     const struct smtp_tracker_options *options,
                     const struct maillog_site *site, bool killed,
                     struct strbuf *out)
{
	struct smtp_tracker *tracker = smtp_tracker_new(options);
	struct log_clock clock = {.now = NOW};

	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t len = end != NULL ? (size_t)(end - text) : size;
		struct log_line line;
		struct fact fact;
		bool read = maillog_line_split(text, len, &clock, &line);

		touch_line(&line, read);
		if (read && maillog_read(&line, site, &fact) != FACT_NONE) {
			touch_fact(&fact);
			smtp_tracker_take(tracker, &line, &fact, keep, out);
			if (killed)
				tracker = restart(tracker, options);
		}
		len += end != NULL;
		text += len;
		size -= len;
	}
	smtp_tracker_free(&tracker);
}

/* Damaged bytes from the store are refused, or are a state like any other. */
static void load_damaged(const uint8_t *data, size_t size,
                         const struct smtp_tracker_options *options)
{
	struct smtp_tracker *tracker = smtp_tracker_new(options);

	if (smtp_tracker_load(tracker, data, size, NULL) == 0)
		tracker = restart(tracker, options);
	smtp_tracker_free(&tracker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct log_site relayed = {.all_relayed = true};
	struct smtp_tracker_options options = {.own_sender = "r@s.example",
	                                       .max_processes = 256,
	                                       .max_queue_ids = 4};
	static const char *const names[] = {"mx1"};
	static const struct maillog_site site = {true, names, 1};
	const struct maillog_site *known;
	struct strbuf once, killed;

	if (size == 0)
		return 0;
	options.count_private = !(data[0] & 1);
	options.site = data[0] & 2 ? &relayed : NULL;
	known = data[0] & 4 ? &site : NULL;
	strbuf_init(&once, 0);
	strbuf_init(&killed, 0);
	data++;
	size--;
	read_log((const char *)data, size, &options, known, false, &once);
	read_log((const char *)data, size, &options, known, true, &killed);
	if (once.len != killed.len ||
	    (once.len > 0 && memcmp(once.data, killed.data, once.len) != 0))
		abort();
	load_damaged(data, size, &options);
	strbuf_clear(&once);
	strbuf_clear(&killed);
	return 0;
}
