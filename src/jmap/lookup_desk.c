#include "jmap/lookup_desk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "show/lookup_doc.h"
#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "policy/discover.h"

enum { MINUTE_MS = 60 * 1000, CALLER_TEXT = 64, ASKED_KEPT = 256 };

/* A domain that was asked about. */
struct place {
	char domain[DOMAIN_TEXT];  /* "": free */
	int64_t asked_at;          /* secs, for people */
	int64_t asked_ms, done_ms; /* monotonic */
	bool taken, done;          /* by a thread */
	json_t *doc;
	struct err failure;
};

struct worker {
	struct lookup_desk *desk;
	pthread_t thread;
	bool started;
	struct resolver *resolver;
	struct sts_fetcher *fetcher;
};

struct lookup_desk {
	struct lookup_options options;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	atomic_bool stop;
	struct worker workers[LOOKUP_THREADS];
	struct place places[LOOKUP_PLACES];
	/* Who has asked lately, in a ring. */
	struct {
		char caller[CALLER_TEXT];
		int64_t at_ms; /* monotonic */
	} asked[ASKED_KEPT];
	size_t asked_next;
};

static int64_t now_ms(const struct lookup_desk *desk)
{
	return clock_monotonic_ms(desk->options.clock);
}

/* --- the threads --- */

static struct place *take(struct lookup_desk *desk)
{
	struct place *oldest = NULL;

	for (size_t i = 0; i < LOOKUP_PLACES; i++) {
		struct place *place = &desk->places[i];

		if (place->domain[0] == '\0' || place->taken || place->done)
			continue;
		if (oldest == NULL || place->asked_ms < oldest->asked_ms)
			oldest = place;
	}
	if (oldest != NULL)
		oldest->taken = true;
	return oldest;
}

static int open_worker(struct worker *worker, struct err *err)
{
	const struct lookup_options *options = &worker->desk->options;
	struct sts_fetch_options fetch = options->fetch;

	if (worker->fetcher != NULL)
		return 0;
	if (options->open != NULL)
		return options->open(options->arg, &worker->resolver,
		                     &worker->fetcher, err);
	if (worker->resolver == NULL &&
	    resolver_ldns_open(&options->resolver, &worker->resolver, err) < 0)
		return err->class;
	fetch.resolver = worker->resolver;
	fetch.stop = &worker->desk->stop;
	return sts_fetch_open(&fetch, &worker->fetcher, err);
}

static void look_up(struct worker *worker, const char *domain, json_t *doc,
                    struct err *failure)
{
	auto_(arena_clear) struct arena mem = {0};
	struct discover_options options = {
		.clock = worker->desk->options.clock,
		.dane = true,
		.thorough = true,
		.stop = &worker->desk->stop,
	};
	struct domain_view view;

	if (open_worker(worker, failure) < 0)
		return;
	options.resolver = worker->resolver;
	options.fetcher = worker->fetcher;
	discover(&options, domain, NULL, &mem, &view);
	lookup_doc(&view, &mem, doc);
	lookup_verdict(&view, failure);
}

static void *worker_thread(void *arg)
{
	struct worker *worker = arg;
	struct lookup_desk *desk = worker->desk;

	pthread_mutex_lock(&desk->lock);
	while (!atomic_load(&desk->stop)) {
		struct place *place = take(desk);
		struct err failure = {0};
		char domain[DOMAIN_TEXT];
		json_t *doc;

		if (place == NULL) {
			pthread_cond_wait(&desk->wake, &desk->lock);
			continue;
		}
		strcpy(domain, place->domain);
		pthread_mutex_unlock(&desk->lock);
		doc = json_object();
		look_up(worker, domain, doc, &failure);
		pthread_mutex_lock(&desk->lock);
		place->doc = doc;
		place->failure = failure;
		place->done_ms = now_ms(desk);
		place->done = true;
	}
	pthread_mutex_unlock(&desk->lock);
	return NULL;
}

/* Under the lock. */
static int start_threads(struct lookup_desk *desk, struct err *err)
{
	for (size_t i = 0; i < LOOKUP_THREADS; i++) {
		struct worker *worker = &desk->workers[i];

		worker->desk = desk;
		if (!worker->started)
			worker->started =
				pthread_create(&worker->thread, NULL,
			                       worker_thread, worker) == 0;
	}
	return desk->workers[0].started
	               ? 0
	               : err_set(err, ERR_BUSY,
	                         "no thread for look-ups can be started");
}

/* --- the places --- */

static void place_clear(struct place *place)
{
	json_free(&place->doc);
	*place = (struct place){.domain = ""};
}

static bool is_old(const struct lookup_desk *desk, const struct place *place)
{
	int64_t keep = place->failure.class != 0 ? LOOKUP_KEEP_FAILED_SECS
	                                         : LOOKUP_KEEP_SECS;

	return place->done && now_ms(desk) - place->done_ms >= keep * 1000;
}

static struct place *find(struct lookup_desk *desk, const char *domain)
{
	for (size_t i = 0; i < LOOKUP_PLACES; i++) {
		struct place *place = &desk->places[i];

		if (strcmp(place->domain, domain) != 0)
			continue;
		if (!is_old(desk, place))
			return place;
		place_clear(place);
	}
	return NULL;
}

