#include "domain/sts_policy.h"

#include <stdlib.h>
#include <string.h>

#include "base/domain.h"
#include "base/log.h"
#include "base/span.h"
#include "base/utf8.h"
#include "domain/txt_record.h"
#include "session/session.h"

enum {
	SHOWN = 60,          /* bytes of foreign text in an error */
	MAX_AGE_DIGITS = 10, /* 1*10(DIGIT); erratum 7282 wants 8 */
};

_Static_assert((int)STS_LINES_MAX == (int)SESSION_STRINGS_MAX,
               "a report carries the lines that are kept");

struct parse {
	struct sts_policy *policy;
	struct arena *arena;
	struct err *err;
	size_t line;
	unsigned seen; /* bits of keys[] */
};

struct key {
	const char *name;
	bool repeats;
	int (*take)(struct parse *parse, struct span value);
};

/* "line 2: mode 'on' is not testing, enforce or none" */
static int refuse(const struct parse *parse, const char *what,
                  struct span value, const char *why)
{
	char shown[SHOWN];

	return err_set(parse->err, ERR_PARSE, "line %zu: %s '%s' %s",
	               parse->line, what,
	               log_escape(shown, sizeof(shown), value.at, value.len),
	               why);
}

static int take_version(struct parse *parse, struct span value)
{
	return span_is(value, "STSv1")
	               ? 0
	               : refuse(parse, "version", value, "is not STSv1");
}

static int take_mode(struct parse *parse, struct span value)
{
	for (int i = 0; i < STS_MODES; i++) {
		if (span_is(value, word_api(&words_sts_modes, i))) {
			parse->policy->mode = (enum sts_mode)i;
			return 0;
		}
	}
	return refuse(parse, "mode", value, "is not testing, enforce or none");
}

/* More than a year is taken as a year: the domain asks for the longest there
 * is, and other senders understand it so, too. */
static int take_max_age(struct parse *parse, struct span value)
{
	int64_t secs = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return refuse(parse, "max_age", value,
			              "is not a number of seconds");
		if (i == MAX_AGE_DIGITS)
			return refuse(parse, "max_age", value,
			              "has more than 10 digits");
		secs = 10 * secs + (value.at[i] - '0');
	}
	parse->policy->max_age = secs > STS_MAX_AGE ? STS_MAX_AGE : secs;
	return 0;
}

/* ["*."] Domain, which RFC 5321 makes of letters, digits, hyphens and dots:
 * what our canonical names allow beyond that is no pattern. */
static bool is_pattern_text(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.at[i] >= 0x80 || value.at[i] == '_')
			return false;
	return value.at[value.len - 1] != '.';
}

static bool add_mx(struct sts_policy *policy, struct span value,
                   struct arena *arena)
{
	char pattern[DOMAIN_TEXT];

	if (!is_pattern_text(value) ||
	    domain_pattern_canonical(value.at, value.len, pattern, NULL) != 0)
		return false;
	policy->mx[policy->mx_count++] = arena_strdup(arena, pattern);
	return true;
}

void sts_policy_take_mx(struct sts_policy *policy, const char *const *lines,
                        size_t count, struct arena *arena)
{
	policy->mx = arena_array(arena, count, sizeof(*policy->mx));
	policy->mx_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct span line = span_of(lines[i]), key;

		if (!span_until(&line, ':', &key) ||
		    !span_is(span_trim(key), "mx"))
			continue;
		line = span_trim(line);
		if (line.len > 0)
			add_mx(policy, line, arena);
	}
}

static int take_mx(struct parse *parse, struct span value)
{
	if (!add_mx(parse->policy, value, parse->arena))
		return refuse(parse, "mx", value,
		              "is neither a host name nor '*.' and a domain "
		              "(in A-labels)");
	return 0;
}

static const struct key keys[] = {
	{"version", false, take_version},
	{"mode", false, take_mode},
	{"max_age", false, take_max_age},
	{"mx", true, take_mx},
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* What any key may have: UTF-8 without control characters. */
static bool is_value(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.at[i] < 0x20 || value.at[i] == 0x7f)
			return false;
	return utf8_valid(value.at, value.len);
}

