#include "domain/spf_record.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/span.h"

enum { LOOKUPS_MAX = 10 /* section 4.6.4 */, SHOWN = 60 };

#define VERSION "v=spf1"

bool spf_record_is_one(const char *text, size_t len)
{
	size_t n = strlen(VERSION);

	return len >= n && strncasecmp(text, VERSION, n) == 0 &&
	       (len == n || text[n] == ' ');
}

/* What may follow a mechanism's name. */
enum value {
	VALUE_NONE,     /* all */
	VALUE_DOMAIN,   /* include:DOMAIN, exists:DOMAIN */
	VALUE_OPTIONAL, /* ptr[:DOMAIN] */
	VALUE_PREFIX,   /* a[:DOMAIN][/N][//N], mx */
	VALUE_IP4,
	VALUE_IP6,
};

static const struct mechanism {
	const char *name;
	enum value value;
	bool asks; /* costs a look-up */
} mechanisms[] = {
	{"all", VALUE_NONE, false},    {"include", VALUE_DOMAIN, true},
	{"a", VALUE_PREFIX, true},     {"mx", VALUE_PREFIX, true},
	{"ptr", VALUE_OPTIONAL, true}, {"ip4", VALUE_IP4, false},
	{"ip6", VALUE_IP6, false},     {"exists", VALUE_DOMAIN, true},
};

/* The record at hand. */
struct reading {
	unsigned lookups;
	bool allows;   /* somebody: a mechanism with + or ?, ~ */
	bool ended;    /* "all" was there */
	char all;      /* its qualifier; 0 */
	bool redirect; /* redirect= */
	bool explains; /* exp= */
	struct err *err;
};

static int refuse(const struct reading *reading, const char *what,
                  struct span term)
{
	char shown[SHOWN];

	return err_set(reading->err, ERR_PARSE, "SPF record: %s '%s'", what,
	               log_escape(shown, sizeof(shown), term.at, term.len));
}

/* "/N", "//N", "/N//N", or nothing. */
static bool is_prefix(struct span rest, bool dual)
{
	int64_t n;

	if (dual && span_skip(&rest, "//"))
		return span_number(&rest, 3, &n) && n <= 128 && rest.len == 0;
	if (rest.len == 0)
		return true;
	if (!span_skip(&rest, "/") || !span_number(&rest, 3, &n) ||
	    n > (dual ? 32 : 128))
		return false;
	if (rest.len == 0)
		return true;
	return dual && span_skip(&rest, "//") && span_number(&rest, 3, &n) &&
	       n <= 128 && rest.len == 0;
}

static bool is_network(struct span value, int family, int64_t bits)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char address[sizeof(struct in6_addr)];
	struct span rest = value, host = value;
	int64_t n = 0;

	if (span_until(&rest, '/', &host) &&
	    (!span_number(&rest, 3, &n) || n > bits || rest.len > 0))
		return false;
	if (host.len >= sizeof(text))
		return false;
	memcpy(text, host.at, host.len);
	text[host.len] = '\0';
	return inet_pton(family, text, address) == 1;
}

/* Macros and names; only what cannot be either is refused. */
static bool is_domain_spec(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < 0x21 || value.at[i] > 0x7e)
			return false;
	return value.len > 0;
}

/* The part before a prefix length, and that. */
static bool is_domain_and_prefix(struct span value)
{
	const char *slash = memchr(value.at, '/', value.len);
	size_t len = slash != NULL ? (size_t)(slash - value.at) : value.len;
	struct span prefix = {value.at + len, value.len - len};

	/* in a macro "/" is a delimiter, too: "%{d2/}" */
	if (memchr(value.at, '{', value.len) != NULL)
		return is_domain_spec(value);
	return is_domain_spec((struct span){value.at, len}) &&
	       is_prefix(prefix, true);
}