/* A free one, or the one that was found first; NULL: all are under way. */
static struct place *make_room(struct lookup_desk *desk)
{
	struct place *oldest = NULL;

	for (size_t i = 0; i < LOOKUP_PLACES; i++) {
		struct place *place = &desk->places[i];

		if (place->domain[0] == '\0')
			return place;
		if (place->done &&
		    (oldest == NULL || place->done_ms < oldest->done_ms))
			oldest = place;
	}
	if (oldest != NULL)
		place_clear(oldest);
	return oldest;
}

/* May this one ask once more?  Then it has. */
static int note_caller(struct lookup_desk *desk, const char *caller,
                       struct err *err)
{
	int64_t now = now_ms(desk), first = now;
	unsigned count = 0;

	for (size_t i = 0; i < ASKED_KEPT; i++) {
		if (strncmp(desk->asked[i].caller, caller, CALLER_TEXT - 1) !=
		            0 ||
		    desk->asked[i].at_ms <= now - MINUTE_MS)
			continue;
		count++;
		if (desk->asked[i].at_ms < first)
			first = desk->asked[i].at_ms;
	}
	if (count >= LOOKUP_PER_MINUTE)
		return err_set(err, ERR_BUSY,
		               "this token has asked for %d look-ups within a "
		               "minute; the next one in %d seconds",
		               LOOKUP_PER_MINUTE,
		               (int)(first + MINUTE_MS - now + 999) / 1000);
	snprintf(desk->asked[desk->asked_next].caller, CALLER_TEXT, "%s",
	         caller);
	desk->asked[desk->asked_next].at_ms = now;
	desk->asked_next = (desk->asked_next + 1) % ASKED_KEPT;
	return 0;
}

static void tell(const struct place *place, struct lookup_answer *answer)
{
	*answer = (struct lookup_answer){.state = LOOKUP_NONE};
	if (place == NULL)
		return;
	answer->state = place->done ? LOOKUP_DONE : LOOKUP_UNDER_WAY;
	answer->asked_at = place->asked_at;
	answer->failure = place->failure;
	if (place->done)
		answer->doc = json_deep_copy(place->doc);
}

static int enter(struct lookup_desk *desk, const char *caller,
                 const char *domain, struct place **place, struct err *err)
{
	if (note_caller(desk, caller, err) < 0 || start_threads(desk, err) < 0)
		return err->class;
	*place = make_room(desk);
	if (*place == NULL)
		return err_set(err, ERR_BUSY,
		               "%d look-ups are under way; try again in a "
		               "minute",
		               LOOKUP_PLACES);
	snprintf((*place)->domain, DOMAIN_TEXT, "%s", domain);
	(*place)->asked_at = clock_secs(desk->options.clock);
	(*place)->asked_ms = now_ms(desk);
	pthread_cond_broadcast(&desk->wake);
	return 0;
}

void lookup_desk_see(struct lookup_desk *desk, const char *domain,
                     struct lookup_answer *answer)
{
	pthread_mutex_lock(&desk->lock);
	tell(find(desk, domain), answer);
	pthread_mutex_unlock(&desk->lock);
}

int lookup_desk_ask(struct lookup_desk *desk, const char *caller,
                    const char *domain, struct lookup_answer *answer,
                    struct err *err)
{
	struct place *place;
	int rc = 0;

	pthread_mutex_lock(&desk->lock);
	place = find(desk, domain);
	if (place == NULL || place->done) {
		if (place != NULL)
			place_clear(place);
		rc = enter(desk, caller, domain, &place, err);
	}
	if (rc == 0)
		tell(place, answer);
	pthread_mutex_unlock(&desk->lock);
	return rc;
}

/* --- beginning and end --- */

struct lookup_desk *lookup_desk_new(const struct lookup_options *options)
{
	struct lookup_desk *desk = xcalloc(1, sizeof(*desk));

	desk->options = *options;
	pthread_mutex_init(&desk->lock, NULL);
	pthread_cond_init(&desk->wake, NULL);
	return desk;
}

static void close_worker(struct worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	if (worker->fetcher != NULL)
		worker->fetcher->free(&worker->fetcher);
	if (worker->resolver != NULL)
		worker->resolver->free(&worker->resolver);
}

void lookup_desk_free(struct lookup_desk **desk_in)
{
	struct lookup_desk *desk = *desk_in;

	if (desk == NULL)
		return;
	pthread_mutex_lock(&desk->lock);
	atomic_store(&desk->stop, true);
	pthread_cond_broadcast(&desk->wake);
	pthread_mutex_unlock(&desk->lock);
	for (size_t i = 0; i < LOOKUP_THREADS; i++)
		close_worker(&desk->workers[i]);
	for (size_t i = 0; i < LOOKUP_PLACES; i++)
		place_clear(&desk->places[i]);
	pthread_cond_destroy(&desk->wake);
	pthread_mutex_destroy(&desk->lock);
	free(desk);
	*desk_in = NULL;
}
