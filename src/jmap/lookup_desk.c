#include "jmap/lookup_desk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "show/lookup_doc.h"

enum { MINUTE_MS = 60 * 1000, CALLER_TEXT = 64, ASKED_KEPT = 256 };

/* A domain that was asked about. */
struct place {
	struct lookup_desk *desk;
	char domain[DOMAIN_TEXT];  /* "": free */
	int64_t asked_at;          /* secs, for people */
	int64_t asked_ms, done_ms; /* monotonic */
	bool done;
	json_t *doc;
	struct err failure;
};

struct lookup_desk {
	struct policy_service_options options;
	struct clock *clock;
	pthread_mutex_t lock;
	/* under the lock */
	struct policy_service *service; /* NULL: nobody has asked yet */
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
	return clock_monotonic_ms(desk->clock);
}

/* --- what was found --- */

static void settle(struct place *place, json_t *doc, const struct err *failure)
{
	struct lookup_desk *desk = place->desk;

	pthread_mutex_lock(&desk->lock);
	place->doc = doc;
	place->failure = *failure;
	place->done_ms = now_ms(desk);
	place->done = true;
	pthread_mutex_unlock(&desk->lock);
}

static void on_told(void *arg, const struct policy_told *told)
{
	auto_(arena_clear) struct arena arena = {0};
	json_t *doc = json_object();
	struct err failure = {0};

	if (told->view == NULL) {
		err_set(&failure, ERR_BUSY, "the server has stopped");
	} else {
		lookup_doc(told->view, &arena, doc);
		lookup_doc_verdict(told->view, &failure);
	}
	settle(arg, doc, &failure);
}

/* --- the places --- */

static void place_clear(struct place *place)
{
	json_free(&place->doc);
	*place = (struct place){.desk = place->desk};
}

static struct place *find_place(struct lookup_desk *desk, const char *domain)
{
	for (size_t i = 0; i < LOOKUP_PLACES; i++) {
		struct place *place = &desk->places[i];
		int64_t keep_secs = place->failure.class != 0
		                            ? LOOKUP_KEEP_FAILED_SECS
		                            : LOOKUP_KEEP_SECS;

		if (strcmp(place->domain, domain) != 0)
			continue;
		if (!place->done ||
		    now_ms(desk) - place->done_ms < keep_secs * 1000)
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
		               "this token has used its limit of %d lookups "
		               "per minute; try again in %d seconds",
		               LOOKUP_PER_MINUTE,
		               (int)(first + MINUTE_MS - now + 999) / 1000);
	snprintf(desk->asked[desk->asked_next].caller, CALLER_TEXT, "%s",
	         caller);
	desk->asked[desk->asked_next].at_ms = now;
	desk->asked_next = (desk->asked_next + 1) % ASKED_KEPT;
	return 0;
}

static void tell_place(const struct place *place, struct lookup_answer *answer)
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

static int enter_place(struct lookup_desk *desk, const char *caller,
                       const char *domain, struct place **place,
                       struct err *err)
{
	if (note_caller(desk, caller, err) < 0)
		return err->class;
	*place = make_room(desk);
	if (*place == NULL)
		return err_set(
			err, ERR_BUSY,
			"%d lookups are in progress; try again in a minute",
			LOOKUP_PLACES);
	snprintf((*place)->domain, DOMAIN_TEXT, "%s", domain);
	(*place)->asked_at = clock_secs(desk->clock);
	(*place)->asked_ms = now_ms(desk);
	return 0;
}

/* Without the lock, for the answer may come at once. */
static void begin(struct lookup_desk *desk, struct place *place)
{
	const struct policy_ask ask = {
		.domain = place->domain, .tell = on_told, .arg = place};
	struct err failure = {0};

	pthread_mutex_lock(&desk->lock);
	if (desk->service == NULL)
		policy_service_open(&desk->service, &desk->options, &failure);
	pthread_mutex_unlock(&desk->lock);
	if (failure.class == 0)
		policy_service_ask(desk->service, &ask, &failure);
	if (failure.class != 0)
		settle(place, json_object(), &failure);
}

void lookup_desk_see(struct lookup_desk *desk, const char *domain,
                     struct lookup_answer *answer)
{
	pthread_mutex_lock(&desk->lock);
	tell_place(find_place(desk, domain), answer);
	pthread_mutex_unlock(&desk->lock);
}

int lookup_desk_ask(struct lookup_desk *desk, const char *caller,
                    const char *domain, struct lookup_answer *answer,
                    struct err *err)
{
	struct place *place;
	bool is_new;
	int rc = 0;

	pthread_mutex_lock(&desk->lock);
	place = find_place(desk, domain);
	is_new = place == NULL || place->done;
	if (is_new) {
		if (place != NULL)
			place_clear(place);
		rc = enter_place(desk, caller, domain, &place, err);
	}
	if (rc == 0)
		tell_place(place, answer);
	pthread_mutex_unlock(&desk->lock);
	if (rc == 0 && is_new)
		begin(desk, place);
	return rc;
}

/* --- beginning and end --- */

struct lookup_desk *
lookup_desk_new(const struct policy_service_options *options)
{
	struct lookup_desk *desk = xcalloc(1, sizeof(*desk));

	desk->options = *options;
	desk->options.dane = desk->options.sts = true;
	desk->options.thorough = true;
	desk->clock = options->clock;
	pthread_mutex_init(&desk->lock, NULL);
	for (size_t i = 0; i < LOOKUP_PLACES; i++)
		desk->places[i].desk = desk;
	return desk;
}

void lookup_desk_free(struct lookup_desk **desk)
{
	if (*desk == NULL)
		return;
	policy_service_close(&(*desk)->service);
	for (size_t i = 0; i < LOOKUP_PLACES; i++)
		place_clear(&(*desk)->places[i]);
	pthread_mutex_destroy(&(*desk)->lock);
	free(*desk);
	*desk = NULL;
}
