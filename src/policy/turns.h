/*
 * turns - places that are few, shared out among those who ask for them
 *
 * Sockets, policy fetches and domains under way are bounded, and strangers
 * decide how long each lasts: whoever makes this host ask for two hundred
 * domains of his would have all places, and the others' mail would go without
 * their policies.  So what waits for a place stands in a line of its owner's,
 * the owners take turns, and none has more than a part of all places:
 *
 *     turn.shares[0] = turns_share("mail.example.co.uk");
 *     turns_wait(&turns, &turn);
 *     while ((next = turns_next(&turns, false)) != NULL)
 *             turns_begin(&turns, next, now_ms);
 *     ...
 *     turns_end(&turns, &turn);
 *
 * An owner is a number, that of a domain or of a network.  One may stand for
 * several who then share a part.  What has two is in the line of the first and
 * takes of the part of both.
 *
 * Who has had a place for long while others wait can be found, to end him.
 * Items lie in what they are of; all of it belongs to one thread.
 */
#ifndef TLSTALLY_POLICY_TURNS_H
#define TLSTALLY_POLICY_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum { TURN_SHARES = 2 };

struct turns_owner;

struct turn {
	/* Set before it waits. */
	uint64_t shares[TURN_SHARES]; /* 0: nobody's, which is not bounded */
	bool background;              /* behind those that somebody waits for */
	bool again; /* it had a place: before the others of its owner */
	/* turns.c's */
	struct turns_owner *owners[TURN_SHARES];
	enum { TURN_NONE, TURN_WAITS, TURN_RUNS } state;
	int64_t begun_ms;
	TAILQ_ENTRY(turn) place;
};

TAILQ_HEAD(turn_list, turn);

struct turns {
	/* Set by who has them; they may change. */
	size_t places, background_places; /* of these, the background's */
	size_t places_each[TURN_SHARES];  /* for one owner; 0: all */
	/* turns.c's, by `background` */
	size_t waiting[2], running[2];
	TAILQ_HEAD(, turns_owner) lines[2]; /* owners of whom something waits */
	struct turn_list begun;             /* what has a place, oldest first */
	void *tree;                         /* tsearch(3): owners */
};

/* Of a domain: whoever registered it.  Of an address's network.  Never 0. */
uint64_t turns_share(const char *domain);
uint64_t turns_share_of_address(const char *address, size_t len);

void turns_init(struct turns *turns);

void turns_wait(struct turns *turns, struct turn *turn);
/* Whose turn it is to have a place; NULL: nobody's, or there is none. */
struct turn *turns_next(struct turns *turns, bool background);
/* Does something wait that its owner's part does not keep waiting? */
bool turns_are_late(const struct turns *turns, bool background);
void turns_begin(struct turns *turns, struct turn *turn, int64_t now_ms);
/* It waits no longer, or gives its place back; nothing when it did already. */
void turns_end(struct turns *turns, struct turn *turn);

/*
 * Something waits because of it: the oldest such, of the background if there is
 * one; the background makes no room by those that somebody waits for.  NULL:
 * there is none.  No place is left, and it began at that moment or before; or
 * only its owner has no more, and it began at the other moment or before.
 */
struct turn *turns_in_the_way(struct turns *turns, int64_t begun_ms,
                              int64_t begun_of_owner_ms);

#endif
