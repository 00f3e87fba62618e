/*
 * Lines that begin with a queue id: deliveries, MX hosts given up, and the
 * queue manager's word of a message's beginning and end.
 */
#include "base/ascii.h"
#include "maillog/maillog_read.h"

#include <string.h>

enum { HOST_MAX = 255, INSIDE_MAX = 255 };

/* No name of a host has a blank in it, so none reaches into the words after
 * it. */
bool maillog_peer(struct span *text, struct fact *fact)
{
	struct span rest = *text, host, ip, after;
	int64_t port = 0;

	if (!span_until(&rest, '[', &host) || host.len == 0 ||
	    host.len > HOST_MAX || memchr(host.at, ' ', host.len) != NULL)
		return false;
	if (!span_until(&rest, ']', &ip) || ip.len == 0 ||
	    ip.len > INSIDE_MAX || memchr(ip.at, ' ', ip.len) != NULL)
		return false;
	after = rest;
	if (span_skip(&after, ":") && span_number(&after, 5, &port))
		rest = after;
	fact->host = host;
	fact->ip = ip;
	fact->port = (int)port;
	*text = rest;
	return true;
}

/* Short ids are upper-case hex, long ones letters and digits (Postfix 3.4 to
 * 3.11, enable_long_queue_ids). */
enum { QUEUE_ID_MIN = 5, QUEUE_ID_LONGEST = 30 };

bool maillog_queue_id(struct span *text, struct span *id)
{
	size_t n = 0;

	while (n < text->len && n <= QUEUE_ID_LONGEST &&
	       ascii_is_alnum(text->at[n]))
		n++;
	if (n < QUEUE_ID_MIN || n > QUEUE_ID_LONGEST || text->len < n + 2 ||
	    text->at[n] != ':' || text->at[n + 1] != ' ')
		return false;
	*id = (struct span){text->at, n};
	span_drop(text, n + 2);
	return true;
}

/* Past the closing quote of a local part like "a> b, relay=x"; its quotes
 * and backslashes are escaped by backslashes. */
static bool skip_quoted(struct span *text)
{
	for (size_t i = 1; i < text->len; i++) {
		if (text->at[i] == '\\') {
			i++;
		} else if (text->at[i] == '"') {
			span_drop(text, i + 1);
			return true;
		}
	}
	return false;
}

static const char *find_text(struct span text, const char *wanted)
{
	struct span before;

	return span_until_text(&text, wanted, &before) ? before.at + before.len
	                                               : NULL;
}

/*
 * "u@example.com>, relay=", up to what follows the address, moved past the
 * comma; what lies before is the address.  It ends where one of two fields
 * begins (the second may be NULL).
 */
static bool read_address(struct span *text, const char *field,
                         const char *other_field, struct span *address,
                         struct span *domain)
{
	struct span rest = *text;
	const char *end, *other, *at;

	if (rest.len > 0 && rest.at[0] == '"' && !skip_quoted(&rest))
		return false;
	end = find_text(rest, field);
	other = other_field != NULL ? find_text(rest, other_field) : NULL;
	if (end == NULL || (other != NULL && other < end))
		end = other;
	if (end == NULL)
		return false;
	rest.len = (size_t)(end - rest.at);
	at = rest.len > 0 ? memrchr(rest.at, '@', rest.len) : NULL;
	*domain = (struct span){NULL, 0};
	if (at != NULL)
		*domain = (struct span){at + 1, (size_t)(end - at - 1)};
	*address = (struct span){text->at, (size_t)(end - text->at)};
	span_drop(text, address->len + strlen(">, "));
	return true;
}

/*
 * What Postfix says itself when there was no TLS, at the left end of the
 * text: "host mx[ip] said: TLS is required, but ..." is the other side's.
 * With a host: "mx[ip]" follows.
 */
#define REQUIRETLS "Sender requested REQUIRETLS, but "

