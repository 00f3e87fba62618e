#include "unit/store_test.h"

#include "base/hash.h"
#include "base/strbuf.h"
#include "store/inbound_table.h"
#include "store/keys.h"

enum { DAY = 20513 };

/* What inbound_table_each() handed over. */
struct seen {
	struct inbound only; /* look for this one */
	uint64_t of_only, messages, rows;
	uint64_t folded_rows, folded_messages;
};

static bool same(const struct inbound *a, const struct inbound *b)
{
	return strcmp(a->sender, b->sender) == 0 && a->client == b->client &&
	       a->tls == b->tls && a->certificate == b->certificate &&
	       a->bits == b->bits && strcmp(a->cipher, b->cipher) == 0 &&
	       a->other_senders == b->other_senders;
}

static void note(void *arg, const struct inbound *inbound, uint64_t messages)
{
	struct seen *seen = arg;

	seen->rows++;
	seen->messages += messages;
	if (same(inbound, &seen->only))
		seen->of_only += messages;
	if (inbound->other_senders) {
		seen->folded_rows++;
		seen->folded_messages += messages;
	}
}

static struct seen look(struct db_txn *txn, int32_t day, const char *domain,
                        const struct inbound *only)
{
	struct seen seen = {0};

	if (only != NULL)
		seen.only = *only;
	inbound_table_each(txn, day, domain, note, &seen);
	return seen;
}

static const struct inbound plain = {.sender = "a.example",
                                     .tls = INBOUND_CLEAR};

/* Each member tells an outcome from another. */
static void test_outcomes(void **state)
{
	static const struct {
		const char *name;
		struct inbound inbound;
	} rows[] = {
		{"in clear", {.sender = "a.example"}},
		{"another sender", {.sender = "b.example"}},
		{"no sender, <>", {.sender = ""}},
		{"a user", {.client = INBOUND_AUTHENTICATED}},
		{"TLS 1.3",
	         {.sender = "a.example",
	          .tls = INBOUND_TLS13,
	          .cipher = "TLS_AES_256_GCM_SHA384",
	          .bits = 256}},
		{"another cipher",
	         {.sender = "a.example",
	          .tls = INBOUND_TLS13,
	          .cipher = "TLS_AES_128_GCM_SHA256",
	          .bits = 256}},
		{"other bits",
	         {.sender = "a.example",
	          .tls = INBOUND_TLS13,
	          .cipher = "TLS_AES_256_GCM_SHA384",
	          .bits = 128}},
		{"a certificate",
	         {.sender = "a.example",
	          .tls = INBOUND_TLS13,
	          .cipher = "TLS_AES_256_GCM_SHA384",
	          .bits = 256,
	          .certificate = INBOUND_CERT_VERIFIED}},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < COUNT(rows); i++)
			inbound_table_add(txn, DAY, "ours.example",
			                  &rows[i].inbound, i + 1);
	/* neither of these is this domain's day */
	inbound_table_add(txn, DAY, "ours.example-x", &plain, 1000);
	inbound_table_add(txn, DAY + 1, "ours.example", &plain, 1000);
	commit_ok(&txn);
	txn = db_begin_read(f->db);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seen seen =
			look(txn, DAY, "ours.example", &rows[i].inbound);

		ROW(&rows[i]);
		assert_int_equal(seen.of_only, 2 * (i + 1));
		assert_int_equal(seen.rows, COUNT(rows));
		assert_int_equal(seen.messages, 2 * 36);
	}
	commit_ok(&txn);
}

static void test_domains(void **state)
{
	static const struct {
		int32_t day;
		const char *domain;
	} want[] = {
		{DAY, "a.example"},
		{DAY, "a.example-x"},
		{DAY, "b.example"},
		{DAY + 1, "a.example"},
	};
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	char domain[DOMAIN_TEXT] = "";
	int32_t day = INT32_MIN;

	assert_int_equal(inbound_table_domain_next(txn, &day, domain), 0);
	for (size_t i = COUNT(want); i-- > 0;)
		inbound_table_add(txn, want[i].day, want[i].domain, &plain, 1);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(inbound_table_domain_next(txn, &day, domain),
		                 1);
		assert_int_equal(day, want[i].day);
		assert_string_equal(domain, want[i].domain);
	}
	assert_int_equal(inbound_table_domain_next(txn, &day, domain), 0);
	commit_ok(&txn);
}

/* Strangers choose the senders: rows are bounded, sums are not lost. */
static void test_past_the_cap(void **state)
{
	enum { SENDERS = INBOUND_ROWS_MAX + 500 };
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct inbound inbound = {
		.tls = INBOUND_TLS12, .cipher = "X", .bits = 128};
	struct seen seen;

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < SENDERS; i++) {
			snprintf(inbound.sender, sizeof(inbound.sender),
			         "%d.example", i);
			inbound.tls = i % 2 ? INBOUND_TLS12 : INBOUND_CLEAR;
			inbound_table_add(txn, DAY, "ours.example", &inbound,
			                  1);
		}
	commit_ok(&txn);
	txn = db_begin_read(f->db);
	seen = look(txn, DAY, "ours.example", NULL);
	assert_int_equal(seen.messages, 2 * SENDERS);
	/* a row each for the two versions past it */
	assert_int_equal(seen.rows, INBOUND_ROWS_MAX + 2);
	assert_int_equal(seen.folded_rows, 2);
	assert_int_equal(seen.folded_messages, 2 * 500);
	seen = look(
		txn, DAY, "ours.example",
		&(struct inbound){.tls = INBOUND_CLEAR, .other_senders = true});
	assert_int_equal(seen.of_only, 500);
	/* who was there before goes on by name */
	seen = look(txn, DAY, "ours.example",
	            &(struct inbound){.sender = "7.example",
	                              .tls = INBOUND_TLS12,
	                              .cipher = "X",
	                              .bits = 128});
	assert_int_equal(seen.of_only, 2);
	commit_ok(&txn);
}

