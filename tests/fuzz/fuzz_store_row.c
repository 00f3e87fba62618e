/* Any bytes as a row of any table: table u8, length of the key u8, key, value.
 * The module that owns the table reads it, or says that it is damaged. */
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "check.h"
#include "store/db.h"
#include "store/keys.h"
#include "store/row_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its files are gone as soon as it is open. */
static struct db *store(void)
{
	static const char *const names[] = {"data.mdb", "lock.mdb",
	                                    "store.lock"};
	static struct db *db;
	char directory[] = "/tmp/tlstally-fuzz.XXXXXX";
	struct db_options options = {.directory = directory,
	                             .map_size = 64 * 1024 * 1024,
	                             .create = true};
	struct err err;

	if (db != NULL)
		return db;
	check(mkdtemp(directory) != NULL);
	check(db_open(&db, &options, &err) == 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		auto_(xfree_str) char *path =
			xasprintf("%s/%s", directory, names[i]);

		unlink(path);
	}
	rmdir(directory);
	return db;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	struct db_key key = {.len = 0};
	struct db_row row;
	struct err err = {0};

	if (size < 3 || data[0] >= DB_TABLES || data[1] == 0 ||
	    size < (size_t)data[1] + 2)
		return 0;
	key.table = data[0];
	key_bytes(&key, data + 2, data[1]);
	row = (struct db_row){
		.table = data[0],
		.key = {data + 2, data[1]},
		.value = {data + 2 + data[1], size - data[1] - 2},
	};
	txn = db_begin_write(store());
	db_put_bytes(txn, &key, row.value.data, row.value.len);
	row_check(txn, &row);
	if (db_failure(txn, &err) < 0)
		check_words(err.text);
	return 0;
}
