#include "store/paged.h"

enum { PAGE_ROWS = 5000 };

struct db_txn *paged_txn(struct paged *paged)
{
	if (paged->txn != NULL && ++paged->rows >= PAGE_ROWS &&
	    !db_failed(paged->txn))
		db_abort(&paged->txn);
	if (paged->txn == NULL) {
		paged->txn = db_begin_read(paged->db);
		paged->rows = 0;
	}
	return paged->txn;
}

int paged_end(struct paged *paged, struct err *err)
{
	int rc = paged->txn ? db_failure(paged->txn, err) : 0;

	db_abort(&paged->txn);
	return rc;
}