static int take_pair(struct parse *parse, struct span name, struct span value)
{
	for (unsigned i = 0; i < KEYS; i++) {
		if (!span_is(name, keys[i].name))
			continue;
		if ((parse->seen & 1u << i) != 0 && !keys[i].repeats)
			return 0;
		parse->seen |= 1u << i;
		return keys[i].take(parse, value);
	}
	return 0;
}

/* "key: value", white space after the colon and at the end or not. */
static int take_line(struct parse *parse, struct span line)
{
	struct span name, value = span_trim_end(line);

	if (value.len == 0)
		return err_set(parse->err, ERR_PARSE, "line %zu is empty",
		               parse->line);
	if (!span_split(&value, ':', &name))
		return refuse(parse, "text", line, "has no ':'");
	if (!txt_name_is_good(name))
		return refuse(parse, "key", name,
		              "is not 1 to 32 letters, digits, '_', '-', '.'");
	value = span_trim(value);
	if (value.len == 0)
		return refuse(parse, "key", name, "has no value");
	if (!is_value(value))
		return refuse(parse, "value", value,
		              "has a control character or is not valid UTF-8");
	return take_pair(parse, name, value);
}

/* The next line without its LF or CRLF (erratum 6253); false at the end. */
static bool next_line(struct span *rest, struct span *line)
{
	if (rest->len == 0)
		return false;
	if (span_split(rest, '\n', line) && line->len > 0 &&
	    line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* As a report shows them: whatever stood there, cleaned. */
static void keep_lines(struct span rest, struct arena *arena,
                       struct sts_policy *policy)
{
	struct span line;

	policy->lines =
		arena_array(arena, STS_LINES_MAX, sizeof(*policy->lines));
	while (policy->line_count < STS_LINES_MAX && next_line(&rest, &line)) {
		const char *text;
		size_t len;

		line = span_trim_end(line);
		text = utf8_repair(arena, line.at, line.len, &len);
		text = utf8_clean(arena, text, len, SESSION_POLICY_STRING_MAX);
		if (text != NULL)
			policy->lines[policy->line_count++] = text;
	}
}

static int check_whole(const struct parse *parse)
{
	for (unsigned i = 0; i < KEYS; i++) {
		bool needed = keys[i].take != take_mx ||
		              parse->policy->mode != STS_NONE;

		if (needed && (parse->seen & 1u << i) == 0)
			return err_set(parse->err, ERR_PARSE, "no %s",
			               keys[i].name);
	}
	return 0;
}

int sts_policy_parse(const char *text, size_t len, struct arena *arena,
                     struct sts_policy *policy, struct err *err)
{
	struct parse parse = {.policy = policy, .arena = arena, .err = err};
	struct span rest = {text, len}, all = rest, line;
	size_t lines = 0;

	*policy = (struct sts_policy){0};
	if (len > STS_POLICY_MAX)
		return err_set(err, ERR_LIMIT, "longer than %d bytes",
		               STS_POLICY_MAX);
	keep_lines(rest, arena, policy);
	while (next_line(&all, &line))
		lines++;
	policy->mx = arena_array(arena, lines, sizeof(*policy->mx));
	while (next_line(&rest, &line)) {
		int rc;

		parse.line++;
		rc = take_line(&parse, line);
		if (rc != 0)
			return rc;
	}
	return check_whole(&parse);
}

static bool pattern_matches(const char *pattern, const char *host)
{
	const char *dot = strchr(host, '.');

	if (pattern[0] != '*')
		return strcmp(pattern, host) == 0;
	return dot != NULL && dot != host && strcmp(pattern + 1, dot) == 0;
}

bool sts_policy_matches(const struct sts_policy *policy, const char *mx_host)
{
	for (size_t i = 0; i < policy->mx_count; i++)
		if (pattern_matches(policy->mx[i], mx_host))
			return true;
	return false;
}
