/* `datagram` and `event`: sessions, as files or made up. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "fake/fake_events.h"
#include "scenario/world.h"
#include "words/words.h"

static struct fake_events events_of(struct world *world)
{
	world->daemon_seen = true;
	return (struct fake_events){world->db, &world->conf, &world->clock,
	                            "events", world->leaves_journal};
}

struct lines {
	char **line;
	size_t count;
	size_t times;
};

static const char *next_line(void *arg, size_t i, size_t *len)
{
	const struct lines *lines = arg;
	const char *line = lines->line[i / lines->times];

	*len = strlen(line);
	return line;
}

static void split(char *text, struct lines *lines)
{
	char *save, *line;

	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		lines->line = xrealloc(lines->line, lines->count + 1,
		                       sizeof(*lines->line));
		lines->line[lines->count++] = line;
	}
}

int act_datagram(struct world *world, struct words *words, struct err *err)
{
	struct fake_events events = events_of(world);
	auto_(strbuf_clear) struct strbuf text = {0};
	bool bad = words_flag(words, "bad");
	struct lines lines = {0};
	const char *name;
	int rc;

	if (words_times(words, &lines.times, err) < 0 ||
	    words_need(words, "a file", &name, err) < 0 ||
	    world_read_file(world, name, &text, err) < 0)
		return err->class;
	split(text.data, &lines);
	rc = fake_events_send(&events, next_line, &lines,
	                      lines.count * lines.times, err);
	free(lines.line);
	if (bad && rc == ERR_PARSE)
		return 0;
	if (bad && rc == 0)
		return err_set(err, ERR_PARSE, "%s was not bad at all", name);
	return rc;
}

static int result_number(const char *word, int64_t *number, struct err *err)
{
	int want = word_find_rfc(&words_results, word);

	if (want < 0)
		return err_set(err, ERR_PARSE, "'%s' is no result type", word);
	*number = words_results.words[want].libtlsrpt;
	return *number ? 0
	               : err_set(err, ERR_PARSE, "libtlsrpt has no '%s'", word);
}

static json_t *strings(const char *const *items, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(items[i]));
	return array;
}

/* mode: NULL for a policy that Postfix was told nothing of but that there is
 * one. */
static void add_sts(json_t *policy, const char *domain, const char *mode,
                    const char *string)
{
	auto_(xfree_str) char *mx = xasprintf("mx.%s", domain);
	auto_(xfree_str) char *line = xasprintf("mx: %s", mx);
	const char *const standard[] = {"version: STSv1", mode, line,
	                                "max_age: 604800"};
	const char *const hosts[] = {mx};

	json_set_uint(policy, "policy-type", 2);
	json_set_string(policy, "policy-domain", domain);
	if (mode == NULL)
		return;
	json_object_set_new(policy, "policy-string",
	                    string ? strings(&string, 1)
	                           : strings(standard, 4));
	json_object_set_new(policy, "mx-host", strings(hosts, 1));
}

static void add_tlsa(json_t *policy, const char *domain, const char *string)
{
	auto_(xfree_str) char *mx = xasprintf("mx.%s", domain);

	if (string == NULL)
		string = "3 1 1 0123456789ABCDEF0123456789ABCDEF"
			 "0123456789ABCDEF0123456789ABCDEF";
	json_set_uint(policy, "policy-type", 1);
	json_set_string(policy, "policy-domain", mx);
	json_object_set_new(policy, "policy-string", strings(&string, 1));
}

/* The policy's own members; "testing-lines" is what Postfix is told where it
 * compares names; "none" names its domain as Postfix 3.10.5 does,
 * "unnamed" does not. */
static int add_policy(json_t *policy, const char *kind, const char *domain,
                      const char *string, struct err *err)
{
	int number = atoi(kind);

	if (strcmp(kind, "sts") == 0)
		add_sts(policy, domain, "mode: enforce", string);
	else if (strcmp(kind, "testing") == 0)
		add_sts(policy, domain, "mode: testing", string);
	else if (strcmp(kind, "testing-lines") == 0) {
		add_sts(policy, domain, "mode: testing", string);
		json_object_del(policy, "mx-host");
	} else if (strcmp(kind, "failed") == 0)
		add_sts(policy, domain, NULL, NULL);
	else if (strcmp(kind, "tlsa") == 0)
		add_tlsa(policy, domain, string);
	else if (strcmp(kind, "unnamed") == 0)
		json_set_uint(policy, "policy-type", 9);
	else if (strcmp(kind, "none") == 0 || number > 0) {
		json_set_uint(policy, "policy-type",
		              number ? (uint64_t)number : 9);
		json_set_string(policy, "policy-domain", domain);
	} else
		return err_set(err, ERR_PARSE, "'%s' is no kind of policy",
		               kind);
	return 0;
}

