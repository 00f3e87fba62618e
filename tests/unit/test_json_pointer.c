#include "unit/test.h"

#include "api/json_pointer.h"
#include "base/auto.h"
#include "base/json.h"

/* Rows are written with ' for ". */
static json_t *parse(const char *text)
{
	auto_(strbuf_clear) struct strbuf quoted = {0};
	struct err err;
	json_t *json;

	for (; *text != '\0'; text++)
		strbuf_putc(&quoted, *text == '\'' ? '"' : *text);
	json = json_read(quoted.data, quoted.len, true, &err);
	if (json == NULL)
		fail_msg("%s: %s", quoted.data, err.text);
	return json;
}

static void check_json(json_t *got, const char *want_text)
{
	auto_(json_free) json_t *want = parse(want_text);
	auto_(strbuf_clear) struct strbuf text = {0};

	json_write(got, &text);
	if (!json_equal(got, want))
		fail_msg("got %s, want %s", text.data, want_text);
}

#define TREE                                                                   \
	"{'a':{'b':[1,[2,3],{'c':null}]},'':7,'x/y':8,'m~n':9,'0':5,"          \
	"'list':[{'ids':['p','q']},{'ids':['r']},{'ids':[]}],"                 \
	"'same':[{'id':'k'},{'id':'l'}],'none':[]}"

static void test_get(void **state)
{
	static const struct {
		const char *name, *pointer, *want, *words;
	} rows[] = {
		{"the whole", "", TREE, NULL},
		{"a member's member", "/a/b/0", "1", NULL},
		{"an array in an array", "/a/b/1", "[2,3]", NULL},
		{"null is something", "/a/b/2/c", "null", NULL},
		{"the empty name", "/", "7", NULL},
		{"~1 is /", "/x~1y", "8", NULL},
		{"~0 is ~", "/m~0n", "9", NULL},
		{"a number may be a name", "/0", "5", NULL},
		{"each item's member", "/same/*/id", "['k','l']", NULL},
		{"arrays become one", "/list/*/ids", "['p','q','r']", NULL},
		{"each item", "/a/b/1/*", "[2,3]", NULL},
		{"each of none", "/none/*/id", "[]", NULL},
		{"each of each", "/list/*/ids/*", "['p','q','r']", NULL},
		{"no slash at first", "a", NULL, "begin with /"},
		{"~2 is nothing", "/m~2n", NULL, "~ is not followed"},
		{"~ at the end", "/m~", NULL, "~ is not followed"},
		{"no such member", "/nix", NULL, "nothing at 'nix'"},
		{"past the end", "/a/b/3", NULL, "nothing at '3'"},
		{"a leading zero", "/a/b/00", NULL, "nothing at '00'"},
		{"no number", "/a/b/-", NULL, "nothing at '-'"},
		{"too large a number", "/a/b/99999999999999999999", NULL,
	         "nothing at"},
		{"into a number", "/0/x", NULL, "nothing at 'x'"},
		{"* of an object", "/a/*", NULL, "nothing at '*'"},
		{"an item without the member", "/a/b/*/c", NULL,
	         "nothing at 'c'"},
	};
	auto_(json_free) json_t *tree = parse(TREE);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *got = NULL;
		struct err err = {0};

		ROW(&rows[i]);
		got = json_pointer_get(tree, rows[i].pointer, &err);
		if (rows[i].want != NULL)
			check_json(got, rows[i].want);
		else
			assert_null(got);
		if (rows[i].words != NULL)
			assert_non_null(strstr(err.text, rows[i].words));
	}
}

#define OBJECT                                                                 \
	"{'s':'x','o':{'p':1,'q':null},'mail':['a@b','c@d'],'ids':[7,9],"      \
	"'big':[17,'18446744073709551615',5],"                                 \
	"'no':[],'items':[{'k':1}],'x/y':1}"

