/* What Postfix is and is set to, instance by instance. */
#include "doctor/check.h"

#include <string.h>

#include "base/auto.h"
#include "base/endpoint.h"
#include "base/path_access.h"
#include "base/strbuf.h"
#include "postfix/postfix_feed.h"
#include "postfix/postfix_reach.h"
#include "postfix/site.h"

/* What was under way when the settings were written. */
enum { JUST_BEFORE_SECS = 300 };

/* The facts of the instances that send mail and told of themselves. */
static const struct postfix_facts *next_sender(const struct look *look,
                                               size_t *at)
{
	while (*at < look->site->count) {
		const struct postfix_facts *facts = &look->facts[(*at)++];

		if (facts->instance->known && facts->instance->sends)
			return facts;
	}
	return NULL;
}

static bool is_yes(const struct postconf *set, const char *name)
{
	const char *value = postconf_get(set, name);

	return value != NULL && strcmp(value, "yes") == 0;
}

/* Level none in a policy map, of which only tls= (3.11) or a line of its own
 * tells. */
static bool hides_none(const struct postconf *set)
{
	const char *maps = postconf_get(set, "smtp_tls_policy_maps");

	return maps != NULL && maps[0] != '\0' &&
	       !is_yes(set, "smtp_log_tls_feature_status") &&
	       !is_yes(set, "smtp_tls_note_starttls_offer");
}

/* Why there are no events of it, or why there need not be. */
static enum finding_id judge_tlsrpt(const struct postfix_facts *facts,
                                    bool by_log)
{
	const struct postconf *set = &facts->instance->set;
	bool enabled = is_yes(set, "smtp_tlsrpt_enable");

	switch (facts->tlsrpt) {
	case TLSRPT_NOT_SEEN:
		return POSTFIX_NOT_SEEN;
	case TLSRPT_UNHEARD_OF:
		if (facts->asks_in_vain)
			return by_log ? POSTFIX_IN_VAIN_LOG : POSTFIX_IN_VAIN;
		if (!by_log)
			return POSTFIX_UNHEARD_OF;
		break;
	case TLSRPT_LEFT_OUT:
		if (!by_log)
			return POSTFIX_LEFT_OUT;
		if (enabled)
			return POSTFIX_LEFT_OUT_LOG;
		break;
	case TLSRPT_BUILT_IN:
		if (!enabled)
			return by_log ? POSTFIX_COULD_SEND
			              : POSTFIX_NOT_ENABLED;
		if (facts->dns_off && !by_log)
			return POSTFIX_NO_DNS;
		break;
	}
	if (!by_log)
		return POSTFIX_EVENTS;
	return hides_none(set) ? POSTFIX_HIDES_NONE : POSTFIX_LOG;
}

/* Events have come since its settings were written as they are: it was not this
 * one that sent them. */
static bool another_sends(const struct look *look,
                          const struct postfix_instance *instance)
{
	const int64_t written[] = {instance->main_cf.mtime_ns / 1000000000,
	                           instance->master_cf.mtime_ns / 1000000000};

	if (!look->known->events_come)
		return false;
	for (size_t i = 0; i < 2; i++)
		if (written[i] > look->known->last_event - JUST_BEFORE_SECS)
			return false;
	return true;
}

void check_postfix(struct look *look)
{
	bool by_log = look->known->by_log && !look->known->by_events;
	const struct postfix_facts *facts;
	size_t at = 0;

	for (size_t i = 0; i < look->site->count; i++) {
		const struct postfix_instance *one = &look->site->instances[i];

		look->about = one->directory;
		if (one->sends && !one->known && !one->off)
			CHECK_TELL(look, POSTFIX_NOT_KNOWN,
			           look->site->trouble.text);
	}
	while ((facts = next_sender(look, &at)) != NULL) {
		enum finding_id id = judge_tlsrpt(facts, by_log);
		const char *version = postfix_version_text(facts);

		look->about = facts->instance->directory;
		if (findings[id].grade == DOCTOR_BAD &&
		    another_sends(look, facts->instance))
			id = POSTFIX_ANOTHER;
		CHECK_TELL(look, id,
		           version[0] != '\0'
		                   ? arena_printf(look->arena, ", %s,", version)
		                   : "",
		           facts->instance->directory);
	}
}

