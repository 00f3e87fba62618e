#include "unit/store_test.h"

#include <arpa/inet.h>
#include <fcntl.h>

#include "base/gzip.h"
#include "store/derived.h"
#include "store/feed_table.h"
#include "store/log_pending_table.h"
#include "store/meta_table.h"
#include "store/policy_wanted_table.h"
#include "store/schema.h"
#include "store/tally_table.h"

static void read_file(const char *path, struct strbuf *out)
{
	int fd = open(path, O_RDONLY);
	char bytes[4096];
	ssize_t got;

	assert_true(fd >= 0);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		strbuf_add(out, bytes, (size_t)got);
	assert_int_equal(got, 0);
	close(fd);
}

static void write_file(const char *path, const struct strbuf *data)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data->data, data->len), data->len);
	close(fd);
}

/* tests/data/store-schema-1.mdb.gz: what `tlstally backup` wrote before the
 * mail log could be read; one domain of one day, and a feed. */
static void test_a_store_of_schema_1(void **state)
{
	auto_(strbuf_clear) struct strbuf gz = {0};
	auto_(strbuf_clear) struct strbuf mdb = {0};
	struct fixture *f = *state;
	struct db_options options = fixture_options(f);
	auto_(xfree_str) char *copy = xasprintf("%s/copy", f->directory);
	auto_(xfree_str) char *path = NULL;
	struct feed feed = {.name = "events"};
	struct tally_head head;
	struct db_txn *txn;

	/* an LMDB file is of the kind of machine that wrote it */
	if (sizeof(size_t) != 8 || htonl(1) == 1)
		skip();
	read_file(TEST_DATA "/store-schema-1.mdb.gz", &gz);
	assert_int_equal(gzip_unpack(gz.data, gz.len, 1 << 20, &mdb, &f->err),
	                 0);
	db_close(&f->db);
	path = xasprintf("%s/data.mdb", f->directory);
	unlink(path);
	write_file(path, &mdb);
	for (int i = 0; i < 2; i++) {
		int rc;

		options.read_only = i == 0;
		options.create = i != 0;
		rc = db_open(&f->db, &options, &f->err);

		if (rc != (i == 0 ? ERR_BUSY : 0))
			fail_msg("%d: %s", rc, f->err.text);
	}
	txn = db_begin_write(f->db);
	assert_int_equal(meta_get(txn, META_SCHEMA), schema_plan.version);
	assert_int_equal(tally_head_get(txn, 20513, "example.com", &head), 1);
	assert_int_equal(head.success, 3);
	derived_check_day(txn, 20513);
	assert_false(db_failed(txn));
	assert_int_equal(feed_table_get(txn, "events", &feed), 1);
	assert_int_equal(feed.events, 4);
	/* what it did not have */
	log_pending_add(txn, 20513, "example.com", "s", 1, 1);
	policy_wanted_put(txn, "example.com", 1, 0);
	commit_ok(&txn);
	db_close(&f->db);
	/* a backup from then is restored, too */
	write_file(copy, &mdb);
	assert_int_equal(restore_from(&options, copy, &f->err), 0);
	fixture_open(f);
	txn = db_begin_read(f->db);
	assert_int_equal(tally_head_get(txn, 20513, "example.com", &head), 1);
	assert_false(log_pending_has(txn, 20513, NULL));
	commit_ok(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_a_store_of_schema_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
