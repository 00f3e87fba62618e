/* Does Postfix ask tlstally-policyd, can it, does it get an answer, and can it
 * do what it is told? */
#include "doctor/check.h"

#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/endpoint.h"
#include "base/path_access.h"
#include "base/span.h"
#include "postfix/list_text.h"
#include "postfix/policy_maps.h"
#include "postfix/postfix_ca.h"
#include "postfix/postfix_reach.h"
#include "postfix/socketmap.h"

/* Postfix waits longer, for 100 s; whoever takes so long delays mail. */
enum { ANSWER_MS = 8 * 1000 };

/* A service of master.cf that is smtp(8), and how it asks. */
struct asker {
	const struct postfix_facts *facts;
	const struct postfix_client *client;
	struct policy_maps maps;
	const struct policy_map *ours; /* NULL: it does not ask us */
};

static const char *our_socket(const struct look *look)
{
	return look->of->conf->policyd.socket;
}

/* What the service goes by; "". */
static const char *get(const struct asker *asker, const char *name)
{
	return postfix_client_setting(asker->facts, asker->client, name);
}

static void read_asker(struct look *look, const struct postfix_facts *facts,
                       const struct postfix_client *client, struct asker *asker)
{
	const struct policy_maps_place place = {
		.queue_directory = facts->queue_directory,
		.chroot = client->chroot,
		.ours = our_socket(look),
	};

	asker->facts = facts;
	asker->client = client;
	policy_maps_read(client->policy_maps, &place, look->arena,
	                 &asker->maps);
	asker->ours = policy_maps_find(&asker->maps, POLICY_MAP_OURS);
}

/* The first service of an instance that asks us.  *others: the names of those
 * that do not, though they look for policies where main.cf says. */
static bool find_asker(struct look *look, const struct postfix_facts *facts,
                       struct asker *found, const char **others)
{
	bool any = false;

	*others = "";
	for (size_t i = 0; i < facts->client_count; i++) {
		struct asker asker;

		read_asker(look, facts, &facts->clients[i], &asker);
		if (asker.ours == NULL && asker.client->policy_maps[0] != '\0')
			*others = arena_printf(look->arena, "%s%s%s", *others,
			                       (*others)[0] != '\0' ? ", " : "",
			                       asker.client->name);
		if (asker.ours != NULL && !any)
			*found = asker;
		any |= asker.ours != NULL;
	}
	return any;
}

/* The next instance that sends mail and asks us. */
static bool next_asker(struct look *look, size_t *at, struct asker *asker)
{
	const char *others;

	while (*at < look->site->count) {
		const struct postfix_facts *facts = &look->facts[(*at)++];

		look->about = facts->instance->directory;
		if (facts->instance->known && facts->instance->sends &&
		    find_asker(look, facts, asker, &others))
			return true;
	}
	look->about = NULL;
	return false;
}

bool check_policy_does_dane(struct look *look)
{
	bool does = false;
	struct asker asker;
	size_t at = 0;

	while (!does && next_asker(look, &at, &asker))
		does = asker.client->no_dane == NULL;
	look->about = NULL;
	return does;
}

/* --- is Postfix configured to ask it? --- */

/* smtp_tls_policy_maps as it ought to be. */
static const char *mended(struct look *look, const struct asker *asker,
                          enum finding_id id)
{
	if (id == POLICYMAP_BEHIND)
		return list_text_without(asker->client->policy_maps,
		                         asker->maps.list[0].item, look->arena);
	return list_text_replaced(asker->client->policy_maps, asker->ours->item,
	                          policy_map_item(&asker->facts->instance->set,
	                                          our_socket(look),
	                                          look->arena),
	                          look->arena);
}

static enum finding_id judge_name(const struct asker *asker)
{
	const char *version = get(asker, "mail_version");
	const char *name = asker->ours->name;

	if (strcmp(name, policy_map_name(version)) == 0)
		return POLICYMAP_WELL;
	if (strcmp(name, "QUERY") == 0)
		return POLICYMAP_PLAIN;
	return strcmp(name, "QUERYwithTLSRPT") == 0 ? POLICYMAP_EARLY
	                                            : POLICYMAP_NAME;
}

static void policymap_of(struct look *look, const struct asker *asker,
                         const char *others)
{
	const char *directory = asker->facts->instance->directory;
	enum finding_id id = judge_name(asker);
	const struct policy_map *first = &asker->maps.list[0];

	if (!policy_map_reaches(asker->ours, our_socket(look)))
		id = POLICYMAP_ELSEWHERE;
	else if (id == POLICYMAP_WELL && first != asker->ours)
		id = POLICYMAP_BEHIND;
	else if (id == POLICYMAP_WELL && others[0] != '\0')
		id = POLICYMAP_SOME;
	CHECK_TELL(look, id, directory, asker->ours->item,
	           mended(look, asker, id), asker->client->name,
	           id == POLICYMAP_BEHIND      ? first->item
	           : id == POLICYMAP_SOME      ? others
	           : asker->ours->path != NULL ? asker->ours->path
	                                       : "",
	           get(asker, "mail_version"));
}

