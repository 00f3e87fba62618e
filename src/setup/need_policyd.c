#include "setup/need_policyd.h"

#include <string.h>

#include "base/auto.h"
#include "base/endpoint.h"
#include "policy/dnssec.h"
#include "postfix/list_text.h"
#include "postfix/policy_maps.h"
#include "postfix/postfix_ca.h"
#include "postfix/postfix_reach.h"
#include "postfix/socketmap.h"

enum { ASK_MS = 10 * 1000, QUESTION_MS = 3000 };

static const char *get(const struct need_of *of, const char *name)
{
	const char *value = postconf_get(&of->instance->set, name);

	return value != NULL ? value : "";
}

/* As main.cf has it for smtp(8), in its chroot where master.cf says so. */
static void read_maps(const struct need_of *of, const char *list,
                      struct policy_maps *maps)
{
	const struct postconf *set = &of->instance->set;
	struct policy_maps_place place = {
		.queue_directory = get(of, "queue_directory"),
		.ours = of->setup->policyd_socket,
	};

	for (size_t i = 0; i < set->service_count; i++)
		if (postconf_is_smtp(&set->services[i]) &&
		    set->services[i].chroot)
			place.chroot = true;
	policy_maps_read(list, &place, &of->setup->arena, maps);
}

static void read_main(const struct need_of *of, struct policy_maps *maps)
{
	read_maps(of, get(of, "smtp_tls_policy_maps"), maps);
}

bool need_policyd_wanted(struct setup *setup)
{
	if (strcmp(setup->wish.policyd, "auto") != 0)
		return strcmp(setup->wish.policyd, "yes") == 0;
	for (size_t i = 0; i < setup->place_count; i++) {
		struct need_of of = {
			.setup = setup,
			.instance = setup->places[i].instance,
		};
		struct policy_maps maps;

		read_main(&of, &maps);
		if (policy_maps_find(&maps, POLICY_MAP_OURS) != NULL)
			return true;
	}
	return false;
}

bool need_policyd_is(const struct need_of *of)
{
	return of->setup->wants_policyd;
}

/* --- DANE --- */

const char *need_policyd_no_dnssec(const struct conf *conf,
                                   const struct postfix_site *site,
                                   struct arena *arena)
{
	struct dnssec_answer ours, theirs;
	size_t count;
	const char *const *files = postfix_resolv_files(site, arena, &count);

	dnssec_ask_postfix(files, count, QUESTION_MS, arena, &theirs);
	if (theirs.says != DNSSEC_VALIDATES)
		return arena_printf(arena,
		                    "the resolver that Postfix asks (%s) %s",
		                    theirs.who,
		                    theirs.says == DNSSEC_SILENT
		                            ? "does not answer"
		                            : "does not validate DNSSEC");
	dnssec_ask_ours(conf, QUESTION_MS, arena, &ours);
	return ours.says == DNSSEC_VALIDATES
	               ? NULL
	               : arena_printf(arena,
	                              "the resolver (%s) does not validate "
	                              "DNSSEC, or is not on this host",
	                              ours.who);
}

static bool uses_dnssec(const struct need_of *of)
{
	return strcmp(get(of, "smtp_dns_support_level"), "dnssec") == 0;
}

/* Without a resolver that validates it would not do anything, and MTA-STS
 * works without. */
bool need_policyd_dnssec_is(const struct need_of *of)
{
	return need_policyd_is(of) &&
	       (uses_dnssec(of) || of->setup->no_dnssec == NULL);
}

const char *need_policyd_dnssec(struct need_of *of)
{
	(void)of;
	return "dnssec";
}

/* --- certificates --- */

static void look_at_ca(const struct need_of *of, struct postfix_ca *ca)
{
	struct arena *arena = &of->setup->arena;
	struct postfix_facts facts;

	postfix_facts_of(of->instance, arena, &facts);
	postfix_ca_look(&facts, arena, ca);
}

bool need_policyd_ca_fits(const struct need_of *of)
{
	struct postfix_ca ca;

	look_at_ca(of, &ca);
	return ca.state == POSTFIX_CA_WELL || ca.state == POSTFIX_CA_NOT_SEEN;
}

const char *need_policyd_ca(struct need_of *of)
{
	const char *bundle = postfix_ca_bundle();
	struct postfix_ca ca;

	look_at_ca(of, &ca);
	if (ca.state == POSTFIX_CA_NO_FILE)
		of->why_not = arena_printf(&of->setup->arena,
		                           "smtp_tls_CAfile = %s, which does "
		                           "not exist",
		                           ca.path);
	else if (bundle == NULL)
		of->why_not = "there are no certificates of certification "
			      "authorities on this host (Debian: apt install "
			      "ca-certificates)";
	return of->why_not == NULL ? bundle : NULL;
}

/* --- MX patterns --- */

/* Known from 3.10.5 on. */
bool need_policyd_mx_is(const struct need_of *of)
{
	return need_policyd_is(of) &&
	       postconf_get(&of->instance->set,
	                    "smtp_tls_enforce_sts_mx_patterns") != NULL;
}

/* --- smtp_tls_policy_maps --- */

static const char *our_item(const struct need_of *of)
{
	return policy_map_item(&of->instance->set, of->setup->policyd_socket,
	                       &of->setup->arena);
}

