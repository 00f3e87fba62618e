#include "policyd/policy_source.h"

static int cached(void *self, const char *domain, struct arena *arena,
                  struct domain_view *view, struct err *err)
{
	return policy_service_cached(self, domain, arena, view, err);
}

static int ask(void *self, const struct policy_ask *question, struct err *err)
{
	return policy_service_ask(self, question, err);
}

struct policy_source policy_source_of(struct policy_service *service)
{
	return (struct policy_source){service, cached, ask};
}
