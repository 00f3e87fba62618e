/* The maps of tlsrpt-reporter as our lists: [report] deny, redirect, bcc. */
#include "setup/tlsrpt_import_work.h"

#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "conf/list_item.h"
#include "domain/rua.h"
#include "rollup/lists.h"

/* Which list of ours an action is an item of; NULL: of none. */
static const char *list_of(enum tlsrpt_action action)
{
	static const char *const lists[] = {
		[TLSRPT_ACCEPT] = NULL,        [TLSRPT_DISCARD] = "deny",
		[TLSRPT_REPLACE] = "redirect", [TLSRPT_APPEND] = "bcc",
		[TLSRPT_REGEXP] = NULL,
	};

	return lists[action];
}

static const struct tlsrpt_rule *rule_of_uri(const struct tlsrpt_map *map,
                                             const struct rua *rua)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct tlsrpt_rule *rule = &map->rules[i];
		struct list_item item;

		if (rule->what == NULL ||
		    list_item_parse(rule->what, &item, NULL) < 0)
			continue;
		if (item.kind == LIST_ITEM_ADDRESS
		            ? strlen(rua->address) == item.address.len &&
		                      strncasecmp(rua->address, item.address.at,
		                                  item.address.len) == 0
		            : name_pattern_matches(&item.pattern, rua->host))
			return rule;
	}
	return NULL;
}

struct place {
	const struct tlsrpt_map *map;
	const struct tlsrpt_rule *rule;
};

/* As in a TLSRPT record: these three part things there, and the comma items of
 * ours. */
static struct span escaped(struct tlsrpt_run *run, struct span text)
{
	static const char *const escapes[] = {
		[','] = "%2C", [';'] = "%3B", ['!'] = "%21"};
	char *to = arena_alloc(&run->mem, 3 * text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c < sizeof(escapes) / sizeof(escapes[0]) &&
		    escapes[c] != NULL) {
			memcpy(to + len, escapes[c], 3);
			len += 3;
		} else {
			to[len++] = (char)c;
		}
	}
	return (struct span){to, len};
}

static void add_uri(struct tlsrpt_run *run, const struct place *at,
                    struct span text, struct strbuf *out)
{
	struct rua rua;
	struct err err;

	if (span_starts(text, "directory:")) {
		tlsrpt_import_remark(
			run, at->map->file, at->rule->line,
			"'%.*s' is left out: only a copy of all reports can be "
			"in a directory: set [deliver] directory",
			(int)text.len, text.at);
	} else if (text = escaped(run, text),
	           rua_parse(text.at, text.len, &rua, &err) < 0) {
		tlsrpt_import_remark(run, at->map->file, at->rule->line,
		                     "'%.*s' is left out: %s", (int)text.len,
		                     text.at, err.text);
	} else {
		strbuf_printf(out, " %s", rua.uri);
	}
}

static void add_uris(struct tlsrpt_run *run, const struct place *at,
                     struct span parameters, bool again, struct strbuf *out);

/* What the record map names goes through the maps of mail and HTTPS. */
static void add_mapped(struct tlsrpt_run *run, const struct place *at,
                       struct span text, struct strbuf *out)
{
	const struct tlsrpt_rule *rule;
	struct rua rua;

	text = escaped(run, text);
	if (rua_parse(text.at, text.len, &rua, NULL) < 0) {
		add_uri(run, at, text, out);
		return;
	}
	rule = rule_of_uri(&run->maps[rua.kind == RUA_MAIL ? TLSRPT_MAP_MAIL
	                                                   : TLSRPT_MAP_HTTP],
	                   &rua);
	if (rule == NULL || rule->action == TLSRPT_ACCEPT ||
	    rule->action == TLSRPT_APPEND)
		add_uri(run, at, text, out);
	if (rule != NULL &&
	    (rule->action == TLSRPT_APPEND || rule->action == TLSRPT_REPLACE))
		add_uris(run, at, rule->parameters, false, out);
	if (rule != NULL && rule->action == TLSRPT_REGEXP)
		tlsrpt_import_remark(run, at->map->file, at->rule->line,
		                     "'%.*s' is left out: line %u of another "
		                     "map changes it with REGEXP",
		                     (int)text.len, text.at, rule->line);
}

static void add_uris(struct tlsrpt_run *run, const struct place *at,
                     struct span parameters, bool again, struct strbuf *out)
{
	struct span uri;

	while (list_item_target(&parameters, &uri))
		if (again)
			add_mapped(run, at, uri, out);
		else
			add_uri(run, at, uri, out);
}

/* "APPEND directory:/path" of all reports: there is a setting for that. */
static bool is_directory(const struct tlsrpt_rule *rule)
{
	struct span uri = rule->parameters;

	return rule->action == TLSRPT_APPEND && rule->what != NULL &&
	       strcmp(rule->what, ".") == 0 && span_starts(uri, "directory:") &&
	       memchr(uri.at, ' ', uri.len) == NULL;
}

static void take_directory(struct tlsrpt_run *run, const struct place *at)
{
	struct span uri = at->rule->parameters;
	struct tlsrpt_line line = {.file = at->map->file,
	                           .number = at->rule->line};

	span_skip(&uri, "directory:");
	line.value = arena_strndup(&run->mem, uri.at, uri.len);
	if (tlsrpt_import_take(run, &line, "deliver", "directory") &&
	    at->rule > at->map->rules)
		tlsrpt_import_remark(
			run, line.file, line.number,
			"a copy of all reports, also of those that the lines "
			"before match, will be in %s",
			line.value);
}

