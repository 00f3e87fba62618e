/* cli/listing and cli/objects: lists of a server that has more than a part of
 * them, or than it gives at once. */
#include <stdlib.h>

#include "unit/test.h"

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/listing.h"
#include "cli/objects.h"
#include "client/jmap_client.h"
#include "jmap/jmap_types.h"
#include "show/doc.h"

enum { AT_ONCE_MAX = 50000 };

/* Its objects are numbered; the id of the n-th one is "dn". */
static struct server {
	struct jmap_client client;
	int64_t count;
	int64_t gives;  /* ids of one response; 0: what is asked for */
	int64_t forgot; /* this id is gone, after it was told */
	bool repeats;   /* it gives its first ids, whatever is asked */
	size_t most;    /* ids that one response had */
	size_t queries, anchors;
} server;

static json_t *object(int64_t n)
{
	char id[32], name[32];

	snprintf(id, sizeof(id), "d%lld", (long long)n);
	/* one is longer than those of the first part */
	snprintf(name, sizeof(name), n == 3000 ? "much-longer-%lld" : "n%lld",
	         (long long)n);
	return json_pack("{s:s,s:s,s:I}", "id", id, "domain", name,
	                 "totalFailedSessions", (json_int_t)n);
}

static int64_t number(const json_t *args, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(args, name);

	return value ? json_integer_value(value) : otherwise;
}

static json_t *answer_query(const json_t *args)
{
	const char *anchor = json_string_value(json_object_get(args, "anchor"));
	int64_t from = number(args, "position", 0), n;
	int64_t limit = number(args, "limit", server.count);
	json_t *ids = json_array(), *response;
	bool limits = server.gives > 0 && limit > server.gives;

	server.queries++;
	if (anchor != NULL) {
		server.anchors++;
		from = strtoll(anchor + 1, NULL, 10);
		if (server.forgot == from) {
			json_decref(ids);
			return json_pack("[s,{s:s},s]", "error", "type",
			                 "anchorNotFound", "0");
		}
		from += number(args, "anchorOffset", 0);
	}
	from = server.repeats ? 0 : from;
	limit = limits ? server.gives : limit;
	for (n = from; n < server.count && n - from < limit; n++) {
		char id[32];

		snprintf(id, sizeof(id), "d%lld", (long long)n);
		json_array_append_new(ids, json_string(id));
	}
	if (json_array_size(ids) > server.most)
		server.most = json_array_size(ids);
	response = json_pack("{s:o,s:I}", "ids", ids, "position",
	                     (json_int_t)from);
	if (json_is_true(json_object_get(args, "calculateTotal")))
		json_object_set_new(response, "total",
		                    json_integer(server.count));
	if (limits)
		json_object_set_new(response, "limit",
		                    json_integer(server.gives));
	return json_pack("[s,o,s]", "tally:Domain/query", response, "0");
}

static json_t *answer_get(const json_t *args)
{
	json_t *list = json_array(), *id;
	size_t i;

	json_array_foreach (json_object_get(args, "ids"), i, id)
		json_array_append_new(
			list,
			object(strtoll(json_string_value(id) + 1, NULL, 10)));
	return json_pack("[s,{s:o,s:[]},s]", "tally:Domain/get", "list", list,
	                 "notFound", "0");
}

static int answer(struct jmap_client *client, const struct strbuf *body,
                  bool changes, struct strbuf *out, struct err *err)
{
	auto_(json_free) json_t *request =
		json_read(body->data, body->len, false, err);
	auto_(json_free) json_t *response = NULL;
	const json_t *call =
		json_array_get(json_object_get(request, "methodCalls"), 0);
	const char *method = json_string_value(json_array_get(call, 0));
	const json_t *args = json_array_get(call, 1);

	(void)client;
	assert_false(changes);
	response = json_pack("{s:[o]}", "methodResponses",
	                     strstr(method, "/query") ? answer_query(args)
	                                              : answer_get(args));
	json_write(response, out);
	return 0;
}

static struct cli serve(int64_t count)
{
	server = (struct server){
		.client = {.answer = answer,
	                   .capabilities = CAPABILITY_TLSTALLY,
	                   .max_get = 500},
		.count = count,
		.forgot = -1,
	};
	return (struct cli){.args = {.json = true}, .answers = &server.client};
}

static int query(struct cli *cli, const char *fields, int64_t position,
                 int64_t limit, struct err *err)
{
	auto_(object_order_clear) struct object_order order = {
		.verb = OBJECT_QUERY,
		.type = &type_domain,
		.fields = object_order_names(fields),
		.position = position,
		.limit = limit,
	};
	struct objects_job job = {.cli = cli, .order = &order};

	return objects_query(&job, err);
}

