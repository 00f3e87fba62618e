/* The door of the service for those who wait: a thread that is told later. */
#include "policy/service.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/wait.h"
#include "base/xalloc.h"

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
	bool told;
	int rc;

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
