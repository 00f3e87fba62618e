#include "domain/policy_text.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/log.h"
#include "base/span.h"
#include "base/utf8.h"

enum {
	SHOWN = 60,         /* bytes of foreign text in an error */
	LABEL_LONG = 63,    /* bytes */
	HOSTNAME_LONG = 255 /* bytes */
};

enum level_bit {
	MATCH = 1,    /* takes match= */
	PKIX = 2,     /* takes tafile= */
	NO_TLS = 4,   /* takes no attributes */
	NO_STRICT = 8 /* mail is delivered whatever policy_failure says */
};

static const struct level {
	const char *name;
	unsigned bits;
} levels[] = {
	{"none", NO_TLS},         {"may", NO_STRICT},
	{"encrypt", NO_STRICT},   {"dane", 0},
	{"dane-only", 0},         {"fingerprint", MATCH},
	{"verify", MATCH | PKIX}, {"secure", MATCH | PKIX},
};

static bool is_full(struct span value);
static bool is_any(struct span value);
static bool is_yes_no(struct span value);
static bool is_hostname(struct span value);
static bool is_type(struct span value);
static bool is_pattern(struct span value);
static bool is_failure(struct span value);
static bool is_seconds(struct span value);

enum attribute_bit {
	REPEATS = 1,
	TLSRPT = 2, /* from Postfix 3.10 on */
	TYPE = 4,   /* what the other TLSRPT attributes need */
	AT_MATCH = 8,
	AT_PKIX = 16,
	AT_NO_STRICT = 32,
};

static const struct attribute {
	const char *name;
	unsigned bits;
	bool (*takes)(struct span value);
} attributes[] = {
	{"match", REPEATS | AT_MATCH, is_full},
	{"servername", 0, is_hostname},
	{"ciphers", 0, is_full},
	{"protocols", 0, is_any},
	{"exclude", 0, is_any},
	{"tafile", REPEATS | AT_PKIX, is_full},
	{"connection_reuse", REPEATS, is_yes_no},
	{"enable_rpk", REPEATS, is_yes_no},
	{"policy_type", TLSRPT | TYPE, is_type},
	{"policy_domain", TLSRPT, is_hostname},
	{"policy_ttl", TLSRPT, is_seconds},
	{"policy_string", REPEATS | TLSRPT, is_any},
	{"mx_host_pattern", REPEATS | TLSRPT, is_pattern},
	{"policy_failure", TLSRPT | AT_NO_STRICT, is_failure},
};

enum {
	LEVELS = sizeof(levels) / sizeof(levels[0]),
	ATTRIBUTES = sizeof(attributes) / sizeof(attributes[0]),
};

struct reading {
	const struct level *level;
	bool tlsrpt;
	unsigned seen; /* bits of attributes[] */
	struct err *err;
};

/* --- what a value may be --- */

static bool is_full(struct span value)
{
	return value.len > 0;
}

static bool is_any(struct span value)
{
	(void)value;
	return true;
}

static bool is_yes_no(struct span value)
{
	return span_is(value, "yes") || span_is(value, "no");
}

static bool is_hostname(struct span value)
{
	return policy_text_is_hostname(value.at, value.len);
}

static bool is_type(struct span value)
{
	return span_is(value, "sts") || span_is(value, "no-policy-found");
}

static bool is_pattern(struct span value)
{
	return value.len > 0 && memchr(value.at, ',', value.len) == NULL &&
	       memchr(value.at, ' ', value.len) == NULL;
}

static bool is_failure(struct span value)
{
	return span_is(value, "sts-policy-fetch-error") ||
	       span_is(value, "sts-policy-invalid") ||
	       span_is(value, "sts-webpki-invalid") ||
	       span_is(value, "validation-failure");
}

static bool is_seconds(struct span value)
{
	enum { DIGITS_MAX = 9 }; /* a long of any host */

	for (size_t i = 0; i < value.len; i++)
		if (!ascii_is_digit(value.at[i]))
			return false;
	return value.len > 0 && value.len <= DIGITS_MAX;
}

bool policy_text_is_hostname(const char *name, size_t len)
{
	bool is_number = true;
	size_t label = 0;

	for (size_t i = 0; i < len; i++) {
		char c = name[i], next = i + 1 < len ? name[i + 1] : '.';

		if (c == '.') {
			if (label == 0 || i + 1 == len)
				return false;
			label = 0;
			continue;
		}
		if (!ascii_is_alnum(c) && c != '_' && c != '-')
			return false;
		if (c == '-' && (label == 0 || next == '.'))
			return false;
		if (++label > LABEL_LONG)
			return false;
		is_number = is_number && ascii_is_digit(c);
	}
	return len > 0 && len <= HOSTNAME_LONG && !is_number;
}

static bool has_control(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return true;
	return false;
}

/* Of balanced braces: up to what closes the first; 0: nothing does. */
static size_t braced(struct span text)
{
	size_t depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		depth += text.at[i] == '{';
		if (text.at[i] == '}' && --depth == 0)
			return i + 1;
	}
	return 0;
}