/* What is printed is the document of all of them. */
static void check_json(const struct cli *cli, int64_t from, int64_t to,
                       bool ids_alone)
{
	auto_(strbuf_clear) struct strbuf want = {0};
	auto_(json_free) json_t *all = json_array();

	for (int64_t n = from; n < to; n++) {
		json_t *one = object(n);

		if (ids_alone) {
			json_object_del(one, "domain");
			json_object_del(one, "totalFailedSessions");
		}
		json_array_append_new(all, one);
	}
	doc_print(all, &want);
	assert_string_equal(strbuf_text(&cli->out), strbuf_text(&want));
}

static void test_pages(void **state)
{
	static const struct {
		const char *name;
		int64_t count, gives, position, limit, forgot;
		int64_t from, to;
		size_t queries;
		bool others; /* somebody else's server */
	} rows[] = {
		{"none", 0, 0, 0, -1, -1, 0, 0, 1, false},
		{"one page", 3, 0, 0, -1, -1, 0, 3, 1, false},
		{"some", 120001, 0, 0, -1, -1, 0, 120001, 3, false},
		{"a page to its last", 100000, 0, 0, -1, -1, 0, 100000, 3,
	         false},
		{"a part of them", 120001, 0, 10, 60000, -1, 10, 60010, 2,
	         false},
		{"no more than are asked for", 120001, 0, 0, 50000, -1, 0,
	         50000, 1, false},
		{"nothing is asked for", 9, 0, 0, 0, -1, 0, 0, 0, false},
		{"a server that gives few", 2500, 1000, 0, -1, -1, 0, 2500, 3,
	         false},
		{"an anchor that is purged", 120001, 0, 0, -1, 49999, 0, 120001,
	         4, false},
		{"another server", 2500, 1000, 7, -1, -1, 7, 2500, 3, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cli cli = serve(rows[i].count);
		struct err err = {0};

		print_message("%s\n", rows[i].name);
		server.gives = rows[i].gives;
		server.forgot = rows[i].forgot;
		if (rows[i].others)
			server.client.capabilities = 0;
		assert_int_equal(query(&cli, "id", rows[i].position,
		                       rows[i].limit, &err),
		                 0);
		check_json(&cli, rows[i].from, rows[i].to, true);
		assert_int_equal(server.queries, rows[i].queries);
		assert_true(server.most <= AT_ONCE_MAX);
		assert_int_equal(server.anchors > 0,
		                 rows[i].queries > 1 && !rows[i].others);
		strbuf_clear(&cli.out);
	}
}

static void test_parts(void **state)
{
	static const int64_t counts[] = {0, 1, 1999, 2000, 2001, 4001};

	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct cli cli = serve(counts[i]);
		struct err err = {0};

		assert_int_equal(query(&cli, "id,domain,totalFailedSessions", 0,
		                       -1, &err),
		                 0);
		check_json(&cli, 0, counts[i], false);
		strbuf_clear(&cli.out);
	}
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* One table, and one line of titles; a column gets wider where it must. */
static void test_table(void **state)
{
	struct cli cli = serve(4001);
	struct err err = {0};
	const char *text;

	(void)state;
	cli.args.json = false;
	assert_int_equal(query(&cli, "domain,totalFailedSessions", 0, -1, &err),
	                 0);
	text = strbuf_text(&cli.out);
	assert_int_equal(count_of(text, "\n"), 4002);
	assert_int_equal(count_of(text, "domain"), 1);
	assert_non_null(strstr(text, "\nn0                        0\n"));
	assert_non_null(
		strstr(text, "\nmuch-longer-3000                 3000\n"));
	assert_non_null(
		strstr(text, "\nn4000                            4000\n"));
	strbuf_clear(&cli.out);
}

static void test_csv(void **state)
{
	struct cli cli = serve(2001);
	struct err err = {0};

	(void)state;
	cli.args.json = false;
	cli.args.csv = true;
	assert_int_equal(query(&cli, "domain,totalFailedSessions", 0, -1, &err),
	                 0);
	assert_int_equal(count_of(strbuf_text(&cli.out), "\r\n"), 2002);
	assert_int_equal(count_of(strbuf_text(&cli.out), "domain,"), 1);
	strbuf_clear(&cli.out);
}

/* It would be printed for ever. */
static void test_circles(void **state)
{
	struct cli cli = serve(10);
	struct err err = {0};

	(void)state;
	server.repeats = true;
	server.gives = 5;
	assert_int_equal(query(&cli, "id", 0, -1, &err), ERR_PARSE);
	assert_string_equal(err.text,
	                    "the responses to /query go round in circles");
	/* what came before stands, and is a document */
	check_json(&cli, 0, 5, true);
	strbuf_clear(&cli.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),   cmocka_unit_test(test_parts),
		cmocka_unit_test(test_table),   cmocka_unit_test(test_csv),
		cmocka_unit_test(test_circles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