void check_feed_choice(struct look *look)
{
	const char *socket = endpoint_path(look->of->conf->events.socket);
	const char *counts = look->known->by_events ? FEED_EVENTS : FEED_LOG;
	struct postfix_feed choice;
	size_t at = 0;

	if (next_sender(look, &at) == NULL || !look->known->has_store)
		return;
	postfix_feed_choose(look->site, socket, &choice);
	if (strcmp(choice.feed, counts) == 0 || look->known->events_come)
		CHECK_TELL(look, FEED_CHOICE_WELL, counts);
	else
		CHECK_TELL(look, FEED_CHOICE_OTHER, counts, choice.feed,
		           choice.why);
}

/* --- does it speak TLS? --- */

static void add_name(struct strbuf *names, const char *name)
{
	strbuf_printf(names, "%s%s", names->len > 0 ? ", " : "", name);
}

static void level_of(struct look *look, const struct postfix_facts *facts)
{
	auto_(strbuf_clear) struct strbuf with = {0}, without = {0};
	const char *maps =
		postconf_get(&facts->instance->set, "smtp_tls_policy_maps");
	bool may_by_map = maps != NULL && maps[0] != '\0';

	for (size_t i = 0; i < facts->client_count; i++)
		if (strcmp(facts->clients[i].level, "none") == 0)
			add_name(&without, facts->clients[i].name);
		else
			add_name(&with, facts->clients[i].name);
	if (without.len == 0)
		CHECK_TELL(look, LEVEL_IS_WELL, strbuf_text(&with));
	else
		CHECK_TELL(look,
		           with.len > 0 || may_by_map ? LEVEL_IS_SOME_NONE
		                                      : LEVEL_IS_NONE,
		           facts->instance->directory, strbuf_text(&without));
}

void check_level(struct look *look)
{
	const struct postfix_facts *facts;
	size_t at = 0;

	while ((facts = next_sender(look, &at)) != NULL) {
		look->about = facts->instance->directory;
		if (facts->client_count > 0)
			level_of(look, facts);
	}
}

void check_loglevel(struct look *look)
{
	const struct conf *conf = look->of->conf;
	/* standard input may be another host's log */
	bool foreign = conf->log.source == LOG_FROM_STDIN &&
	               conf->log.tls_loglevel[0] == '\0';
	struct log_site *site =
		site_make(conf, look->site, LOG_FROM_FILE, false);
	auto_(strbuf_clear) struct strbuf names = {0};

	if (site_unlogged(site, &names) > 0)
		CHECK_TELL(look, foreign ? LOGLEVEL_NONE : LOGLEVEL_NONE_HERE,
		           strbuf_text(&names));
	else if (site->count == 0 && conf->log.tls_loglevel[0] == '\0')
		CHECK_TELL(look, LOGLEVEL_UNKNOWN);
	else
		CHECK_TELL(look, LOGLEVEL_WELL);
	log_site_free(&site);
}

/* --- do its events arrive? --- */

/* The first service whose events go elsewhere; NULL: none. */
static const struct postfix_client *
first_astray(const struct postfix_facts *facts, const char *socket)
{
	for (size_t i = 0; i < facts->client_count; i++) {
		const struct postfix_client *client = &facts->clients[i];

		if (client->sends_events &&
		    (client->socket_path == NULL ||
		     !postfix_is_same_file(client->socket_path, socket)))
			return client;
	}
	return NULL;
}