static const struct {
	const char *text;
	enum tls_refusal refusal;
	bool host;
} refusals[] = {
	{"Cannot start TLS: handshake failure", REFUSAL_HANDSHAKE, false},
	{"Server certificate not verified", REFUSAL_NOT_VERIFIED, false},
	{"Server certificate not trusted", REFUSAL_NOT_TRUSTED, false},
	{"TLS is required, but was not offered by host ", REFUSAL_NOT_OFFERED,
         true},
	{"TLS is required, but host ", REFUSAL_REFUSED, true},
	{"TLS is required, but our TLS engine is unavailable", REFUSAL_LOCAL,
         false},
	{"TLS is required, but unavailable", REFUSAL_LOCAL, false},
	/* RFC 8689, Postfix 3.11.  What else it says about REQUIRETLS is no
         * failure of TLS, and Postfix reports none: a server without that
         * extension, a level of ours that looks at no certificate. */
	{REQUIRETLS "TLS service was not offered by host ", REFUSAL_NOT_OFFERED,
         true},
	{REQUIRETLS "host ", REFUSAL_REFUSED, true},
	{REQUIRETLS "no matching server certificate was found",
         REFUSAL_NOT_VERIFIED, false},
	{REQUIRETLS "no trusted server certificate was found",
         REFUSAL_NOT_VERIFIED, false},
};

static enum tls_refusal read_refusal(struct span text, struct fact *fact)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (!span_skip(&text, refusals[i].text))
			continue;
		if (refusals[i].host && !fact->has_relay)
			maillog_peer(&text, fact);
		return refusals[i].refusal;
	}
	return REFUSAL_NONE;
}

/*
 * Did the session get as far as MAIL FROM?  A greeting of 421 says "host
 * mx[ip] refused to talk to me"; what breaks before says "while receiving the
 * initial server greeting" or "while performing the EHLO handshake".
 */
static bool read_past_tls(struct span text)
{
	struct span peer;

	if (span_skip(&text, "host ")) {
		struct fact unused;

		return maillog_peer(&text, &unused) &&
		       span_starts(text, " said: ");
	}
	if (span_skip(&text, "lost connection with "))
		return span_until(&text, ' ', &peer) &&
		       span_starts(text, "while sending ");
	if (span_skip(&text, "conversation with "))
		return span_until(&text, ' ', &peer) &&
		       span_starts(text, "timed out while sending ");
	return false;
}

/* "sent (250 2.0.0 Ok)": the last field, whose text the other side wrote. */
static void read_status(struct span text, struct fact *fact)
{
	struct span word;

	if (!span_until(&text, ' ', &word)) {
		word = text;
		text.len = 0;
	}
	fact->delivered = span_is(word, "sent") || span_is(word, "deliverable");
	fact->past_tls = fact->delivered;
	if (fact->delivered || !span_skip(&text, "("))
		return;
	fact->past_tls = read_past_tls(text);
	fact->refusal = read_refusal(text, fact);
}

static enum tls_level read_level(struct span word)
{
	static const char *const words[TLS_LEVELS] = {
		[LEVEL_NONE] = "none",
		[LEVEL_MAY] = "may",
		[LEVEL_ENCRYPT] = "encrypt",
		[LEVEL_FINGERPRINT] = "fingerprint",
		[LEVEL_HALF_DANE] = "half-dane",
		[LEVEL_DANE] = "dane",
		[LEVEL_DANE_ONLY] = "dane-only",
		[LEVEL_VERIFY] = "verify",
		[LEVEL_SECURE] = "secure",
	};

	for (size_t i = LEVEL_NONE; i < TLS_LEVELS; i++)
		if (span_is(word, words[i]))
			return i;
	return LEVEL_UNKNOWN;
}

/* "!dane/!requiretls:nocertmatch" */
static void read_feature(struct span value, struct tls_feature *tls)
{
	struct span level, wanted;

	tls->said = true;
	span_split(&value, '/', &level);
	if (span_skip(&value, "!requiretls:")) {
		tls->no_starttls = span_is(value, "nostarttls");
		tls->no_match = span_is(value, "nocertmatch");
	}
	tls->unmet = span_skip(&level, "!");
	tls->undecided = level.len > 0 && level.at[level.len - 1] == '?';
	level.len -= tls->undecided;
	span_split(&level, ':', &wanted);
	tls->wanted = read_level(wanted);
	tls->got = level.len > 0 ? read_level(level) : tls->wanted;
}

