/* Does Postfix ask our milter, and what does it do when that is down? */
#include "doctor/check.h"

#include <string.h>

#include "base/auto.h"
#include "postfix/milter_watch.h"

/* Where our milter stands among an instance's. */
struct place {
	const char *directory;
	int smtpd, other; /* of smtpd_milters, non_smtpd_milters; -1: nowhere */
	const char *action;
	bool is_last; /* wherever it stands */
};

static const char *get(const struct postconf *set, const char *name)
{
	const char *value = postconf_get(set, name);

	return value != NULL ? value : "";
}

static int find(struct look *look, const struct postfix_facts *facts,
                const char *name, struct place *place)
{
	const struct postconf *set = &facts->instance->set;
	const char *action = get(set, "milter_default_action");
	struct postfix_milters milters;
	int at;

	postfix_milters_read(get(set, name),
	                     action[0] != '\0' ? action : "tempfail",
	                     look->arena, &milters);
	at = postfix_milters_find(&milters, facts->queue_directory,
	                          look->of->conf->milter.socket);
	if (at >= 0) {
		place->action = milters.list[at].default_action;
		place->is_last &= (size_t)at + 1 == milters.count;
	}
	return at;
}

static bool place_of(struct look *look, const struct postfix_facts *facts,
                     struct place *place)
{
	*place = (struct place){.directory = facts->instance->directory,
	                        .is_last = true};
	place->other = find(look, facts, "non_smtpd_milters", place);
	place->smtpd = find(look, facts, "smtpd_milters", place);
	return place->smtpd >= 0 || place->other >= 0;
}

bool check_milter_is_last(struct look *look, const char **directory)
{
	for (size_t i = 0; i < look->site->count; i++) {
		struct place place;

		if (!look->facts[i].instance->known ||
		    !place_of(look, &look->facts[i], &place))
			continue;
		*directory = place.directory;
		if (!place.is_last)
			return false;
	}
	return true;
}

static void milter_of(struct look *look, const struct place *place)
{
	const char *socket = look->of->conf->milter.socket;
	bool accepts = strcmp(place->action, "accept") == 0;

	if (!accepts && look->known->has_store && !look->known->milter_is_up)
		CHECK_TELL(look, MILTERS_DOWN, socket, place->directory,
		           place->action);
	else if (!accepts)
		CHECK_TELL(look, MILTERS_ACTION, socket, place->directory,
		           place->action);
	else if (place->other < 0)
		CHECK_TELL(look, MILTERS_NOT_LISTED_LOCAL, socket,
		           place->directory);
	else
		CHECK_TELL(look, MILTERS_WELL);
}

void check_milters(struct look *look)
{
	const char *first = NULL;
	bool found = false;

	for (size_t i = 0; i < look->site->count; i++) {
		const struct postfix_facts *facts = &look->facts[i];
		struct place place;

		if (!facts->instance->known)
			continue;
		first = first != NULL ? first : facts->instance->directory;
		look->about = facts->instance->directory;
		if (!place_of(look, facts, &place))
			continue;
		found = true;
		milter_of(look, &place);
	}
	look->about = NULL;
	if (!found && first != NULL && look->known->milter_is_up)
		CHECK_TELL(look, MILTERS_NOT_LISTED,
		           look->of->conf->milter.socket, first);
}

void check_smtpd(struct look *look)
{
	struct milter_sight sight;

	milter_watch_read(look->of->conf, look->site, look->arena, &sight);
	if (sight.word_count > 1)
		CHECK_TELL(look, SMTPD_BLIND_MORE, sight.words[0],
		           check_number(look, sight.word_count - 1));
	else if (sight.word_count == 1)
		CHECK_TELL(look, SMTPD_BLIND, sight.words[0]);
	else
		CHECK_TELL(look, SMTPD_WELL);
}
