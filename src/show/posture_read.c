/* The facts of a posture, from the store: some short ranges a day, and no
 * report. */
#include "base/auto.h"
#include "show/posture.h"
#include "store/inbound_table.h"
#include "store/own_host_table.h"

/* At work on one day. */
struct work {
	struct posture *posture;
	int32_t day;
	const char *host; /* NULL: the domain itself */
};

static void add_sums(void *arg, const struct received_sum_row *row)
{
	const struct work *work = arg;

	posture_add_sums(work->posture, row, work->host);
}

static void add_inbound(void *arg, const struct inbound *inbound,
                        uint64_t messages)
{
	const struct work *work = arg;

	posture_add_inbound(work->posture, work->day, inbound, messages);
}

static int read_hosts(struct db *db, struct posture *posture,
                      const char *domain, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct own_host host = {.host = ""};

	while (own_host_next(txn, domain, &host))
		posture_add_host(posture, host.host, host.seen);
	return db_failure(txn, err);
}

static int read_day(struct db *db, struct work *work, const char *domain,
                    struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(db);
	struct own_host host = {.host = ""};

	work->host = NULL;
	received_sums_of(txn, work->day, domain, add_sums, work);
	inbound_table_each(txn, work->day, domain, add_inbound, work);
	while (own_host_next(txn, domain, &host)) {
		work->host = host.host;
		received_sums_of(txn, work->day, host.host, add_sums, work);
	}
	return db_failure(txn, err);
}

int posture_read(struct db *db, struct posture *posture, const char *domain,
                 int32_t first, int32_t last, struct err *err)
{
	struct work work = {.posture = posture, .day = first};
	int rc = read_hosts(db, posture, domain, err);

	for (; rc == 0 && work.day <= last; work.day++)
		rc = read_day(db, &work, domain, err);
	return rc;
}