static const char relay_field[] = ">, relay=",
		  original_field[] = ">, orig_to=<",
		  size_field[] = ">, size=", status_field[] = ">, status=";

/* As long as a line that somebody may have cut off: syslogd(8) does at 1024
 * bytes, stamp and host included, Postfix at 2000. */
enum { MAY_BE_CUT = 900 };

/* All that a delivery has before the other side's words: ">, relay=...,
 * delay=..., status=". */
static bool holds_delivery(struct span text)
{
	struct span field;

	if (!span_until_text(&text, relay_field, &field))
		return false;
	do
		if (!span_until_text(&text, ", ", &field))
			return false;
	while (span_starts(text, "conn_use="));
	return span_starts(text, "delay=") &&
	       find_text(text, ", status=") != NULL;
}

/*
 * Could these be other addresses than they look?  Who sends mail chooses the
 * local part.  Since 3.5 Postfix logs an odd one in quotes; before, and with
 * info_log_address_format = internal, it logs what it got:
 *
 *     to=<x@victim.example>, relay=..., status=deferred (...) <@real.example>,
 *         relay=mx.real.example[192.0.2.1]:25, ...
 *
 * A quote may be a part of such an address, too; the next is then a word of the
 * other side's reply.  And where the line was cut off, what would give it away
 * may be lost.  The rest begins with "relay=".
 */
static bool is_unclear(struct span to, struct span original, struct span rest)
{
	size_t len = (size_t)(rest.at + rest.len - to.at);

	return holds_delivery(to) || holds_delivery(original) ||
	       find_text(original, original_field) != NULL ||
	       find_text(rest, relay_field) != NULL ||
	       find_text(rest, original_field) != NULL || len >= MAY_BE_CUT;
}

/*
 * "u@example.com>, orig_to=<...>, relay=..., ..., status=..."; false when it
 * cannot be told who was meant.
 *
 * Of a line that was cut off what there is counts: a session must not stay open
 * for want of a line's end, or it would count for the next message's domain.
 */
static bool read_delivery(struct span text, const struct maillog_site *site,
                          struct fact *fact)
{
	bool certain = site != NULL && site->quotes_addresses;
	struct span value, to, original = {0}, unused;

	if (!read_address(&text, relay_field, original_field, &to,
	                  &fact->domain))
		return false;
	if (span_skip(&text, "orig_to=<") &&
	    !read_address(&text, relay_field, NULL, &original, &unused))
		return certain;
	if (!certain && is_unclear(to, original, text))
		return false;
	fact->rewritten = !certain && original.at != NULL;
	while (!span_skip(&text, "status=")) {
		if (!span_until_text(&text, ", ", &value))
			return true;
		if (span_skip(&value, "relay=")) {
			fact->has_relay = !span_is(value, "none");
			if (fact->has_relay && !maillog_peer(&value, fact))
				fact->host = value;
		} else if (span_skip(&value, "conn_use=")) {
			fact->reused = true;
		} else if (span_skip(&value, "tls=")) {
			read_feature(value, &fact->tls);
		}
	}
	read_status(text, fact);
	return true;
}

enum fact_kind maillog_smtp_queue(struct span text,
                                  const struct maillog_site *site,
                                  struct fact *fact)
{
	if (span_skip(&text, "to=<")) {
		if (read_delivery(text, site, fact))
			return FACT_DELIVERY;
		fact->domain = (struct span){NULL, 0};
		return FACT_UNCLEAR;
	}
	fact->refusal = read_refusal(text, fact);
	return fact->refusal == REFUSAL_NONE ? FACT_NONE : FACT_MX_FAILED;
}

/* "a@sender.example>, size=289, ..." or, when it was given up, "...>,
 * status=expired": with two sizes it is nobody's. */
enum fact_kind maillog_qmgr_queue(struct span text, struct fact *fact)
{
	struct span domain;

	if (span_is(text, "removed"))
		return FACT_MAIL_GONE;
	if (!span_skip(&text, "from=<") ||
	    !read_address(&text, size_field, status_field, &fact->address,
	                  &domain))
		return FACT_NONE;
	if (find_text(text, size_field) != NULL)
		fact->address = (struct span){NULL, 0};
	return FACT_MAIL_FROM;
}