static void test_patch(void **state)
{
	static const struct {
		const char *name, *patch, *at, *want, *words;
	} rows[] = {
		{"nothing", "{}", "", OBJECT, NULL},
		{"a member", "{'s':'y'}", "/s", "'y'", NULL},
		{"a new member", "{'n':[1]}", "/n", "[1]", NULL},
		{"a member's member", "{'o/p':{'z':1}}", "/o/p", "{'z':1}",
	         NULL},
		{"a new one there", "{'o/r':2}", "/o", "{'p':1,'q':null,'r':2}",
	         NULL},
		{"null takes away", "{'o/p':null}", "/o", "{'q':null}", NULL},
		{"null where nothing is", "{'o/z':null}", "/o",
	         "{'p':1,'q':null}", NULL},
		{"~1 is /", "{'x~1y':5}", "/x~1y", "5", NULL},
		{"a whole list", "{'mail':['z']}", "/mail", "['z']", NULL},
		{"an item more", "{'mail/e@f':true}", "/mail",
	         "['a@b','c@d','e@f']", NULL},
		{"an item that is there", "{'mail/a@b':true}", "/mail",
	         "['a@b','c@d']", NULL},
		{"an item less", "{'mail/a@b':null}", "/mail", "['c@d']", NULL},
		{"an item less that is not there", "{'mail/z':null}", "/mail",
	         "['a@b','c@d']", NULL},
		{"one less, one more", "{'mail/a@b':null,'mail/e@f':true}",
	         "/mail", "['c@d','e@f']", NULL},
		{"a URI as item", "{'mail/https:~1~1h~1p':true}", "/mail",
	         "['a@b','c@d','https://h/p']", NULL},
		{"a number more", "{'ids/11':true}", "/ids", "[7,9,11]", NULL},
		{"a number less", "{'ids/7':null}", "/ids", "[9]", NULL},
		{"into an empty list", "{'no/a':true,'no/b':true}", "/no",
	         "{'a':true,'b':true}", NULL},
		{"out of an empty list", "{'no/a':null}", "/no", "[]", NULL},
		{"an item set to false is one less", "{'mail/a@b':false}",
	         "/mail", "['c@d']", NULL},
		{"false where it is not", "{'mail/z':false}", "/mail",
	         "['a@b','c@d']", NULL},
		{"false out of an empty list", "{'no/a':false}", "/no", "[]",
	         NULL},
		{"a number set to false", "{'ids/9':false}", "/ids", "[7]",
	         NULL},
		{"great numbers are text",
	         "{'big/18446744073709551615':false,"
	         "'big/17':false,'big/9007199254740993':true}",
	         "/big", "[5,'9007199254740993']", NULL},
		{"a great number that is there",
	         "{'big/18446744073709551615':true}", "/big",
	         "[17,'18446744073709551615',5]", NULL},
		{"an item set to a text", "{'mail/0':'z'}", NULL, NULL,
	         "points into an array"},
		{"an item of objects", "{'items/0':true}", NULL, NULL,
	         "points into an array"},
		{"an item of objects taken away", "{'items/0':null}", NULL,
	         NULL, "points into an array"},
		{"an item's member", "{'items/0/k':2}", NULL, NULL,
	         "points into an array"},
		{"through what is not there", "{'nix/a':1}", NULL, NULL,
	         "'nix', which does not exist"},
		{"through a text", "{'s/a':1}", NULL, NULL, "not an object"},
		{"through null", "{'o/q/a':1}", NULL, NULL, "not an object"},
		{"~ alone", "{'m~':1}", NULL, NULL, "~ is not followed"},
		{"~ alone further on", "{'o/~x':1}", NULL, NULL,
	         "~ is not followed"},
		{"one the beginning of another", "{'o':{},'o/p':2}", NULL, NULL,
	         "'o' is a prefix of 'o/p'"},
		{"the other way round", "{'o/p':2,'o':{}}", NULL, NULL,
	         "is a prefix of"},
		{"among others that sort between",
	         "{'o':{},'o-x':1,'o!':2,'o/p':2}", NULL, NULL,
	         "is a prefix of"},
		{"alike, but no beginning", "{'s':1,'s2':2,'s-':3}", "/s2", "2",
	         NULL},
		{"a slash at first: the empty name", "{'/s':1}", NULL, NULL,
	         "'', which does not exist"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *object = parse(OBJECT);
		auto_(json_free) json_t *patch = parse(rows[i].patch);
		auto_(json_free) json_t *got = NULL;
		struct err err = {0};
		int rc;

		ROW(&rows[i]);
		rc = json_pointer_patch(object, patch, &err);
		if (rows[i].words != NULL) {
			assert_int_equal(rc, ERR_PARSE);
			if (strstr(err.text, rows[i].words) == NULL)
				fail_msg("got: %s", err.text);
			continue;
		}
		if (rc != 0)
			fail_msg("%s", err.text);
		got = json_pointer_get(object, rows[i].at, &err);
		assert_non_null(got);
		check_json(got, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_patch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