bool need_policyd_map_fits(const struct need_of *of)
{
	const struct policy_map *map;
	struct policy_maps maps;

	read_main(of, &maps);
	map = policy_maps_find(&maps, POLICY_MAP_OURS);
	return map != NULL &&
	       policy_map_reaches(map, of->setup->policyd_socket) &&
	       strcmp(map->name, policy_map_name(get(of, "mail_version"))) == 0;
}

const char *need_policyd_map_instead(const struct need_of *of)
{
	static const enum policy_map_of order[] = {
		POLICY_MAP_OURS, POLICY_MAP_TLSPOL, POLICY_MAP_STS_RESOLVER};
	struct policy_maps maps;

	if (of->present == NULL)
		return NULL;
	read_maps(of, of->present, &maps);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const struct policy_map *map =
			policy_maps_find(&maps, order[i]);

		if (map != NULL)
			return map->item;
	}
	return NULL;
}

const char *need_policyd_map(struct need_of *of)
{
	const char *path = endpoint_path(of->setup->policyd_socket);
	const struct postconf_service *cut_off =
		path != NULL ? postfix_cut_off(&of->instance->set, "smtp", path)
			     : NULL;
	struct need_of ca = *of;

	if (cut_off != NULL)
		of->why_not = arena_printf(
			&of->setup->arena,
			"%s in master.cf runs in a chroot and cannot reach %s; "
			"set [policyd] socket to one below the queue "
			"directory, or to inet:127.0.0.1:8463",
			cut_off->name, path);
	else if (!need_policyd_ca_fits(of) && need_policyd_ca(&ca) == NULL)
		of->why_not = "smtp(8) cannot verify certificates "
			      "(smtp_tls_CAfile, smtp_tls_CApath), and mail "
			      "to domains with an MTA-STS policy would wait";
	return of->why_not == NULL ? our_item(of) : NULL;
}

/* No domain, so it is answered at once. */
const char *need_policyd_map_wait(const struct need_of *of)
{
	const char *socket = of->setup->policyd_socket;
	auto_(strbuf_clear) struct strbuf text = {0};
	struct socketmap_answer answer = {0};
	struct err err = {0};
	int rc = socketmap_ask(postfix_address_of(&(struct postconf){0}, socket,
	                                          &of->setup->arena),
	                       "QUERY", "[127.0.0.1]", ASK_MS, &answer, &err);

	text = answer.text;
	if (rc == 0 && answer.status > SOCKETMAP_NOTFOUND)
		err_set(&err, ERR_BUSY, "%s", strbuf_text(&text));
	if (err.class == 0)
		return NULL;
	return arena_printf(&of->setup->arena,
	                    "tlstally-policyd does not answer, and all mail "
	                    "would wait for it: %s",
	                    err.text);
}

/* --- what else the administrator should know --- */

static void note_other(const struct need_of *of, const struct policy_maps *maps,
                       const char *notes[NEED_POLICYD_NOTES], size_t *count)
{
	const char *directory = of->instance->directory;
	struct arena *arena = &of->setup->arena;
	bool wanted = need_policyd_is(of);
	bool is_there = policy_maps_find(maps, POLICY_MAP_OURS) != NULL;

	for (size_t i = 0; i < maps->count && i < 2; i++) {
		const struct policy_map *map = &maps->list[i];
		const char *service = policy_map_service(map->of);

		if (map->of == POLICY_MAP_OURS)
			continue;
		if (wanted && (is_there || map->of == POLICY_MAP_UNKNOWN))
			notes[(*count)++] = arena_printf(
				arena,
				"%s in %s/main.cf stays in "
				"smtp_tls_policy_maps: what comes first "
				"decides",
				map->item, directory);
		else if (map->of == POLICY_MAP_UNKNOWN)
			continue;
		else if (wanted)
			notes[(*count)++] = arena_printf(
				arena,
				"tlstally-policyd takes the place of %s in "
				"%s/main.cf: let %s run until mail was sent "
				"with it, then stop it; start it again before "
				"`tlstally setup --undo`",
				map->item, directory, service);
		else
			notes[(*count)++] = arena_printf(
				arena,
				"Postfix asks %s (%s/main.cf), which does not "
				"tell of policies in mode testing, nor of "
				"those that cannot be fetched: --policyd yes "
				"puts tlstally-policyd in its place",
				service, directory);
	}
}

size_t need_policyd_notes(const struct need_of *of,
                          const char *notes[NEED_POLICYD_NOTES])
{
	struct policy_maps maps;
	size_t count = 0;

	if (!of->instance->sends)
		return 0;
	read_main(of, &maps);
	note_other(of, &maps, notes, &count);
	if (!need_policyd_is(of)) {
		if (maps.count == 0)
			notes[count++] =
				"Postfix asks no policy service, so it does "
				"not enforce or report MTA-STS: use --policyd "
				"yes";
		return count;
	}
	if (maps.other_count > 0)
		notes[count++] =
			"tables in smtp_tls_policy_maps come before "
			"tlstally-policyd for the domains that they list; for "
			"other subdomains of a `.example.com` tlstally-policyd "
			"is asked first";
	if (of->setup->no_dnssec != NULL)
		notes[count++] = arena_printf(
			&of->setup->arena,
			"%s, so DANE %s: install one (Debian: apt install "
			"unbound), then run this again",
			of->setup->no_dnssec,
			uses_dnssec(of) ? "does not work, although "
					  "smtp_dns_support_level is dnssec"
					: "is not used");
	return count;
}