bool policy_text_is_string(const char *text, size_t len)
{
	size_t depth = 0;

	for (size_t i = 0; i < len; i++) {
		depth += text[i] == '{';
		if (text[i] == '}' && depth-- == 0)
			return false;
	}
	return len > 0 && depth == 0 && !has_control(text, len) &&
	       utf8_valid(text, len);
}

/* --- reading --- */

static int refuse(const struct reading *reading, const char *what,
                  struct span part)
{
	char shown[SHOWN];

	return err_set(reading->err, ERR_PARSE, "%s '%s'", what,
	               log_escape(shown, sizeof(shown), part.at, part.len));
}

static bool is_separator(char c)
{
	return c == ',' || c == ' ';
}

/* The next word; separators within braces are part of it.  False: the end. */
static bool next_word(struct span *rest, struct span *word)
{
	size_t len = 0, depth = 0;

	while (rest->len > 0 && is_separator(rest->at[0]))
		span_drop(rest, 1);
	for (; len < rest->len; len++) {
		char c = rest->at[len];

		if (c == '{')
			depth++;
		else if (depth > 0 && c == '}')
			depth--;
		else if (depth == 0 && is_separator(c))
			break;
	}
	*word = (struct span){rest->at, len};
	span_drop(rest, len);
	return len > 0;
}

static bool is_name(struct span span, const char *name)
{
	return span.len == strlen(name) &&
	       strncasecmp(span.at, name, span.len) == 0;
}

static int read_value(struct reading *reading, unsigned i, struct span value)
{
	static const struct {
		unsigned attribute, level;
	} needs[] = {
		{AT_MATCH, MATCH}, {AT_PKIX, PKIX}, {AT_NO_STRICT, NO_STRICT}};
	const struct attribute *attribute = &attributes[i];

	if ((reading->seen & 1u << i) != 0 && (attribute->bits & REPEATS) == 0)
		return refuse(reading, "more than one attribute",
		              span_of(attribute->name));
	reading->seen |= 1u << i;
	if ((attribute->bits & TLSRPT) != 0 && !reading->tlsrpt)
		return refuse(reading,
		              "Postfix before 3.10 does not know the "
		              "attribute",
		              span_of(attribute->name));
	for (size_t n = 0; n < sizeof(needs) / sizeof(needs[0]); n++)
		if ((attribute->bits & needs[n].attribute) != 0 &&
		    (reading->level->bits & needs[n].level) == 0)
			return err_set(reading->err, ERR_PARSE,
			               "attribute '%s' cannot be used at level "
			               "'%s'",
			               attribute->name, reading->level->name);
	return attribute->takes(value)
	               ? 0
	               : refuse(reading, "bad value of an attribute", value);
}

/* "name=value", or "{ name = value }". */
static int read_attribute(struct reading *reading, struct span word)
{
	struct span name, value = word;

	if (word.at[0] == '{') {
		if (!reading->tlsrpt)
			return refuse(reading,
			              "Postfix before 3.10 does not know "
			              "braces, as in",
			              word);
		if (braced(word) != word.len)
			return refuse(reading, "braces do not match in", word);
		value = (struct span){word.at + 1, word.len - 2};
	}
	if (!span_split(&value, '=', &name))
		return refuse(reading, "no '=' in", word);
	name = span_trim(name);
	value = span_trim(value);
	for (unsigned i = 0; i < ATTRIBUTES; i++)
		if (is_name(name, attributes[i].name))
			return read_value(reading, i, value);
	return refuse(reading, "unknown attribute", name);
}

static int read_level(struct reading *reading, struct span word)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (is_name(word, levels[i].name))
			reading->level = &levels[i];
	return reading->level != NULL
	               ? 0
	               : refuse(reading, "unknown TLS security level", word);
}

static int check_whole(const struct reading *reading)
{
	bool needs = false, has = false;

	for (unsigned i = 0; i < ATTRIBUTES; i++)
		if ((reading->seen & 1u << i) != 0) {
			has |= (attributes[i].bits & TYPE) != 0;
			needs |= (attributes[i].bits & TLSRPT) != 0;
		}
	if (needs && !has)
		return err_set(reading->err, ERR_PARSE,
		               "TLSRPT attributes without policy_type");
	if (reading->seen != 0 && (reading->level->bits & NO_TLS) != 0)
		return err_set(reading->err, ERR_PARSE,
		               "level 'none' does not take attributes");
	return 0;
}

int policy_text_check(const char *text, size_t len, bool tlsrpt,
                      struct err *err)
{
	struct reading reading = {.tlsrpt = tlsrpt, .err = err};
	struct span rest = {text, len}, word;

	if (len > POLICY_TEXT_MAX)
		return err_set(err, ERR_LIMIT, "longer than %d bytes",
		               POLICY_TEXT_MAX);
	if (has_control(text, len) || !utf8_valid(text, len))
		return err_set(err, ERR_PARSE,
		               "it has a control character or is not UTF-8");
	if (!next_word(&rest, &word))
		return err_set(err, ERR_PARSE, "no TLS security level");
	if (read_level(&reading, word) < 0)
		return ERR_PARSE;
	while (next_word(&rest, &word))
		if (read_attribute(&reading, word) < 0)
			return ERR_PARSE;
	return check_whole(&reading);
}
