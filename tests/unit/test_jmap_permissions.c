/* Who may do what by JMAP, and that tlstally-httpd(8) says so. */
#include "unit/jmap_world.h"

#include <stdio.h>

/* Arguments of a call that does nothing, for what it is asked for. */
static const char *args_of(const struct jmap_right *right)
{
	static const struct {
		const char *of, *args;
	} rows[] = {
		{"get", "{'ids':[]}"},
		{"changes", "{'sinceState':'$E0'}"},
		{"query", "{'limit':0}"},
		{"queryChanges", "{'sinceQueryState':'$E0'}"},
		{"create", "{'create':{'k':{}}}"},
		{"update", "{'update':{'k':{}}}"},
		{"destroy", "{'destroy':['k']}"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].of,
		           right->deed ? right->deed : right->verb) == 0)
			return rows[i].args;
	fail_msg("no arguments for %s", right->verb);
	return NULL;
}

/* The error's description when it is "forbidden"; else "". */
static void ask(struct world *w, const struct jmap_right *right,
                unsigned permissions, struct strbuf *refusal)
{
	auto_(xfree_str) char *call = xasprintf(
		"[['%s/%s',%s,'0']]", right->type, right->verb, args_of(right));
	auto_(json_free) json_t *got = NULL;
	json_t *args;
	const char *type;

	w->caller.permissions = permissions;
	got = world_calls(w, call);
	args = json_array_get(json_array_get(got, 0), 1);
	type = json_string_value(json_object_get(args, "type"));
	if (type != NULL && strcmp(type, "forbidden") == 0)
		strbuf_puts(refusal, json_string_value(json_object_get(
					     args, "description")));
}

static void test_each_needs_its_permission(void **state)
{
	struct world *w = *state;
	struct jmap_right right;
	size_t i;

	for (i = 0; jmap_right_at(i, &right); i++) {
		auto_(strbuf_clear) struct strbuf without = {0}, with = {0};
		const char *word = jmap_permission_word(right.permission);

		print_message("  - %s/%s %s\n", right.type, right.verb,
		              right.deed ? right.deed : "");
		ask(w, &right, PERMIT_ALL & ~(unsigned)right.permission,
		    &without);
		if (strstr(strbuf_text(&without), word) == NULL)
			fail_msg("no %s in: %s", word, strbuf_text(&without));
		ask(w, &right, right.permission, &with);
		assert_string_equal(strbuf_text(&with), "");
	}
	assert_true(i > 20);
}

/* The table of the manual has these rows, in this order, and no other. */
static void test_the_manual(void **state)
{
	const char *path = "doc/tlstally-httpd.8"; /* in the build folder */
	auto_(strbuf_clear) struct strbuf want = {0}, got = {0};
	FILE *file = fopen(path, "r");
	struct jmap_right right;
	char line[256];

	(void)state;
	if (file == NULL)
		fail_msg("cannot open %s", path);
	for (size_t i = 0; jmap_right_at(i, &right); i++)
		strbuf_printf(&want, ".It %s/%s%s%s Ta Cm %s\n", right.type,
		              right.verb, right.deed ? ", " : "",
		              right.deed ? right.deed : "",
		              jmap_permission_word(right.permission));
	while (fgets(line, sizeof(line), file) != NULL)
		if (strstr(line, " Ta Cm ") != NULL)
			strbuf_puts(&got, line);
	fclose(file);
	assert_string_equal(strbuf_text(&got), strbuf_text(&want));
}

static void test_words_of_permissions(void **state)
{
	enum jmap_permission permission;
	struct err err;

	(void)state;
	for (unsigned bit = 1; bit < PERMIT_ALL; bit <<= 1) {
		const char *word =
			jmap_permission_word((enum jmap_permission)bit);

		assert_non_null(word);
		assert_true(jmap_permission_from_word(word, &permission, &err));
		assert_int_equal(permission, bit);
	}
	assert_null(jmap_permission_word(PERMIT_ALL));
	assert_false(jmap_permission_from_word("tallyread", &permission, &err));
	assert_non_null(strstr(err.text, "did you mean tallyRead?"));
	assert_false(jmap_permission_from_word("", &permission, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_each_needs_its_permission),
		cmocka_unit_test(test_the_manual),
		cmocka_unit_test(test_words_of_permissions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
