#include "setup/tlsrpt_map.h"

#include <string.h>

#include "base/ascii.h"
#include "setup/tlsrpt_ini.h"

static const struct {
	const char *word;
	size_t least, most; /* parameters */
} actions[] = {
	[TLSRPT_ACCEPT] = {"ACCEPT", 0, 0},
	[TLSRPT_DISCARD] = {"DISCARD", 0, 0},
	[TLSRPT_REPLACE] = {"REPLACE", 1, SIZE_MAX},
	[TLSRPT_APPEND] = {"APPEND", 1, SIZE_MAX},
	[TLSRPT_REGEXP] = {"REGEXP", 2, 2},
};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

const char *tlsrpt_map_action_word(enum tlsrpt_action action)
{
	return actions[action].word;
}

/* The next of words with spaces between them; empty at the end. */
static struct span next_word(struct span *rest)
{
	struct span word;

	*rest = span_trim(*rest);
	span_split(rest, ' ', &word);
	*rest = span_trim(*rest);
	return word;
}

/* --- a regular expression that is a pattern --- */

/* LITERAL, or LITERAL.*LITERAL; and does it end there? */
struct shape {
	char before[256], after[256];
	bool wild, ends, loose;
};

static bool put(char *text, char c)
{
	size_t len = strlen(text);

	if (len + 1 >= sizeof(((struct shape *)0)->before))
		return false;
	text[len] = c;
	text[len + 1] = '\0';
	return true;
}

static bool read_shape(const char *p, struct shape *shape)
{
	bool escaped;

	memset(shape, 0, sizeof(*shape));
	p += *p == '^';
	while (*p != '\0') {
		char *to = shape->wild ? shape->after : shape->before;

		if (strcmp(p, "$") == 0 || strcmp(p, "\\Z") == 0) {
			shape->ends = true;
			return true;
		}
		if (strncmp(p, ".*", 2) == 0 || strncmp(p, ".+", 2) == 0) {
			if (shape->wild && shape->after[0] != '\0')
				return p[2] == '\0'; /* open at its end */
			shape->wild = true;
			p += 2;
			continue;
		}
		escaped = *p == '\\';
		p += escaped;
		if (*p == '\0' ||
		    (!ascii_is_alnum(*p) && strchr(".-_@:/+", *p) == NULL))
			return false;
		if (escaped && ascii_is_alnum(*p))
			return false; /* \d, \w */
		if (p[1] != '\0' && strchr("*+?{|", p[1]) != NULL)
			return false;
		shape->loose |= *p == '.' && !escaped;
		if (!put(to, *p++))
			return false;
	}
	return true;
}

/* Of all, whatever stands behind it. */
static bool is_all(const struct shape *shape, const char *scheme)
{
	return shape->after[0] == '\0' && (shape->wild || !shape->ends) &&
	       (shape->before[0] == '\0' ||
	        (scheme != NULL && strcmp(shape->before, scheme) == 0));
}

static const char *domain_of_shape(const struct shape *shape)
{
	if (is_all(shape, NULL))
		return ".";
	if (!shape->ends)
		return NULL;
	if (!shape->wild)
		return shape->before;
	return shape->before[0] == '\0' && shape->after[0] == '.' ? shape->after
	                                                          : NULL;
}

static const char *mail_of_shape(const struct shape *shape, struct arena *mem)
{
	const char *after = shape->after;
	bool begins = shape->before[0] == '\0' ||
	              strcmp(shape->before, "mailto:") == 0;

	if (is_all(shape, "mailto:"))
		return "mailto:@.";
	if (!shape->ends)
		return NULL;
	if (!shape->wild)
		return strncmp(shape->before, "mailto:", 7) == 0 &&
		                       strchr(shape->before, '@') != NULL
		               ? shape->before
		               : NULL;
	if (begins && (after[0] == '@' || after[0] == '.') &&
	    strchr(after + 1, '@') == NULL)
		return arena_printf(mem, "mailto:@%s",
		                    after + (after[0] == '@'));
	return NULL;
}

/* "https://HOST/.*": a host with whatever path. */
static const char *http_of_shape(const struct shape *shape, struct arena *mem)
{
	static const char scheme[] = "https://";
	const char *host = shape->before + strlen(scheme);
	size_t len;

	if (is_all(shape, scheme) || is_all(shape, "https:"))
		return "https://.";
	if (strncmp(shape->before, scheme, strlen(scheme)) != 0 ||
	    shape->after[0] != '\0' || shape->ends)
		return NULL;
	len = strcspn(host, "/");
	return host[len] == '/' && host[len + 1] == '\0'
	               ? arena_printf(mem, "https://%.*s", (int)len, host)
	               : NULL;
}

static void translate_regexp(enum tlsrpt_map_of of, struct tlsrpt_rule *rule,
                             struct arena *mem)
{
	struct shape shape;
	const char *what = NULL;

