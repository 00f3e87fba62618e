#include "policy/turns.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/registered_domain.h"
#include "base/xalloc.h"

/* Those who share a number share their part, too: the name itself is not
 * compared. */
struct turns_owner {
	uint64_t share; /* the tree's key, so it comes first */
	size_t which;   /* of the shares */
	size_t items, waiting, running;
	struct turn_list line[2];
	TAILQ_ENTRY(turns_owner) place[2];
};

/* --- owners --- */

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static uint64_t seed;

static void make_seed(void)
{
	hash_random_bytes(&seed, sizeof(seed));
}

/* Nobody can choose a name that shares somebody else's part. */
static uint64_t share_of(const void *bytes, size_t len)
{
	uint64_t hash;

	pthread_once(&seed_once, make_seed);
	hash = hash64(seed, bytes, len);
	return hash != 0 ? hash : 1;
}

uint64_t turns_share(const char *domain)
{
	const char *registered = registered_domain(domain);

	return share_of(registered, strlen(registered));
}

/* Who has one address has more of the same network. */
uint64_t turns_share_of_address(const char *address, size_t len)
{
	enum { NETWORK4 = 3, NETWORK6 = 6 }; /* bytes: /24, /48 */
	char text[INET6_ADDRSTRLEN] = "";
	unsigned char bytes[16];

	if (len < sizeof(text))
		memcpy(text, address, len);
	if (inet_pton(AF_INET, text, bytes) == 1)
		return share_of(bytes, NETWORK4);
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return share_of(bytes, NETWORK6);
	return share_of(address, len);
}

static int by_share(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

static struct turns_owner *get_owner(struct turns *turns, uint64_t share,
                                     size_t which)
{
	struct turns_owner *const *found =
		tfind(&share, &turns->tree, by_share);
	struct turns_owner *owner = found != NULL ? *found : NULL;

	if (owner == NULL) {
		owner = xcalloc(1, sizeof(*owner));
		owner->share = share;
		owner->which = which;
		TAILQ_INIT(&owner->line[0]);
		TAILQ_INIT(&owner->line[1]);
		if (tsearch(owner, &turns->tree, by_share) == NULL)
			abort(); /* memory, and nothing else */
	}
	owner->items++;
	return owner;
}

static void drop_owner(struct turns *turns, struct turns_owner *owner)
{
	if (--owner->items > 0)
		return;
	tdelete(owner, &turns->tree, by_share);
	free(owner);
}

static bool has_its_part(const struct turns *turns,
                         const struct turns_owner *owner)
{
	size_t places = turns->places_each[owner->which];

	return places > 0 && owner->share != 0 && owner->running >= places;
}

/* --- waiting --- */

void turns_init(struct turns *turns)
{
	TAILQ_INIT(&turns->lines[0]);
	TAILQ_INIT(&turns->lines[1]);
	TAILQ_INIT(&turns->begun);
}

void turns_wait(struct turns *turns, struct turn *turn)
{
	bool background = turn->background;
	struct turns_owner *owner;

	for (size_t i = 0; i < TURN_SHARES; i++) {
		turn->owners[i] = get_owner(turns, turn->shares[i], i);
		turn->owners[i]->waiting++;
	}
	owner = turn->owners[0];
	if (TAILQ_EMPTY(&owner->line[background]))
		TAILQ_INSERT_TAIL(&turns->lines[background], owner,
		                  place[background]);
	if (turn->again)
		TAILQ_INSERT_HEAD(&owner->line[background], turn, place);
	else
		TAILQ_INSERT_TAIL(&owner->line[background], turn, place);
	turns->waiting[background]++;
	turn->state = TURN_WAITS;
}

static bool has_room(const struct turns *turns, const struct turn *turn)
{
	for (size_t i = 0; i < TURN_SHARES; i++)
		if (has_its_part(turns, turn->owners[i]))
			return false;
	return true;
}

static bool is_full(const struct turns *turns, bool background)
{
	return turns->running[0] + turns->running[1] >= turns->places ||
	       (background && turns->running[1] >= turns->background_places);
}

/* The first whose owner may have one more. */
static struct turn *first_in_line(const struct turns *turns, bool background)
{
	struct turns_owner *owner;
	struct turn *turn;

	TAILQ_FOREACH(owner, &turns->lines[background], place[background])
	{
		if (has_its_part(turns, owner))
			continue;
		TAILQ_FOREACH(turn, &owner->line[background], place)
		if (has_room(turns, turn))
			return turn;
	}
	return NULL;
}

struct turn *turns_next(struct turns *turns, bool background)
{
	return is_full(turns, background) ? NULL
	                                  : first_in_line(turns, background);
}

bool turns_are_late(const struct turns *turns, bool background)
{
	return first_in_line(turns, background) != NULL;
}

/* Out of its line; its owner has had his turn. */
static void leave_line(struct turns *turns, struct turn *turn)
{
	struct turns_owner *owner = turn->owners[0];
	bool background = turn->background;

	TAILQ_REMOVE(&owner->line[background], turn, place);
	TAILQ_REMOVE(&turns->lines[background], owner, place[background]);
	if (!TAILQ_EMPTY(&owner->line[background]))
		TAILQ_INSERT_TAIL(&turns->lines[background], owner,
		                  place[background]);
	turns->waiting[background]--;
	for (size_t i = 0; i < TURN_SHARES; i++)
		turn->owners[i]->waiting--;
}

void turns_begin(struct turns *turns, struct turn *turn, int64_t now_ms)
{
	leave_line(turns, turn);
	for (size_t i = 0; i < TURN_SHARES; i++)
		turn->owners[i]->running++;
	turns->running[turn->background]++;
	turn->state = TURN_RUNS;
	turn->begun_ms = now_ms;
	TAILQ_INSERT_TAIL(&turns->begun, turn, place);
}

void turns_end(struct turns *turns, struct turn *turn)
{
	if (turn->state == TURN_NONE)
		return;
	if (turn->state == TURN_WAITS) {
		leave_line(turns, turn);
	} else {
		TAILQ_REMOVE(&turns->begun, turn, place);
		turns->running[turn->background]--;
	}
	for (size_t i = 0; i < TURN_SHARES; i++) {
		turn->owners[i]->running -= turn->state == TURN_RUNS;
		drop_owner(turns, turn->owners[i]);
	}
	turn->state = TURN_NONE;
}

/* --- who has had one for long --- */

static bool keeps_out(const struct turns *turns, const struct turn *turn)
{
	for (size_t i = 0; i < TURN_SHARES; i++)
		if (turn->owners[i]->waiting > 0 &&
		    has_its_part(turns, turn->owners[i]))
			return true;
	return false;
}

struct turn *turns_in_the_way(struct turns *turns, int64_t begun_ms,
                              int64_t begun_of_owner_ms)
{
	bool background = turns->waiting[0] == 0; /* and nobody else waits */
	bool full = is_full(turns, background);
	struct turn *turn, *first = NULL;

	if (background && turns->waiting[1] == 0)
		return NULL;
	TAILQ_FOREACH(turn, &turns->begun, place)
	{
		bool is_late = full ? turn->begun_ms <= begun_ms
		                    : turn->begun_ms <= begun_of_owner_ms;

		if (!is_late)
			break;
		if (!full && !keeps_out(turns, turn))
			continue;
		if (turn->background)
			return turn;
		if (first == NULL && !background)
			first = turn;
	}
	return first;
}