static int add_outcome(json_t *policy, struct words *words, struct err *err)
{
	/* what a failure detail can say, and its name in a datagram */
	static const char *const members[][2] = {
		{"from", "s"}, {"mx", "n"},   {"helo", "h"},
		{"ip", "r"},   {"info", "a"}, {"reason", "f"},
	};
	bool ok = words_flag(words, "ok");
	const char *value;
	json_t *failure;
	int64_t number;

	if (words_value(words, "fail", &value) == 0) {
		json_set_uint(policy, "f", 0);
		return ok ? 0 : err_set(err, ERR_PARSE, "ok or fail=RESULT?");
	}
	if (result_number(value, &number, err) < 0)
		return err->class;
	failure = json_object();
	json_set_uint(failure, "c", (uint64_t)number);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (words_value(words, members[i][0], &value))
			json_set_string(failure, members[i][1], value);
	json_object_set_new(policy, "failure-details",
	                    json_pack("[o]", failure));
	/* "ok fail=...": it failed at one MX and went through at another */
	json_set_uint(policy, "f", ok ? 0 : 1);
	return 0;
}

/* Each "{i}" of the text becomes the number of the repetition. */
struct pattern {
	const char *text;
	struct strbuf out;
};

static const char *numbered(void *arg, size_t i, size_t *len)
{
	struct pattern *pattern = arg;
	const char *from = pattern->text, *at;

	strbuf_reset(&pattern->out);
	while ((at = strstr(from, "{i}")) != NULL) {
		strbuf_add(&pattern->out, from, (size_t)(at - from));
		strbuf_printf(&pattern->out, "%zu", i);
		from = at + 3;
	}
	strbuf_puts(&pattern->out, from);
	*len = pattern->out.len;
	return pattern->out.data;
}

/* "at=TIME": from a feed that kept it since then. */
static int at_time(struct words *words, struct clock *clock,
                   struct fake_events *events, struct err *err)
{
	const char *text;
	int64_t time;

	if (words_value(words, "at", &text) == 0)
		return 0;
	if (day_parse_time(text, &time, err) < 0)
		return err->class;
	*clock = clock_fixed(time);
	events->clock = clock;
	events->feed = "late";
	return 0;
}

int act_event(struct world *world, struct words *words, struct err *err)
{
	struct fake_events events = events_of(world);
	auto_(json_free) json_t *datagram = json_object();
	auto_(strbuf_clear) struct strbuf text = {0};
	auto_(xfree_str) char *standard = NULL;
	json_t *policy = json_object();
	const char *domain, *record, *kind = "none", *string = NULL;
	struct pattern pattern = {0};
	struct clock clock = world->clock;
	size_t times;
	int rc;

	json_object_set_new(datagram, "policies", json_pack("[o]", policy));
	if (words_times(words, &times, err) < 0 ||
	    at_time(words, &clock, &events, err) < 0 ||
	    words_need(words, "a domain", &domain, err) < 0)
		return err->class;
	record = standard = xasprintf("v=TLSRPTv1; rua=mailto:tls@%s", domain);
	words_value(words, "record", &record);
	words_value(words, "policy", &kind);
	words_value(words, "string", &string);
	json_set_string(datagram, "d", domain);
	json_set_string(datagram, "pr", *record ? record : NULL);
	if (add_policy(policy, kind, domain, string, err) < 0 ||
	    add_outcome(policy, words, err) < 0)
		return err->class;
	json_write(datagram, &text);
	pattern.text = strbuf_text(&text);
	rc = fake_events_send(&events, numbered, &pattern, times, err);
	strbuf_clear(&pattern.out);
	return rc;
}
