/*
 * policy_source - where views of domains come from: the lookup service
 * (policy/service.h), or what stands for it in a test
 */
#ifndef TLSTALLY_POLICYD_POLICY_SOURCE_H
#define TLSTALLY_POLICYD_POLICY_SOURCE_H

#include "policy/service.h"

struct policy_source {
	void *self;
	/* As policy_service_cached() and policy_service_ask(). */
	int (*cached)(void *self, const char *domain, struct arena *arena,
	              struct domain_view *view, struct err *err);
	int (*ask)(void *self, const struct policy_ask *ask, struct err *err);
};

struct policy_source policy_source_of(struct policy_service *service);

#endif