void check_policymap(struct look *look)
{
	const struct policyd_seen *seen = &look->known->policyd;
	bool runs = meta_policyd_is_up(seen, look->of->now);
	bool asked = false;

	for (size_t i = 0; i < look->site->count; i++) {
		const struct postfix_facts *facts = &look->facts[i];
		const char *others;
		struct asker asker;

		look->about = facts->instance->directory;
		if (!facts->instance->known || !facts->instance->sends ||
		    !find_asker(look, facts, &asker, &others))
			continue;
		asked = true;
		policymap_of(look, &asker, others);
	}
	look->about = NULL;
	if (runs && !asked && look->site->count > 0 &&
	    look->site->instances[0].known)
		CHECK_TELL(look, POLICYMAP_NOT_ASKED);
}

void check_policyaccess(struct look *look)
{
	const char *path = endpoint_path(our_socket(look));
	struct access_answer answer;
	struct access_user user;
	struct asker asker;
	size_t at = 0;

	while (path != NULL && next_asker(look, &at, &asker)) {
		const char *owner = asker.facts->mail_owner;

		if (!access_user_find(owner, &user))
			continue; /* "access" says so */
		access_look(&user, path, asker.facts->queue_directory,
		            ACCESS_WRITE, &answer);
		if (answer.verdict == ACCESS_GRANTED)
			CHECK_TELL(look, POLICYACCESS_WELL, owner, path);
		else if (answer.verdict == ACCESS_NOT_SEEN)
			CHECK_TELL(look, ACCESS_UNKNOWN, answer.at);
		else if (answer.verdict == ACCESS_DENIED)
			CHECK_TELL(
				look,
				answer.is_directory ? POLICYACCESS_DIRECTORY
						    : POLICYACCESS_SOCKET,
				owner, answer.at,
				arena_printf(look->arena, "%04o", answer.mode),
				arena_printf(
					look->arena, "%s:%s",
					check_user_name(look, answer.uid),
					check_group_name(look, answer.gid)));
	}
}

/* --- does it answer? --- */

static const char *status_word(enum socketmap_status status)
{
	switch (status) {
	case SOCKETMAP_TIMEOUT:
		return "TIMEOUT";
	case SOCKETMAP_PERM:
		return "PERM";
	default:
		return "TEMP";
	}
}

/* True when it is well so far, and nothing was told. */
static bool ask(struct look *look, const char *map, const char *key,
                int64_t *took_ms)
{
	const char *socket = postfix_address_of(&(struct postconf){0},
	                                        our_socket(look), look->arena);
	struct socketmap_answer answer = {0};
	struct err err = {0};
	int rc = socketmap_ask(socket, map, key, ANSWER_MS, &answer, &err);
	const char *text = arena_strdup(look->arena, strbuf_text(&answer.text));

	strbuf_clear(&answer.text);
	*took_ms = answer.took_ms;
	if (answer.denied)
		CHECK_TELL(look, POLICYANSWER_NOT_OURS, socket);
	else if (rc == ERR_IO)
		CHECK_TELL(look, POLICYANSWER_NOBODY, err.text);
	else if (rc == ERR_BUSY)
		CHECK_TELL(look, POLICYANSWER_SLOW, key,
		           check_number(look, ANSWER_MS / 1000));
	else if (rc < 0)
		CHECK_TELL(look, POLICYANSWER_WRONG, err.text);
	else if (answer.status > SOCKETMAP_NOTFOUND)
		CHECK_TELL(look, POLICYANSWER_LATER, key,
		           status_word(answer.status), text);
	else
		return true;
	return false;
}

/* First what needs no lookup, then the contact's domain, which does. */
void check_policyanswer(struct look *look)
{
	const char *domain = conf_submitter(look->of->conf);
	struct asker asker;
	size_t at = 0;
	int64_t took_ms;
	const char *map;

	if (!next_asker(look, &at, &asker))
		return;
	look->about = NULL;
	map = asker.ours->name;
	if (!ask(look, map, "[127.0.0.1]", &took_ms) ||
	    (domain[0] != '\0' && !ask(look, map, domain, &took_ms)))
		return;
	CHECK_TELL(look, POLICYANSWER_WELL,
	           domain[0] != '\0' ? domain : "[127.0.0.1]",
	           check_number(look, (uint64_t)took_ms));
}

/* What it says of itself in the store. */
void check_policyd(struct look *look)
{
	const struct policyd_seen *seen = &look->known->policyd;

	if (!meta_policyd_is_in_use(seen, look->of->now))
		return;
	if (seen->outage_since != 0) {
		CHECK_TELL(look, POLICYD_OUTAGE);
		check_tell_since(look, seen->outage_since);
	} else if (seen->unreached_since != 0) {
		CHECK_TELL(look, POLICYD_UNREACHED);
		check_tell_since(look, seen->unreached_since);
	} else if (seen->does_dane && !seen->validates) {
		CHECK_TELL(look, POLICYD_UNBELIEVED);
	} else {
		CHECK_TELL(look, POLICYD_WELL,
		           check_number(look, seen->answers));
	}
}

/* --- can Postfix do what it is told? --- */

