/*
 * jmap_world - a store with three reports, and JMAP calls against it
 *
 * Calls and answers are written with ' for ".  $A $B $C are the ids of the
 * reports, $S the state that they were left in:
 *
 *     A  alpha.example  no failures, tls@alpha.example, due 2026-03-02T01:00
 *     B  beta.example   3 failures, tls@beta.example and https, due 03:00
 *     C  gamma.example  nobody to send it to
 *
 * A wanted answer names the members that matter; "*" is anything at all.
 */
#ifndef TLSTALLY_TESTS_UNIT_JMAP_WORLD_H
#define TLSTALLY_TESTS_UNIT_JMAP_WORLD_H

#include "base/json.h"
#include "base/json_lax.h"
#include "jmap/jmap.h"
#include "store/outbox_table.h"
#include "unit/store_test.h"

enum { WORLD_NOW = 1772409600 }; /* 2026-03-02T00:00:00Z */

#define ALL_CAPABILITIES                                                       \
	"'urn:ietf:params:jmap:core','urn:stalwart:jmap','urn:tlstally:jmap'"

struct world {
	struct fixture f;
	struct conf conf;
	struct clock clock;
	struct jmap jmap;
	struct jmap_caller caller;
	char *ids[3];
	char *state;
	char epoch[16]; /* with the "-" that follows */
};

/* What "$A" to "$C", "$S" and "$E" stand for; NULL: for themselves. */
static inline const char *world_word(const struct world *w, const char *c)
{
	if (*c != '$')
		return NULL;
	if (c[1] >= 'A' && c[1] <= 'C')
		return w->ids[c[1] - 'A'];
	return c[1] == 'S' ? w->state : c[1] == 'E' ? w->epoch : NULL;
}

/* With them in their place, and " for '. */
static inline void world_write(const struct world *w, const char *text,
                               struct strbuf *out)
{
	for (const char *c = text; *c != '\0'; c++) {
		const char *word = world_word(w, c);

		if (word == NULL) {
			strbuf_putc(out, *c == '\'' ? '"' : *c);
			continue;
		}
		strbuf_puts(out, word);
		c++;
	}
}

/* The whole response to a request, the caller's. */
static inline json_t *world_post(struct world *w, const char *body)
{
	auto_(strbuf_clear) struct strbuf text = {0}, out = {0};
	struct jmap_problem problem;
	struct err err;
	json_t *json;

	world_write(w, body, &text);
	jmap_answer(&w->jmap, &w->caller, text.data, text.len, &out, &problem);
	if (problem.status != 0)
		fail_msg("%s in: %s", problem.detail, text.data);
	json = json_lax_read(out.data, out.len, JSON_LAX_NUL, &err);
	if (json == NULL)
		fail_msg("%s in: %s", err.text, out.data);
	return json;
}

/* The responses to some calls. */
static inline json_t *world_calls(struct world *w, const char *calls)
{
	auto_(strbuf_clear) struct strbuf body = {0};
	auto_(json_free) json_t *response = NULL;

	strbuf_printf(&body,
	              "{'using':[" ALL_CAPABILITIES "],'methodCalls':%s}",
	              calls);
	response = world_post(w, body.data);
	return json_incref(json_object_get(response, "methodResponses"));
}

#define REPORT_OF(failures)                                                    \
	"{'reportId':'r1@us.example','dateRangeStart':'2026-03-01T00:00:00Z'," \
	"'dateRangeEnd':'2026-03-01T23:59:59Z','contactInfo':'us@us.example'," \
	"'policies':[{'policyType':'sts','policyDomain':'x.example',"          \
	"'totalSuccessfulSessions':5,'totalFailedSessions':" failures "}]}"

#define GIVEN(domain, failures, deliver_at, ruas)                              \
	"{'domain':'" domain "','createdAt':'2026-03-02T00:00:00Z',"           \
	"'deliverAt':'" deliver_at "'," ruas                                   \
	"'report':" REPORT_OF(failures) "}"