/* `colon`: there is one, and the value is behind it. */
static bool takes(enum value kind, bool colon, struct span value)
{
	switch (kind) {
	case VALUE_NONE:
		return !colon && value.len == 0;
	case VALUE_DOMAIN:
		return colon && is_domain_spec(value);
	case VALUE_OPTIONAL:
		return colon ? is_domain_spec(value) : value.len == 0;
	case VALUE_PREFIX:
		return colon ? is_domain_and_prefix(value)
		             : is_prefix(value, true);
	case VALUE_IP4:
		return colon && is_network(value, AF_INET, 32);
	case VALUE_IP6:
		return colon && is_network(value, AF_INET6, 128);
	}
	return false;
}

static size_t name_len(struct span term)
{
	size_t n = 0;

	while (n < term.len &&
	       (isalnum((unsigned char)term.at[n]) || term.at[n] == '-' ||
	        term.at[n] == '_' || term.at[n] == '.'))
		n++;
	return n;
}

static bool name_is(struct span name, const char *text)
{
	return name.len == strlen(text) &&
	       strncasecmp(name.at, text, name.len) == 0;
}

static int read_mechanism(struct reading *reading, struct span term, char sign)
{
	struct span name = {term.at, name_len(term)};
	struct span value = {term.at + name.len, term.len - name.len};
	bool colon = span_skip(&value, ":");
	size_t count = sizeof(mechanisms) / sizeof(mechanisms[0]);

	for (size_t i = 0; i < count; i++) {
		const struct mechanism *row = &mechanisms[i];

		if (!name_is(name, row->name))
			continue;
		if (!takes(row->value, colon, value))
			return refuse(reading, "not a valid value in", term);
		if (reading->ended)
			return 0;
		reading->lookups += row->asks;
		if (row->value == VALUE_NONE) {
			reading->ended = true;
			reading->all = sign;
		} else if (sign != '-') {
			reading->allows = true;
		}
		return 0;
	}
	return refuse(reading, "an unknown mechanism", term);
}

/* name=value; those that nobody knows are passed over. */
static int read_modifier(struct reading *reading, struct span name,
                         struct span value)
{
	bool *once = name_is(name, "redirect") ? &reading->redirect
	             : name_is(name, "exp")    ? &reading->explains
	                                       : NULL;

	if (once == NULL)
		return 0;
	if (*once)
		return refuse(reading, "a modifier that comes twice:", name);
	if (!is_domain_spec(value))
		return refuse(reading, "no domain behind", name);
	*once = true;
	reading->lookups += once == &reading->redirect;
	return 0;
}

static int read_term(struct reading *reading, struct span term)
{
	struct span name = {term.at, name_len(term)};
	char sign = '+';

	if (name.len > 0 && name.len < term.len && term.at[name.len] == '=')
		return read_modifier(reading, name,
		                     (struct span){term.at + name.len + 1,
		                                   term.len - name.len - 1});
	if (strchr("+-?~", term.at[0]) != NULL) {
		sign = term.at[0];
		term.at++;
		term.len--;
	}
	return read_mechanism(reading, term, sign);
}

int spf_record_judge(const char *text, size_t len, enum spf_verdict *verdict,
                     struct err *err)
{
	struct reading reading = {.err = err};
	struct span rest = {text, len}, term;
	bool more;
	int rc = 0;

	if (!spf_record_is_one(text, len) || memchr(text, '\0', len) != NULL)
		return err_set(err, ERR_PARSE,
		               "SPF record: does not begin with " VERSION);
	span_split(&rest, ' ', &term);
	do {
		more = span_split(&rest, ' ', &term);
		if (term.len > 0)
			rc = read_term(&reading, term);
	} while (rc == 0 && more);
	if (rc < 0)
		return rc;
	if (reading.lookups > LOOKUPS_MAX)
		return err_set(
			err, ERR_PARSE,
			"SPF record: more than %d terms that need a lookup",
			LOOKUPS_MAX);
	*verdict = reading.all == '+'                      ? SPF_EVERYBODY
	           : reading.all == '-' && !reading.allows ? SPF_NOBODY
	                                                   : SPF_GOOD;
	return 0;
}