static void policyca_of(struct look *look, const struct asker *asker)
{
	static const enum finding_id ids[] = {
		[POSTFIX_CA_WELL] = POLICYCA_WELL,
		[POSTFIX_CA_NONE] = POLICYCA_NONE,
		[POSTFIX_CA_NO_FILE] = POLICYCA_NO_FILE,
		[POSTFIX_CA_NO_PATH] = POLICYCA_NO_PATH,
		[POSTFIX_CA_OUTSIDE] = POLICYCA_OUTSIDE,
		[POSTFIX_CA_DENIED] = POLICYCA_DENIED,
		[POSTFIX_CA_NOT_SEEN] = ACCESS_UNKNOWN,
	};
	const char *bundle = postfix_ca_bundle();
	struct postfix_ca ca;

	postfix_ca_look(asker->facts, look->arena, &ca);
	if (ca.state == POSTFIX_CA_NOT_SEEN) {
		CHECK_TELL(look, ids[ca.state], ca.path);
		return;
	}
	CHECK_TELL(look, ids[ca.state], asker->facts->instance->directory,
	           ca.service, ca.path,
	           bundle != NULL ? bundle
	                          : "/etc/ssl/certs/ca-certificates.crt",
	           asker->facts->mail_owner);
}

void check_policyca(struct look *look)
{
	struct asker asker;
	size_t at = 0;

	while (next_asker(look, &at, &asker))
		policyca_of(look, &asker);
}

/* The setting that keeps it from DANE although smtp_dns_support_level does not
 * (postfix/postfix_facts.h), as it should be. */
static const char *dane_needs(const char *why_not)
{
	static const char *const settings[] = {"smtp_host_lookup=dns",
	                                       "ignore_mx_lookup_error=no",
	                                       "smtp_dns_resolver_options="};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strncmp(why_not, settings[i], strcspn(settings[i], "=")) ==
		    0)
			return settings[i];
	return "smtp_dns_support_level=dnssec";
}

void check_policydane(struct look *look)
{
	struct asker asker;
	size_t at = 0;

	while (next_asker(look, &at, &asker)) {
		const char *directory = asker.facts->instance->directory;
		const char *why_not = asker.client->no_dane;

		if (why_not == NULL)
			CHECK_TELL(look, POLICYDANE_WELL, directory);
		else if (strcmp(get(&asker, "smtp_dns_support_level"),
		                "dnssec") == 0)
			CHECK_TELL(look, POLICYDANE_VAIN, directory, why_not,
			           asker.client->name, dane_needs(why_not));
		else
			CHECK_TELL(look, POLICYDANE_OFF, directory);
	}
}

void check_policymx(struct look *look)
{
	struct asker asker;
	size_t at = 0;

	while (next_asker(look, &at, &asker)) {
		const char *value =
			get(&asker, "smtp_tls_enforce_sts_mx_patterns");

		if (value[0] == '\0')
			CHECK_TELL(look, POLICYMX_OLDER);
		else
			CHECK_TELL(look,
			           strcmp(value, "yes") == 0 ? POLICYMX_WELL
			                                     : POLICYMX_OFF,
			           asker.facts->instance->directory);
	}
}

static bool has_service(const struct postfix_facts *facts, const char *program)
{
	const struct postconf *set = &facts->instance->set;

	for (size_t i = 0; i < set->service_count; i++)
		if (strcmp(set->services[i].program, program) == 0)
			return true;
	return false;
}

void check_policyreuse(struct look *look)
{
	struct asker asker;
	size_t at = 0;

	while (next_asker(look, &at, &asker)) {
		const char *directory = asker.facts->instance->directory;

		if (strcmp(get(&asker, "smtp_tls_connection_reuse"), "yes") !=
		    0)
			CHECK_TELL(look, POLICYREUSE_OFF);
		else
			CHECK_TELL(look,
			           has_service(asker.facts, "tlsproxy")
			                   ? POLICYREUSE_WELL
			                   : POLICYREUSE_NO_PROXY,
			           directory);
	}
}

/* Does our mail go another way, on which TLS may fail (RFC 8460 section 3)? */
static bool has_transport(const struct look *look, const struct asker *asker)
{
	const char *maps =
		get(asker, "sender_dependent_default_transport_maps");

	return strstr(maps, conf_sender(look->of->conf)) != NULL ||
	       strstr(maps, "tlsreport") != NULL;
}

void check_policyreports(struct look *look)
{
	struct asker asker;
	size_t at = 0;

	if (strcmp(look->of->conf->deliver.mail, "off") == 0)
		return;
	while (next_asker(look, &at, &asker)) {
		const struct postfix_facts *facts = asker.facts;
		bool heeds =
			!postfix_is_before(&facts->version, 3, 10, 0) &&
			strcmp(get(&asker, "tls_required_enable"), "no") != 0;

		if (heeds || has_transport(look, &asker))
			CHECK_TELL(look, POLICYREPORTS_WELL);
		else
			CHECK_TELL(look,
			           strcmp(get(&asker, "tls_required_enable"),
			                  "no") == 0
			                   ? POLICYREPORTS_IGNORES
			                   : POLICYREPORTS_OLDER,
			           facts->instance->directory);
	}
}