static inline void world_fill(struct world *w)
{
	static const char *const names[] = {"a", "b", "c"};
	auto_(json_free) json_t *responses = world_calls(
		w,
		"[['x:TlsInternalReport/set',{'create':{"
		"'a':" GIVEN(
			"alpha.example", "0", "2026-03-02T01:00:00Z",
			"'mailRua':['tls@alpha.example']"
			",") ","
			     "'b':" GIVEN(
				     "beta.example", "3",
				     "2026-03-02T03:00:"
				     "00Z",
				     "'mailRua':['tls@"
				     "beta.example'],"
				     "'httpRua':['https:"
				     "//beta.example/"
				     "tls'],") ","
					       "'c'"
					       ":" GIVEN("gamma.example", "1",
	                                                 "2026-03-02T02:00:00Z",
	                                                 "") "}},'0']]");
	json_t *response = json_array_get(json_array_get(responses, 0), 1);

	for (size_t i = 0; i < 3; i++) {
		json_t *object = json_object_get(
			json_object_get(response, "created"), names[i]);
		const char *id =
			json_string_value(json_object_get(object, "id"));

		if (id == NULL)
			fail_msg("%s", json_dumps(responses, 0));
		w->ids[i] = xstrdup(id);
	}
	w->state = xstrdup(
		json_string_value(json_object_get(response, "newState")));
	snprintf(w->epoch, sizeof(w->epoch), "%.*s-",
	         (int)strcspn(w->state, "-"), w->state);
}

static inline void world_make(struct world *w)
{
	memset(w, 0, sizeof(*w));
	fixture_make(&w->f);
	fixture_open(&w->f);
	conf_init(&w->conf);
	w->conf.report.mode = MODE_ALL;
	free(w->conf.report.contact_info);
	w->conf.report.contact_info = xstrdup("tls@us.example");
	w->clock = clock_fixed(WORLD_NOW);
	w->jmap = (struct jmap){
		.db = w->f.db, .conf = &w->conf, .clock = &w->clock};
	w->caller = (struct jmap_caller){"test", PERMIT_ALL, DIALECT_REFERENCE};
	world_fill(w);
}

static inline void world_clear(struct world *w)
{
	for (size_t i = 0; i < 3; i++)
		xfree_str(&w->ids[i]);
	xfree_str(&w->state);
	conf_clear(&w->conf);
	fixture_clear(&w->f);
}

/* For cmocka: every test gets a world of its own. */
static inline int world_setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	world_make(w);
	*state = w;
	return 0;
}

static inline int world_teardown(void **state)
{
	world_clear(*state);
	free(*state);
	return 0;
}

#define WORLD_TEST(fn)                                                         \
	cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

/* Does what was got have all that is wanted?  "*" is anything, "!" nothing. */
static inline bool world_matches(json_t *got, json_t *want)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_string(want) && strcmp(json_string_value(want), "*") == 0)
		return got != NULL;
	if (json_is_string(want) && strcmp(json_string_value(want), "!") == 0)
		return got == NULL;
	if (json_is_object(want)) {
		json_object_foreach (want, name, value) {
			if (!world_matches(json_object_get(got, name), value))
				return false;
		}
		return json_is_object(got);
	}
	if (!json_is_array(want))
		return json_equal(got, want);
	json_array_foreach (want, i, value) {
		if (!world_matches(json_array_get(got, i), value))
			return false;
	}
	return json_is_array(got) &&
	       json_array_size(got) == json_array_size(want);
}

static inline json_t *world_parse(struct world *w, const char *text)
{
	auto_(strbuf_clear) struct strbuf quoted = {0};
	struct err err;
	json_t *json;

	world_write(w, text, &quoted);
	json = json_lax_read(quoted.data, quoted.len, JSON_LAX_NUL, &err);
	if (json == NULL)
		fail_msg("%s in: %s", err.text, quoted.data);
	return json;
}

static inline void world_check(struct world *w, json_t *got, const char *want)
{
	auto_(json_free) json_t *wanted = world_parse(w, want);
	auto_(strbuf_clear) struct strbuf text = {0};

	if (world_matches(got, wanted))
		return;
	json_write(got, &text);
	fail_msg("got  %s\nwant %s", text.data, want);
}

#endif
