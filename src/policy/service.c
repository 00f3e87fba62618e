#include "policy/service.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "policy/crew.h"
#include "policy/discover.h"
#include "store/policy_cache_table.h"

struct asked {
	struct policy_ask ask;
	struct asked *next;
	char domain[WANTED_DOMAIN_TEXT];
};

struct queue {
	struct asked *first, **last;
};

struct policy_service {
	struct policy_service_options options;
	struct crew crew;
	struct sts_reach reach;
	/* under the crew's lock */
	struct queue queues[2]; /* those that somebody waits for come first */
	size_t waiting;
};

static struct asked *next_asked(struct policy_service *service)
{
	for (size_t i = 0; i < 2; i++) {
		struct queue *queue = &service->queues[i];
		struct asked *asked = queue->first;

		if (asked == NULL)
			continue;
		queue->first = asked->next;
		if (queue->first == NULL)
			queue->last = &queue->first;
		service->waiting--;
		return asked;
	}
	return NULL;
}

int policy_service_cached(struct policy_service *service, const char *domain,
                          struct arena *arena, struct domain_view *view,
                          struct err *err)
{
	auto_(db_abort) struct db_txn *txn = NULL;
	int found;

	if (service->options.db == NULL)
		return 0;
	txn = db_begin_read(service->options.db);
	found = policy_cache_get(txn, domain, arena, view);
	return db_failure(txn, err) < 0 ? err->class : found;
}

static void keep(struct policy_service *service, const struct domain_view *view)
{
	auto_(db_abort) struct db_txn *txn = NULL;

	if (service->options.db == NULL)
		return;
	txn = db_begin_write(service->options.db);
	policy_cache_put(txn, view);
	db_commit(&txn, NULL);
}

static void look_up(struct policy_service *service, struct crew_member *member,
                    const struct asked *asked)
{
	struct discover_options options = {
		.resolver = member->kit.resolver,
		.fetcher = service->options.sts ? member->kit.fetcher : NULL,
		.reach = &service->reach,
		.clock = service->options.clock,
		.dane = service->options.dane,
		.thorough = service->options.thorough,
		.stop = &service->crew.stop,
	};
	struct policy_told told = {.domain = asked->domain, .complete = true};
	struct domain_view old, view;
	struct err err = {0};
	bool known;

	arena_reset(&member->arena);
	known = policy_service_cached(service, asked->domain, &member->arena,
	                              &old, &err) > 0;
	told.view = &old;
	if (!known || asked->ask.anew || old.mx_doubted ||
	    !domain_view_is_good(&old, clock_secs(options.clock))) {
		told.complete =
			discover(&options, asked->domain, known ? &old : NULL,
		                 &member->arena, &view);
		told.view = atomic_load(options.stop) ? NULL : &view;
		if (told.view != NULL)
			keep(service, &view);
	}
	asked->ask.tell(asked->ask.arg, &told);
}

static void work(void *arg, struct crew_member *member)
{
	struct policy_service *service = arg;
	struct asked *asked = NULL;

	pthread_mutex_lock(&service->crew.lock);
	while (!atomic_load(&service->crew.stop) &&
	       (asked = next_asked(service)) == NULL)
		pthread_cond_wait(&service->crew.wake, &service->crew.lock);
	pthread_mutex_unlock(&service->crew.lock);
	if (asked != NULL)
		look_up(service, member, asked);
	free(asked);
}

int policy_service_ask(struct policy_service *service,
                       const struct policy_ask *ask, struct err *err)
{
	struct asked *asked = xcalloc(1, sizeof(*asked));
	struct queue *queue = &service->queues[ask->background];

	asked->ask = *ask;
	snprintf(asked->domain, sizeof(asked->domain), "%s", ask->domain);
	pthread_mutex_lock(&service->crew.lock);
	if (service->waiting >= POLICY_ASKS_MAX) {
		free(asked);
		asked = NULL;
	} else {
		service->waiting++;
		*queue->last = asked;
		queue->last = &asked->next;
		pthread_cond_signal(&service->crew.wake);
	}
	pthread_mutex_unlock(&service->crew.lock);
	return asked != NULL ? 0
	                     : err_set(err, ERR_BUSY,
	                               "too many lookups are waiting");
}

/* --- now --- */

/* Freed by the last of the two: who waits, and who tells. */
struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool told, left;
	struct strbuf view; /* encoded; empty: none */
};

static void free_waiting(struct waiting *waiting)
{
	pthread_cond_destroy(&waiting->wake);
	pthread_mutex_destroy(&waiting->lock);
	strbuf_clear(&waiting->view);
	free(waiting);
}

static void tell_waiting(void *arg, const struct policy_told *told)
{
	struct waiting *waiting = arg;
	bool left;

	pthread_mutex_lock(&waiting->lock);
	if (told->view != NULL)
		domain_view_encode(told->view, &waiting->view);
	waiting->told = true;
	left = waiting->left;
	pthread_cond_signal(&waiting->wake);
	pthread_mutex_unlock(&waiting->lock);
	if (left)
		free_waiting(waiting);
}

int policy_service_now(struct policy_service *service, const char *domain,
                       int64_t until_ms, struct arena *arena,
                       struct domain_view *view, struct err *err)
{
	struct waiting *waiting = xcalloc(1, sizeof(*waiting));
	struct policy_ask ask = {
		.domain = domain, .tell = tell_waiting, .arg = waiting};
	int rc;
	bool told;

	pthread_mutex_init(&waiting->lock, NULL);
	wait_cond_init(&waiting->wake);
	rc = policy_service_ask(service, &ask, err);
	if (rc < 0) {
		free_waiting(waiting);
		return rc;
	}
	pthread_mutex_lock(&waiting->lock);
	while (!waiting->told &&
	       wait_cond(&waiting->wake, &waiting->lock, until_ms))
		;
	told = waiting->told;
	waiting->left = true;
	if (told && waiting->view.len > 0)
		rc = domain_view_decode(waiting->view.data, waiting->view.len,
		                        arena, view, err);
	else
		rc = err_set(err, ERR_BUSY,
		             "%s was not looked up within the time limit",
		             domain);
	pthread_mutex_unlock(&waiting->lock);
	if (told)
		free_waiting(waiting);
	return rc;
}

/* --- beginning and end --- */

int policy_service_open(struct policy_service **out,
                        const struct policy_service_options *options,
                        struct err *err)
{
	struct policy_service *service = xcalloc(1, sizeof(*service));
	struct crew_kit_options kit = crew_kit_options_of(options->conf);
	int rc = 0;

	*out = service;
	service->options = *options;
	for (size_t i = 0; i < 2; i++)
		service->queues[i].last = &service->queues[i].first;
	crew_init(&service->crew, &kit,
	          (unsigned)options->conf->policy.threads, work, service);
	for (unsigned i = 0; i < service->crew.count && rc == 0; i++)
		rc = crew_kit_open(&service->crew.members[i].kit, &kit,
		                   &service->crew.stop, err);
	if (rc == 0)
		rc = crew_start(&service->crew, err);
	if (rc < 0)
		policy_service_close(out);
	return rc;
}

void policy_service_close(struct policy_service **service)
{
	struct asked *asked;

	if (*service == NULL)
		return;
	crew_clear(&(*service)->crew);
	while ((asked = next_asked(*service)) != NULL) {
		struct policy_told told = {.domain = asked->domain};

		asked->ask.tell(asked->ask.arg, &told);
		free(asked);
	}
	free(*service);
	*service = NULL;
}
