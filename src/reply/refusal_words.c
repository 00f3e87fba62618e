/*
 * The words of a refusal.
 *
 * Servers say the same things in a hundred ways; the tables have the words that
 * those ways share.  A word too many costs little: an address that is dead gets
 * some more reports.  Addresses, host names and codes are left out, for
 * "<dmarc@example.com>: user unknown" is not about DMARC.  URLs are not: they
 * often say more than the words around them.
 */
#include "reply/refusal.h"

#include <stdbool.h>
#include <string.h>

#include "base/ascii.h"
#include "base/auto.h"
#include "base/strbuf.h"

/* A "*" at the end: what begins so. */
static const char *const passing[] = {
	"rate",      "rates",         "ratelimit*", "throttl*",  "limit*",
	"exceed*",   "too many",      "too much",   "too fast",  "too quickly",
	"too often", "too frequent*", "this hour",  "per hour",  "hourly",
	"per day",   "daily",         "later",      "temporar*", "greylist*",
	"graylist*", "grey listed",   "busy",       "overload*", "resources",
	"quota*",    "overquota",     "over size",  "full",      "storage",
	"disk",      "insufficient",  "timeout",    "timed out",
};

static const char *const ours[] = {
	/* what we sent */
	"spam*",
	"antispam",
	"junk",
	"virus*",
	"malware",
	"phish*",
	"content",
	"bulk",
	"unsolicited",
	"abus*",
	"suspicious",
	"suspect*",
	/* where from */
	"blacklist*",
	"black list*",
	"blocklist*",
	"block list*",
	"denylist*",
	"deny list*",
	"blocked",
	"blocking",
	"is listed",
	"are listed",
	"been listed",
	"listed at",
	"listed by",
	"listed on",
	"rbl",
	"dnsbl",
	"reputation",
	"banned",
	"your ip",
	"client ip",
	"sending ip",
	"source ip",
	"this ip",
	"the ip",
	"ip has",
	"ip is",
	"ip address*",
	"your host",
	"your server",
	"your network",
	"your domain",
	"your mail server",
	"client host",
	"reverse dns",
	"rdns",
	"ptr",
	"helo",
	"ehlo",
	/* may we */
	"policy",
	"policies",
	"denied",
	"relay*",
	"authenticat*",
	"unauthenticated",
	"authoriz*",
	"unauthoriz*",
	"authoris*",
	"unauthoris*",
	"permission denied",
	"restrict*",
	"prohibited",
	"spf",
	"dkim",
	"dmarc",
	/* who are we */
	"preferences",
	"sender*",
	"mail from",
	"from address",
	"from header",
	"return path",
	"originator",
	"envelope from",
};

/* Also in the words that a bounce has for people. */
static const char *const full[] = {
	"disk space",    "disk quota",   "over quota",      "overquota",
	"quota exceed*", "mailbox full", "mailbox is full",
};

static const char *const delay[] = {
	"warning message only", "has been delayed", "not yet been delivered",
	"will be retried",      "will retry",       "continue to be attempted",
};

static const char *const denying[] = {
	"unknown",         "no such",     "not exist*",
	"doesn t exist",   "nonexist*",   "non exist*",
	"not found",       "no mailbox",  "no user",
	"no account",      "not known",   "invalid",
	"not valid",       "not a valid", "undeliverable address",
	"unrouteable",     "unroutable",  "no longer",
	"not listed",      "not have",    "doesn t have",
	"bad destination",
};

/* An address, a host name, an IP address, an enhanced code; and what stands in
 * quotes, which is a name. */
static bool is_name(struct span token)
{
	size_t dots = 0;

	if (memmem(token.at, token.len, "://", 3) != NULL)
		return false;
	if (memchr(token.at, '@', token.len) != NULL ||
	    (token.len > 1 && token.at[0] == '"' &&
	     memchr(token.at + 1, '"', token.len - 1) != NULL))
		return true;
	for (size_t i = 1; i + 1 < token.len; i++)
		dots += token.at[i] == '.' && token.at[i - 1] != '.' &&
		        token.at[i + 1] != '.';
	return dots >= 2;
}

/* "FROM:<a@b>": what stands in brackets is a name, too. */
static struct span without_brackets(struct span token)
{
	const char *open = memchr(token.at, '<', token.len);

	if (open != NULL && memmem(open, token.len - (size_t)(open - token.at),
	                           "://", 3) == NULL)
		token.len = (size_t)(open - token.at);
	return token;
}

/* Letters in small ones; whatever stands between them is one space. */
static void put_token(struct strbuf *out, struct span token)
{
	for (size_t i = 0; i < token.len; i++) {
		char c = token.at[i];

		if (ascii_is_alpha(c))
			strbuf_putc(out, ascii_lower(c));
		else if (out->data[out->len - 1] != ' ')
			strbuf_putc(out, ' ');
	}
	if (out->data[out->len - 1] != ' ')
		strbuf_putc(out, ' ');
}

/* " no such user here " */
static void put_words(struct strbuf *out, struct span text)
{
	strbuf_putc(out, ' ');
	while (text.len > 0) {
		struct span token = text;

		token.len = 0;
		/* up to a blank, or NUL */
		while (token.len < text.len &&
		       strchr(" \t\r\n", text.at[token.len]) == NULL)
			token.len++;
		span_drop(&text,
		          token.len < text.len ? token.len + 1 : token.len);
		token = without_brackets(token);
		if (token.len > 0 && !is_name(token))
			put_token(out, token);
	}
}

static bool has(const char *words, const char *phrase)
{
	size_t len = strlen(phrase);
	bool begins = phrase[len - 1] == '*';

	len -= begins;
	for (const char *at = words; (at = strchr(at, ' ')) != NULL;) {
		at++;
		if (strncmp(at, phrase, len) == 0 && (begins || at[len] == ' '))
			return true;
	}
	return false;
}

static bool has_one_of(struct span text, const char *const *phrases,
                       size_t count)
{
	auto_(strbuf_clear) struct strbuf words = {0};

	put_words(&words, text);
	for (size_t i = 0; i < count; i++)
		if (has(strbuf_text(&words), phrases[i]))
			return true;
	return false;
}

#define HAS_ONE_OF(text, list)                                                 \
	has_one_of(text, list, sizeof(list) / sizeof((list)[0]))

enum refusal_kind refusal_words(struct span text)
{
	if (HAS_ONE_OF(text, ours))
		return REFUSAL_OURS;
	return HAS_ONE_OF(text, passing) ? REFUSAL_PASSING : REFUSAL_OTHER;
}

bool refusal_words_deny(struct span text)
{
	return HAS_ONE_OF(text, denying);
}

bool refusal_words_delay(struct span text)
{
	return HAS_ONE_OF(text, delay);
}

bool refusal_words_full(struct span text)
{
	return HAS_ONE_OF(text, full);
}
