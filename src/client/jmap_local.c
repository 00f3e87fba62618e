#include "client/jmap_local.h"

#include <stdlib.h>

#include "api/jmap_request.h"
#include "base/xalloc.h"

struct local {
	struct jmap_client client;
	struct jmap jmap;
};

static int answer(struct jmap_client *client, const struct strbuf *body,
                  bool changes, struct strbuf *out, struct err *err)
{
	/* as a server answers at its session's apiUrl */
	const struct jmap_caller caller = {"command line", PERMIT_ALL,
	                                   DIALECT_STALWART};
	struct local *self = (struct local *)client;
	struct jmap_problem problem = {0};

	(void)changes;
	jmap_answer(&self->jmap, &caller, body->data, body->len, out, &problem);
	return problem.status == 0
	               ? 0
	               : err_set(err, ERR_PARSE, "%s", problem.detail);
}

static void free_local(struct jmap_client **client)
{
	free(*client);
	*client = NULL;
}

struct jmap_client *jmap_local_new(const struct jmap *jmap)
{
	struct local *self = xcalloc(1, sizeof(*self));

	self->client = (struct jmap_client){
		.answer = answer,
		.free = free_local,
		.capabilities = CAPABILITY_CORE | CAPABILITY_STALWART |
	                        CAPABILITY_TLSTALLY,
		.max_get = JMAP_MAX_GET,
		.max_set = JMAP_MAX_SET,
	};
	self->jmap = *jmap;
	return &self->client;
}