static bool sends_events(const struct postfix_facts *facts)
{
	for (size_t i = 0; i < facts->client_count; i++)
		if (facts->clients[i].sends_events)
			return facts->tlsrpt == TLSRPT_BUILT_IN;
	return false;
}

static void socketname_of(struct look *look, const struct postfix_facts *facts)
{
	const char *socket = endpoint_path(look->of->conf->events.socket);
	const struct postfix_client *client = first_astray(facts, socket);
	const char *directory = facts->instance->directory;
	const char *name =
		postfix_name_of(&facts->instance->set, socket, look->arena);

	if (client == NULL)
		CHECK_TELL(look, SOCKETNAME_WELL, socket);
	else if (client->socket_path == NULL)
		CHECK_TELL(look, SOCKETNAME_EMPTY, directory, client->name,
		           name);
	else if (client->chroot && name[0] == '/')
		CHECK_TELL(look, SOCKETNAME_OUTSIDE, directory, client->name,
		           name, facts->queue_directory, socket,
		           check_settings_file(look));
	else
		CHECK_TELL(look, SOCKETNAME_OTHER, directory, client->name,
		           name, client->socket_path, socket);
}

void check_socketname(struct look *look)
{
	const struct postfix_facts *facts;
	size_t at = 0;

	while ((facts = next_sender(look, &at)) != NULL) {
		look->about = facts->instance->directory;
		if (sends_events(facts))
			socketname_of(look, facts);
	}
}

static void tell_denied(struct look *look, const char *user,
                        const struct access_answer *answer)
{
	CHECK_TELL(look,
	           answer->is_directory ? ACCESS_DIRECTORY_DENIED
	                                : ACCESS_SOCKET_DENIED,
	           user, answer->at,
	           arena_printf(look->arena, "%04o", answer->mode),
	           arena_printf(look->arena, "%s:%s",
	                        check_user_name(look, answer->uid),
	                        check_group_name(look, answer->gid)),
	           user);
}

/* smtp(8) is in the queue directory when it opens the socket. */
static void access_of(struct look *look, const struct postfix_facts *facts)
{
	const char *socket = endpoint_path(look->of->conf->events.socket);
	struct access_answer answer;
	struct access_user user;

	if (!access_user_find(facts->mail_owner, &user)) {
		CHECK_TELL(look, ACCESS_NO_USER, facts->mail_owner);
		return;
	}
	access_look(&user, socket, facts->queue_directory, ACCESS_WRITE,
	            &answer);
	switch (answer.verdict) {
	case ACCESS_GRANTED:
		CHECK_TELL(look, ACCESS_WELL, facts->mail_owner, socket);
		break;
	case ACCESS_DENIED:
		tell_denied(look, facts->mail_owner, &answer);
		break;
	case ACCESS_NOT_SEEN:
		CHECK_TELL(look, ACCESS_UNKNOWN, answer.at);
		break;
	case ACCESS_MISSING:
		break; /* that is what the check "socket" says */
	}
}

void check_access(struct look *look)
{
	const struct postfix_facts *facts;
	size_t at = 0;

	while ((facts = next_sender(look, &at)) != NULL) {
		look->about = facts->instance->directory;
		if (sends_events(facts))
			access_of(look, facts);
	}
}

/* --- are our reports counted? --- */

void check_loop(struct look *look)
{
	const struct postfix_facts *facts;
	size_t at = 0;

	if (strcmp(look->of->conf->deliver.mail, "off") == 0 ||
	    !look->known->by_events)
		return;
	while ((facts = next_sender(look, &at)) != NULL) {
		const char *directory = facts->instance->directory;

		look->about = directory;
		if (!sends_events(facts))
			continue;
		if (!facts->loops)
			CHECK_TELL(look, LOOP_WELL);
		else if (postfix_is_before(&facts->version, 3, 10, 4))
			CHECK_TELL(look, LOOP_VERSION, directory,
			           postfix_version_text(facts));
		else
			CHECK_TELL(look, LOOP_IGNORES, directory);
	}
}