	if (read_shape(rule->pattern, &shape))
		what = of == TLSRPT_MAP_RECORD ? domain_of_shape(&shape)
		       : of == TLSRPT_MAP_MAIL ? mail_of_shape(&shape, mem)
		                               : http_of_shape(&shape, mem);
	rule->is_loose = shape.loose;
	if (what != NULL)
		rule->what = arena_strdup(mem, what);
	else
		rule->why = of == TLSRPT_MAP_RECORD
		                    ? "tlstally has no regular expressions: "
		                      "write an item for each domain, or "
		                      ".example.com for all below one"
		                    : "tlstally has no regular expressions: "
		                      "write an item for each host or address, "
		                      "or @.example.com for all hosts below "
		                      "one";
}

static void translate_what(enum tlsrpt_map_of of, struct tlsrpt_rule *rule,
                           struct arena *mem)
{
	static const char *const before[TLSRPT_MAPS] = {"", "mailto:@",
	                                                "https://"};

	if (rule->is_regexp)
		translate_regexp(of, rule, mem);
	else
		rule->what =
			arena_printf(mem, "%s%s", before[of], rule->pattern);
}

/* --- lines --- */

static int fail(const struct tlsrpt_map *map, unsigned line, struct err *err,
                const char *words)
{
	return err_set(err, ERR_PARSE, "%.200s:%u: %s", map->file, line, words);
}

static int read_match(const struct tlsrpt_map *map, struct tlsrpt_rule *rule,
                      struct span match, struct arena *mem, struct err *err)
{
	struct span type;

	if (!span_until(&match, ':', &type))
		type = span_of("domain");
	rule->is_regexp = span_is(type, "regexp");
	if (!rule->is_regexp && !span_is(type, "domain"))
		return fail(
			map, rule->line, err,
			arena_printf(mem,
		                     "unknown match type '%s:'; there are "
		                     "domain: and regexp:",
		                     tlsrpt_ini_shown(mem, type.at, type.len)));
	if (match.len == 0 && !rule->is_regexp)
		return fail(map, rule->line, err, "nothing to match");
	rule->pattern = arena_strndup(mem, match.at, match.len);
	return 0;
}

static int read_action(const struct tlsrpt_map *map, struct tlsrpt_rule *rule,
                       struct span word, struct arena *mem, struct err *err)
{
	struct span rest = rule->parameters;
	size_t action = 0, n = 0;

	while (action < ACTIONS && !span_is(word, actions[action].word))
		action++;
	if (word.len == 0)
		return fail(map, rule->line, err, "no action");
	if (action == ACTIONS)
		return fail(
			map, rule->line, err,
			arena_printf(mem,
		                     "unknown action '%s'; there are "
		                     "ACCEPT, DISCARD, REPLACE, APPEND and "
		                     "REGEXP",
		                     tlsrpt_ini_shown(mem, word.at, word.len)));
	while (next_word(&rest).len > 0)
		n++;
	rule->action = (enum tlsrpt_action)action;
	if (n < actions[action].least || n > actions[action].most)
		return fail(map, rule->line, err,
		            arena_printf(mem, "%s with %zu parameters",
		                         actions[action].word, n));
	return 0;
}

static int take_line(enum tlsrpt_map_of of, struct tlsrpt_map *map,
                     unsigned number, struct span line, struct arena *mem,
                     struct err *err)
{
	struct tlsrpt_rule *rule = &map->rules[map->count];
	struct span match = next_word(&line), word = next_word(&line);

	if (match.len == 0 || match.at[0] == '#')
		return 0;
	if (map->count == TLSRPT_RULES_MAX)
		return fail(map, number, err, "more lines than can be");
	*rule = (struct tlsrpt_rule){.line = number, .parameters = line};
	if (read_match(map, rule, match, mem, err) < 0 ||
	    read_action(map, rule, word, mem, err) < 0)
		return err->class;
	translate_what(of, rule, mem);
	map->count++;
	return 0;
}

int tlsrpt_map_read(enum tlsrpt_map_of of, const char *file, const char *text,
                    size_t len, struct arena *mem, struct tlsrpt_map *map,
                    struct err *err)
{
	struct span rest = {NULL, 0}, line;
	unsigned number = 0;
	size_t lines = 1;
	char *copy;
	bool more;

	*map = (struct tlsrpt_map){.file = file};
	if (tlsrpt_ini_check_text(file, text, len, err) < 0)
		return err->class;
	copy = arena_strndup(mem, text, len);
	for (size_t i = 0; i < len; i++) {
		lines += copy[i] == '\n';
		if (strchr("\t\v\f\r", copy[i]) != NULL)
			copy[i] = ' ';
	}
	rest = (struct span){copy, len};
	if (lines > TLSRPT_RULES_MAX)
		lines = TLSRPT_RULES_MAX;
	map->rules = arena_array(mem, lines + 1, sizeof(*map->rules));
	do {
		more = span_split(&rest, '\n', &line);
		number++;
		if (take_line(of, map, number, line, mem, err) < 0)
			return err->class;
	} while (more);
	return 0;
}
