#include "intake/milter_session.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct milter_session *milter_session_new(const struct milter_site *site,
                                          unsigned long steps)
{
	struct milter_session *session = xcalloc(1, sizeof(*session));

	session->steps = steps;
	milter_message_init(&session->message, site);
	return session;
}

void milter_session_free(struct milter_session **session)
{
	if (*session == NULL)
		return;
	milter_message_clear(&(*session)->message);
	free(*session);
	*session = NULL;
}