/* Would a later line of that list match what this one does? */
static bool is_wanted_later(const struct tlsrpt_map *map, size_t from,
                            const char *list)
{
	struct list_item here, there;

	if (list_item_parse(map->rules[from].what, &here, NULL) < 0)
		return false;
	for (size_t i = from + 1; i < map->count; i++) {
		const struct tlsrpt_rule *rule = &map->rules[i];
		const char *its = list_of(rule->action);

		if (its == NULL || strcmp(its, list) != 0 ||
		    rule->what == NULL || is_directory(rule) ||
		    list_item_parse(rule->what, &there, NULL) < 0)
			continue;
		if (name_pattern_covers(&here.pattern, &there.pattern) ||
		    name_pattern_covers(&there.pattern, &here.pattern))
			return true;
	}
	return false;
}

static void take_item(struct tlsrpt_run *run, const struct place *at,
                      const char *list, const char *text)
{
	const struct tlsrpt_line line = {NULL, text, at->map->file,
	                                 at->rule->line, NULL};

	tlsrpt_import_take(run, &line, "report", list);
}

/* The first match counts: where it is not of this list, an item without effect
 * keeps later ones from what it matches. */
static void take_exceptions(struct tlsrpt_run *run, const struct place *at,
                            const char *own)
{
	static const char *const lists[] = {"deny", "redirect", "bcc"};

	for (size_t i = 0; i < 3; i++) {
		/* what is denied goes nowhere, and has no copy */
		if ((own != NULL && (strcmp(own, lists[i]) == 0 ||
		                     strcmp(own, "deny") == 0)) ||
		    !is_wanted_later(at->map,
		                     (size_t)(at->rule - at->map->rules),
		                     lists[i]))
			continue;
		take_item(run, at, lists[i],
		          arena_printf(&run->mem, "!%s", at->rule->what));
	}
}

/* Its item, and the list that it is for; NULL: there is none.  What is replaced
 * by nothing is discarded. */
static const char *item_of(struct tlsrpt_run *run, const struct place *at,
                           bool is_record, const char **list)
{
	auto_(strbuf_clear) struct strbuf uris = {0};
	const struct tlsrpt_rule *rule = at->rule;
	const char *word = tlsrpt_map_action_word(rule->action);
	size_t count = 0;

	*list = list_of(rule->action);
	if (*list == NULL || rule->action == TLSRPT_DISCARD)
		return *list != NULL ? rule->what : NULL;
	add_uris(run, at, rule->parameters, is_record, &uris);
	for (size_t i = 0; i < uris.len; i++)
		count += uris.data[i] == ' ';
	if (count > 0 && count <= LISTS_TARGETS_MAX)
		return arena_printf(&run->mem, "%s ->%s", rule->what,
		                    strbuf_text(&uris));
	if (count > 0) {
		tlsrpt_import_remark(run, at->map->file, rule->line,
		                     "%s: left out: more than %d URIs", word,
		                     LISTS_TARGETS_MAX);
		return NULL;
	}
	tlsrpt_import_remark(
		run, at->map->file, rule->line, "%s: no URI is left%s", word,
		rule->action == TLSRPT_REPLACE ? ": the same as DISCARD" : "");
	if (rule->action != TLSRPT_REPLACE)
		return NULL;
	*list = "deny";
	return rule->what;
}

static void take_rule(struct tlsrpt_run *run, const struct place *at,
                      bool is_record)
{
	const struct tlsrpt_rule *rule = at->rule;
	const char *list, *item;

	if (rule->is_loose && rule->what != NULL)
		tlsrpt_import_remark(
			run, at->map->file, rule->line,
			"a '.' of the expression is taken for a dot");
	if (rule->action == TLSRPT_REGEXP)
		tlsrpt_import_remark(
			run, at->map->file, rule->line,
			"REGEXP: no counterpart: write [report] redirect = "
			"WHAT -> URI for each destination that it changes");
	if (rule->what == NULL) {
		tlsrpt_import_remark(run, at->map->file, rule->line,
		                     "regexp:%s %s: no counterpart: %s; what "
		                     "it matches, later lines may match here",
		                     rule->pattern,
		                     tlsrpt_map_action_word(rule->action),
		                     rule->why);
		return;
	}
	if (is_directory(rule)) {
		take_directory(run, at);
		return;
	}
	item = item_of(run, at, is_record, &list);
	take_exceptions(run, at, item != NULL ? list : NULL);
	if (item != NULL)
		take_item(run, at, list, item);
}

static void say_dead(struct tlsrpt_run *run, const struct place *at)
{
	const char *pattern = at->rule->pattern;
	size_t len = strlen(pattern);
	bool capital = false;

	for (const char *c = pattern; *c != '\0'; c++)
		capital |= *c >= 'A' && *c <= 'Z';
	if (at->rule->is_regexp)
		return;
	if (capital || (len > 1 && pattern[len - 1] == '.'))
		tlsrpt_import_remark(
			run, at->map->file, at->rule->line,
			"'%s' has %s: tlsrpt-reporter 0.6 never matched it, "
			"and tlstally does",
			pattern, capital ? "capital letters" : "a final dot");
}

void tlsrpt_import_map(struct tlsrpt_run *run, enum tlsrpt_map_of of)
{
	const struct tlsrpt_map *map = &run->maps[of];

	for (size_t i = 0; i < map->count; i++) {
		const struct place at = {map, &map->rules[i]};

		say_dead(run, &at);
		take_rule(run, &at, of == TLSRPT_MAP_RECORD);
	}
}