static void test_long_names(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	char longest[DOMAIN_TEXT], domain[DOMAIN_TEXT] = "";
	struct inbound inbound = {.tls = INBOUND_TLS13};
	int32_t day = INT32_MIN;

	memset(longest, 'x', DOMAIN_MAX);
	longest[DOMAIN_MAX] = '\0';
	memcpy(inbound.sender, longest, sizeof(longest));
	memset(inbound.cipher, 'c', INBOUND_CIPHER_TEXT - 1);
	inbound_table_add(txn, DAY, longest, &inbound, 7);
	commit_ok(&txn);
	txn = db_begin_read(f->db);
	assert_int_equal(inbound_table_domain_next(txn, &day, domain), 1);
	assert_string_equal(domain, longest);
	assert_int_equal(look(txn, DAY, longest, &inbound).of_only, 7);
	assert_int_equal(inbound_table_domain_next(txn, &day, domain), 0);
	commit_ok(&txn);
}

static void key_of_row(const struct db *db, const struct inbound *inbound,
                       struct db_key *key)
{
	auto_(strbuf_clear) struct strbuf blob = {0};

	/* client, version, certificate, others, bits, strings */
	strbuf_u8(&blob, (uint8_t)inbound->client);
	strbuf_u8(&blob, (uint8_t)inbound->tls);
	strbuf_u8(&blob, (uint8_t)inbound->certificate);
	strbuf_u8(&blob, 0);
	strbuf_u16(&blob, inbound->bits);
	strbuf_str(&blob, inbound->sender);
	strbuf_str(&blob, inbound->cipher);
	*key = key_of_domain(TABLE_INBOUND, DAY, "ours.example");
	key_u8(key, 2);
	key_hash(key, hash128(db_seed(db), blob.data, blob.len));
}

/* Two outcomes whose hashes meet stand beside each other. */
static void test_hashes_that_meet(void **state)
{
	/* 5 messages, an authenticated client without sender and cipher */
	static const char other[] = "\0\0\0\0\0\0\0\5"
				    "\1\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	struct seen seen;
	struct db_key key;

	key_of_row(f->db, &plain, &key);
	db_put_bytes(txn, &key, other, sizeof(other) - 1);
	for (int i = 0; i < 2; i++)
		inbound_table_add(txn, DAY, "ours.example", &plain, 1);
	seen = look(txn, DAY, "ours.example", &plain);
	assert_int_equal(seen.of_only, 2);
	assert_int_equal(seen.rows, 2);
	seen = look(txn, DAY, "ours.example",
	            &(struct inbound){.client = INBOUND_AUTHENTICATED});
	assert_int_equal(seen.of_only, 5);
	commit_ok(&txn);
}

static void test_damaged_rows(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		size_t len;
	} rows[] = {
		{"too short", "\0\0\0\7x", 5},
		{"a version of tomorrow",
	         "\0\0\0\0\0\0\0\5\0\7\0\0\0\0\0\0\0\0\0\0\0\0", 22},
		{"something behind it",
	         "\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\0x", 23},
	};
	struct fixture *f = *state;
	struct db_key key;

	key_of_row(f->db, &plain, &key);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct db_txn *txn = db_begin_write(f->db);

		ROW(&rows[i]);
		db_put_bytes(txn, &key, rows[i].value, rows[i].len);
		look(txn, DAY, "ours.example", NULL);
		assert_int_equal(db_commit(&txn, &f->err), ERR_IO);
		assert_non_null(strstr(f->err.text, "table inbound"));
	}
}

static void test_purged(void **state)
{
	struct fixture *f = *state;
	struct db_txn *txn = db_begin_write(f->db);
	uint64_t rows = 0;

	for (int i = 0; i < 3; i++)
		inbound_table_add(txn, DAY + i, "ours.example", &plain, 1);
	assert_int_equal(inbound_table_purge(txn, 0, &rows), 0);
	assert_int_equal(rows, 0);
	assert_int_equal(inbound_table_purge(txn, DAY + 1, &rows), 0);
	assert_int_equal(rows, 2);
	assert_int_equal(look(txn, DAY, "ours.example", NULL).rows, 0);
	assert_int_equal(look(txn, DAY + 1, "ours.example", NULL).rows, 1);
	commit_ok(&txn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_outcomes),
		STORE_TEST(test_domains),
		STORE_TEST(test_past_the_cap),
		STORE_TEST(test_long_names),
		STORE_TEST(test_hashes_that_meet),
		STORE_TEST(test_damaged_rows),
		STORE_TEST(test_purged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
