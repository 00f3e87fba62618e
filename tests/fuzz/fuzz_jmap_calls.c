/*
 * Calls against a store with three reports: filters, sorts, windows, patches,
 * references.  The input is the array of calls; what comes back is JSON with
 * an answer to each call or a problem in words.
 */
#include <ftw.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "jmap/jmap.h"
#include "check.h"
#include "store/outbox_table.h"

enum { NOW = 1772409600 };

static char directory[] = "/tmp/fuzz_jmap_calls.XXXXXX";
static struct conf conf;
static struct clock fixed;
static struct db *db;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int remove_entry(const char *path, const struct stat *st, int flag,
                        struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_store(void)
{
	db_close(&db);
	conf_clear(&conf);
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_store(void)
{
	struct db_options options = {
		.directory = directory, .map_size = 64u << 20, .create = true};
	struct outbox_new new = {.head = {.report_id = "x@s.example"}};
	struct err err = {0};
	struct db_txn *txn;

	check(mkdtemp(directory) != NULL);
	check(db_open(&db, &options, &err) == 0);
	atexit(remove_store);
	conf_init(&conf);
	fixed = clock_fixed(NOW);
	txn = db_begin_write(db);
	for (int i = 0; i < 3; i++) {
		snprintf(new.head.domain, sizeof(new.head.domain), "%c.example",
		         'a' + i);
		outbox_add(txn, &new, (int64_t)(NOW - i) * 1000);
	}
	check(db_commit(&txn, &err) == 0);
}

/* Each call has one answer at least, by its name or as an error. */
static void check_response(const struct strbuf *out)
{
	auto_(json_free) json_t *json = NULL;
	json_t *answers, *answer;
	size_t i;

	/* a call's id comes back as it is, with a NUL in it, too */
	json = json_loadb(out->data, out->len, JSON_ALLOW_NUL, NULL);
	check(json != NULL);
	answers = json_object_get(json, "methodResponses");
	check(json_is_array(answers));
	json_array_foreach (answers, i, answer) {
		check(json_array_size(answer) == 3 &&
		      json_is_string(json_array_get(answer, 0)) &&
		      json_is_object(json_array_get(answer, 1)) &&
		      json_is_string(json_array_get(answer, 2)));
	}
}

static void check_calls(const uint8_t *data, size_t size,
                        enum jmap_dialect dialect)
{
	static const char before[] =
		"{\"using\":[\"urn:ietf:params:jmap:core\","
		"\"urn:stalwart:jmap\",\"urn:tlstally:jmap\"],"
		"\"methodCalls\":";
	const struct jmap_caller caller = {"fuzz", PERMIT_ALL, dialect};
	auto_(strbuf_clear) struct strbuf body = {0}, out = {0};
	struct jmap_problem problem = {0};
	struct jmap jmap = {.conf = &conf, .clock = &fixed};

	if (db == NULL)
		make_store();
	jmap.db = db;
	strbuf_puts(&body, before);
	strbuf_add(&body, data, size);
	strbuf_puts(&body, "}");
	jmap_answer(&jmap, &caller, body.data, body.len, &out, &problem);
	if (problem.status != 0)
		check(problem.detail[0] != '\0' && out.len == 0);
	else
		check_response(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_calls(data, size, DIALECT_REFERENCE);
	check_calls(data, size, DIALECT_STALWART);
	return 0;
}
