#include "policy/crew.h"

#include <errno.h>
#include <stdlib.h>

#include "base/wait.h"
#include "base/xalloc.h"

struct crew_kit_options crew_kit_options_of(const struct conf *conf)
{
	return (struct crew_kit_options){
		.resolver = {.address = conf->policy.resolver,
	                     .trust_ad = conf->policy.trust_ad,
	                     .timeout_ms = conf->policy.timeout_ms},
		.fetch = {.ca_file = conf->policy.sts_ca_file,
	                  .allow_private = conf->policy.allow_private},
	};
}

int crew_kit_open(struct crew_kit *kit, const struct crew_kit_options *options,
                  const atomic_bool *stop, struct err *err)
{
	struct sts_fetch_options fetch = options->fetch;

	if (kit->fetcher != NULL)
		return 0;
	if (options->open != NULL)
		return options->open(options->arg, &kit->resolver,
		                     &kit->fetcher, err);
	if (kit->resolver == NULL &&
	    resolver_ldns_open(&options->resolver, &kit->resolver, err) < 0)
		return err->class;
	fetch.resolver = kit->resolver;
	fetch.stop = stop;
	return sts_fetch_open(&fetch, &kit->fetcher, err);
}

void crew_kit_close(struct crew_kit *kit)
{
	if (kit->fetcher != NULL)
		kit->fetcher->free(&kit->fetcher);
	if (kit->resolver != NULL)
		kit->resolver->free(&kit->resolver);
}

static void *member_thread(void *arg)
{
	struct crew_member *member = arg;
	struct crew *crew = member->crew;

	while (!atomic_load(&crew->stop))
		crew->work(crew->arg, member);
	return NULL;
}

void crew_init(struct crew *crew, const struct crew_kit_options *options,
               unsigned count, void (*work)(void *, struct crew_member *),
               void *arg)
{
	crew->options = *options;
	crew->work = work;
	crew->arg = arg;
	crew->members = xcalloc(count, sizeof(*crew->members));
	crew->count = count;
	for (unsigned i = 0; i < count; i++)
		crew->members[i].crew = crew;
	pthread_mutex_init(&crew->lock, NULL);
	wait_cond_init(&crew->wake);
}

int crew_start(struct crew *crew, struct err *err)
{
	for (unsigned i = 0; i < crew->count; i++) {
		struct crew_member *member = &crew->members[i];

		if (member->started)
			continue;
		errno = pthread_create(&member->thread, NULL, member_thread,
		                       member);
		if (errno != 0)
			return err_errno(err, ERR_BUSY,
			                 "cannot start a thread for lookups");
		member->started = true;
	}
	return 0;
}

void crew_clear(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	atomic_store(&crew->stop, true);
	pthread_cond_broadcast(&crew->wake);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned i = 0; i < crew->count; i++)
		if (crew->members[i].started)
			pthread_join(crew->members[i].thread, NULL);
	for (unsigned i = 0; i < crew->count; i++) {
		crew_kit_close(&crew->members[i].kit);
		arena_clear(&crew->members[i].arena);
	}
	pthread_cond_destroy(&crew->wake);
	pthread_mutex_destroy(&crew->lock);
	free(crew->members);
}
