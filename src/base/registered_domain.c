#include "base/registered_domain.h"

#include <pthread.h>
#include <stddef.h>

#include <libpsl.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const psl_ctx_t *list; /* NULL: there is none anywhere */

/* Kept until the process ends. */
static void load(void)
{
	list = psl_latest(NULL);
	if (list == NULL)
		list = psl_builtin();
}

const char *registered_domain(const char *canonical)
{
	const char *found = NULL;

	pthread_once(&once, load);
	if (list != NULL)
		found = psl_registrable_domain(list, canonical);
	return found != NULL ? found : canonical;
}
