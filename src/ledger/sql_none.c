/* Where libpq was not there when tlstally was built. */
#include "ledger/sql.h"

int sql_open(const char *url, struct sql **sql, struct err *err)
{
	(void)url;
	*sql = NULL;
	return err_set(
		err, ERR_IO,
		"this tlstally was built without libpq, so it cannot use "
		"[fleet] ledger");
}
