#include "setup/needs.h"

#include <string.h>
#include <strings.h>

#include "base/endpoint.h"
#include "inmail/milter_sight.h"
#include "postfix/list_text.h"
#include "postfix/policy_maps.h"
#include "postfix/postfix_facts.h"
#include "postfix/postfix_reach.h"
#include "setup/need_policyd.h"
#include "words/feed.h"

#define TRANSPORT "tlsreport"

static const char *get(const struct need_of *of, const char *name)
{
	const char *value = postconf_get(&of->instance->set, name);

	return value != NULL ? value : "";
}

static bool is_yes(const struct need_of *of, const char *name)
{
	return strcmp(get(of, name), "yes") == 0;
}

static bool always(const struct need_of *of)
{
	(void)of;
	return true;
}

static const char *yes(struct need_of *of)
{
	(void)of;
	return "yes";
}

/* --- daemons --- */

static bool counts_by(const struct need_of *of, const char *feed)
{
	return strcmp(of->setup->feed, feed) == 0;
}

static bool by_events(const struct need_of *of)
{
	return counts_by(of, FEED_EVENTS);
}

static bool by_log(const struct need_of *of)
{
	return counts_by(of, FEED_LOG);
}

/* The log is read beside the events. */
static bool completes(const struct need_of *of)
{
	return by_events(of) && of->setup->conf->log.complete_events;
}

static bool reads_log(const struct need_of *of)
{
	return by_log(of) || completes(of);
}

static bool wants_milter(const struct need_of *of)
{
	return strcmp(of->setup->wish.milter, "no") != 0;
}

/* A host that counts by one feed stops the daemon of the other, if it has
 * it. */
static bool drops_events(const struct need_of *of)
{
	return by_log(of) && of->present != NULL &&
	       !of->setup->conf->log.allow_both;
}

static bool drops_log(const struct need_of *of)
{
	return by_events(of) && of->present != NULL &&
	       !of->setup->conf->log.allow_both &&
	       !of->setup->conf->log.complete_events;
}

static const char *unit_on(struct need_of *of)
{
	if (of->present == NULL)
		of->why_not = "it is not installed";
	return of->present != NULL ? UNIT_ON : NULL;
}

static const char *unit_off(struct need_of *of)
{
	(void)of;
	return UNIT_OFF;
}

/* Off, however it is: "masked inactive", too. */
static bool is_off(const struct need_of *of)
{
	return strncmp(of->present, "enabled", 7) != 0 &&
	       strstr(of->present, " active") == NULL;
}

/* --- how Postfix tells of its sessions --- */

static const char *socket_name(struct need_of *of)
{
	const struct postconf_service *cut_off =
		postfix_cut_off(&of->instance->set, "smtp", of->setup->socket);

	if (cut_off != NULL) {
		of->why_not =
			arena_printf(&of->setup->arena,
		                     "%s in master.cf runs in a chroot and "
		                     "cannot reach %s: use --feed log",
		                     cut_off->name, of->setup->socket);
		return NULL;
	}
	return postfix_name_of(&of->instance->set, of->setup->socket,
	                       &of->setup->arena);
}

static bool socket_fits(const struct need_of *of)
{
	return postfix_is_named(&of->instance->set,
	                        get(of, "smtp_tlsrpt_socket_name"),
	                        of->setup->socket);
}

static bool sends_events(const struct need_of *of)
{
	return is_yes(of, "smtp_tlsrpt_enable");
}

static const char *loglevel(struct need_of *of)
{
	(void)of;
	return "1";
}

static bool logs_sessions(const struct need_of *of)
{
	return postconf_logs_tls(get(of, "smtp_tls_loglevel"));
}

/* Beside tlstally-policyd, which never answers level none. */
static bool has_policy_maps(const struct need_of *of)
{
	const char *maps = get(of, "smtp_tls_policy_maps");

	if (of->setup->wants_policyd)
		maps = list_text_without(
			maps,
			policy_map_item(&of->instance->set,
		                        of->setup->policyd_socket,
		                        &of->setup->arena),
			&of->setup->arena);
	return maps[0] != '\0';
}

/* Level none in a policy map looks like a server without STARTTLS, unless tls=
 * (3.11) or a line of its own tells. */
static bool hides_none(const struct need_of *of)
{
	return by_log(of) && has_policy_maps(of) &&
	       !is_yes(of, "smtp_log_tls_feature_status");
}

static bool notes_offers(const struct need_of *of)
{
	return is_yes(of, "smtp_tls_note_starttls_offer");
}

/* --- the security level, which is the administrator's --- */

static bool is_level(const char *level)
{
	return level[0] != '\0' && strcmp(level, "none") != 0;
}

/* The log tells of sessions that the settings of Postfix 2.2 began, too. */
static bool uses_tls(const struct need_of *of)
{
	return is_level(get(of, "smtp_tls_security_level")) ||
	       (by_log(of) && get(of, "smtp_tls_security_level")[0] == '\0' &&
	        (is_yes(of, "smtp_use_tls") || is_yes(of, "smtp_enforce_tls")));
}

static bool leaves_level(const struct need_of *of)
{
	return strcmp(of->setup->wish.security_level, "leave") == 0;
}

static const char *security_level(struct need_of *of)
{
	const char *level = get(of, "smtp_tls_security_level");

	if (!leaves_level(of))
		return of->setup->wish.security_level;
	of->why_not =
		arena_printf(&of->setup->arena,
	                     "Postfix does not use TLS when it sends mail "
	                     "(smtp_tls_security_level is %s), so nothing is "
	                     "counted; use --security-level may to set it",
	                     level[0] != '\0' ? level : "empty");
	return NULL;
}

static bool level_fits(const struct need_of *of)
{
	return leaves_level(of) ? uses_tls(of)
	                        : strcmp(get(of, "smtp_tls_security_level"),
	                                 of->setup->wish.security_level) == 0;
}

/* --- a transport for our reports --- */

/* Does this Postfix send them? */
static bool sends_reports(const struct need_of *of)
{
	const char *mail = of->setup->conf->deliver.mail;
	const char *host = strstr(mail, "://");

	if (strncmp(mail, "sendmail:", 9) == 0)
		return true;
	return host != NULL && (strncmp(host + 3, "127.", 4) == 0 ||
	                        strncmp(host + 3, "[::1]", 5) == 0 ||
	                        strncasecmp(host + 3, "localhost", 9) == 0);
}

static bool is_before(const struct need_of *of, unsigned major, unsigned minor,
                      unsigned patch)
{
	struct postfix_version version;

	postfix_version_read(get(of, "mail_version"), &version);
	return postfix_is_before(&version, major, minor, patch);
}

/*
 * Two things that "TLS-Required: No" does for our mail, where Postfix heeds it:
 * it is delivered though TLS fails (RFC 8460 section 3 demands that), from
 * 3.10.0 on, and there is no event of it, from 3.10.4 on.  A transport does
 * both elsewhere.
 */
static bool needs_transport(const struct need_of *of)
{
	const char *level = get(of, "smtp_tls_security_level");
	bool heeded = strcmp(get(of, "tls_required_enable"), "no") != 0;
	bool enforces = (is_level(level) && strcmp(level, "may") != 0) ||
	                has_policy_maps(of) || of->setup->wants_policyd;

	if (!sends_reports(of))
		return false;
	if (by_events(of) && (!heeded || is_before(of, 3, 10, 4)))
		return true;
	return enforces && (!heeded || is_before(of, 3, 10, 0));
}

/* The service behind default_transport, "smtp", if it is smtp(8). */
static const struct postconf_service *default_service(const struct need_of *of)
{
	const struct postconf *set = &of->instance->set;
	const char *name = get(of, "default_transport");
	size_t len = strcspn(name, ":");

	for (size_t i = 0; i < set->service_count; i++) {
		const struct postconf_service *service = &set->services[i];

		if (postconf_is_smtp(service) &&
		    strcmp(service->type, "unix") == 0 &&
		    strlen(service->name) == len &&
		    memcmp(service->name, name, len) == 0)
			return service;
	}
	return NULL;
}

/* The line of that service, under another name and with other settings. */
static const char *transport(struct need_of *of)
{
	const struct postconf_service *service = default_service(of);
	struct arena *arena = &of->setup->arena;
	struct thing thing = {
		.kind = THING_SERVICE,
		.directory = of->instance->directory,
	};
	const char *line = NULL;
	struct err err = {0};

	if (service == NULL) {
		of->why_not = "default_transport is not smtp(8): our reports "
			      "need a transport with smtp_tlsrpt_enable=no, "
			      "smtp_tls_security_level=may and "
			      "smtp_tls_policy_maps empty";
		return NULL;
	}
	thing.name = arena_printf(arena, "%s/unix", service->name);
	if (thing_look(&thing, arena, &line, &err) < 0 || line == NULL) {
		of->why_not = arena_printf(arena, "%s is not known: %s",
		                           thing.name, err.text);
		return NULL;
	}
	return arena_printf(arena,
	                    TRANSPORT "%s -o smtp_tlsrpt_enable=no "
	                              "-o smtp_tls_security_level=may "
	                              "-o smtp_tls_policy_maps=",
	                    line + strcspn(line, " "));
}

/* A map of one address; what is more than letters and digits in it might mean
 * something to Postfix. */
static const char *transport_map(struct need_of *of)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.+@";
	const char *sender = conf_sender(of->setup->conf);
	const char *next_hop = strchr(get(of, "default_transport"), ':');

	if (sender[0] == '\0')
		of->why_not = "contact_info is not set in tlstally.conf, so "
			      "the sender of reports is not known";
	else if (sender[strspn(sender, plain)] != '\0')
		of->why_not =
			"the sender of reports has characters that are not "
			"allowed in main.cf; choose another [report] sender";
	if (of->why_not != NULL)
		return NULL;
	return arena_printf(&of->setup->arena, "inline:{%s=" TRANSPORT ":%s}",
	                    sender, next_hop != NULL ? next_hop + 1 : "");
}

/* --- the milter --- */

/* Of another milter's action nothing is changed: ours has its own. */
static const char *milter(struct need_of *of)
{
	static const char *const programs[] = {"smtpd", "cleanup"};
	const struct setup *setup = of->setup;
	const char *path = endpoint_path(setup->conf->milter.socket);

	if (setup->place_count > 1) {
		of->why_not = "there are several instances: add the milter by "
			      "hand to the instance that receives mail from "
			      "other sites, and use --milter no here";
		return NULL;
	}
	for (size_t i = 0; path != NULL && i < 2; i++)
		if (postfix_cut_off(&of->instance->set, programs[i], path)) {
			of->why_not = arena_printf(
				&of->setup->arena,
				"%s(8) runs in a chroot and cannot reach %s; "
				"set [milter] socket to one below the queue "
				"directory, or to inet:127.0.0.1:8892",
				programs[i], path);
			return NULL;
		}
	return arena_printf(&of->setup->arena,
	                    "{ %s, default_action=accept, connect_timeout=5s, "
	                    "command_timeout=10s }",
	                    postfix_address_of(&of->instance->set,
	                                       setup->conf->milter.socket,
	                                       &of->setup->arena));
}

/* Ours in a list of milters, NULL: it is not there. */
static const struct postfix_milter *find_milter(const struct need_of *of,
                                                const char *list)
{
	struct postfix_milters milters;
	int at;

	postfix_milters_read(get(of, list), get(of, "milter_default_action"),
	                     &of->setup->arena, &milters);
	at = postfix_milters_find(&milters, get(of, "queue_directory"),
	                          of->setup->conf->milter.socket);
	return at >= 0 ? &milters.list[at] : NULL;
}

static bool smtpd_has_milter(const struct need_of *of)
{
	return find_milter(of, "smtpd_milters") != NULL;
}

/* It has it also by way of smtpd_milters, which gets it. */
static bool non_smtpd_has_milter(const struct need_of *of)
{
	const char *raw = of->present != NULL ? of->present : "";

	return find_milter(of, "non_smtpd_milters") != NULL ||
	       strstr(raw, "$smtpd_milters") != NULL ||
	       strstr(raw, "${smtpd_milters}") != NULL;
}

/* --- bounces of reports --- */

static bool takes_bounces(const struct need_of *of)
{
	return of->setup->conf->deliver.verp && wants_milter(of) &&
	       of->setup->place_count == 1;
}

static bool uses_verp(const struct need_of *of)
{
	return of->setup->conf->deliver.verp && sends_reports(of);
}

static bool has_delimiter(const struct need_of *of)
{
	return strchr(get(of, "recipient_delimiter"), '+') != NULL;
}

static const char *delimiter(struct need_of *of)
{
	return arena_printf(&of->setup->arena, "%s+",
	                    get(of, "recipient_delimiter"));
}

static const char *bounce(struct need_of *of)
{
	(void)of;
	return "bounce";
}

static bool filters_bounces(const struct need_of *of)
{
	return list_text_has(get(of, "internal_mail_filter_classes"), "bounce");
}

static bool enforces_mx(const struct need_of *of)
{
	return is_yes(of, "smtp_tls_enforce_sts_mx_patterns");
}

static const struct need_list at_end = {NULL, NULL};
static const struct need_list by_policyd = {need_policyd_map_instead,
                                            need_policyd_map_wait};

const struct need needs[] = {
	{"tlstally-logd.service", THING_UNIT, NEED_HOST, NULL, drops_log,
         unit_off, is_off, "sessions are counted by events, not by the log"},
	{"tlstallyd.socket", THING_UNIT, NEED_HOST, NULL, drops_events,
         unit_off, is_off, "sessions are counted by the log, not by events"},
	{"tlstallyd.service", THING_UNIT, NEED_HOST, NULL, drops_events,
         unit_off, is_off, "sessions are counted by the log, not by events"},
	{"tlstallyd.socket", THING_UNIT, NEED_HOST, NULL, by_events, unit_on,
         NULL, "Postfix sends its events there"},
	{"tlstallyd.service", THING_UNIT, NEED_HOST, NULL, by_events, unit_on,
         NULL, "tlstallyd counts Postfix's events"},
	{"tlstally-logd.service", THING_UNIT, NEED_HOST, NULL, by_log, unit_on,
         NULL, "tlstally-logd counts the sessions of the mail log"},
	{"tlstally-logd.service", THING_UNIT, NEED_HOST, NULL, completes,
         unit_on, NULL,
         "tlstally-logd finds out from the mail log what events do not say "
         "([log] complete_events)"},
	{"tlstally-milter.service", THING_UNIT, NEED_HOST, NULL, wants_milter,
         unit_on, NULL, "tlstally-milter counts how mail comes in"},
	{"tlstally-policyd.socket", THING_UNIT, NEED_HOST, NULL,
         need_policyd_is, unit_on, NULL, "Postfix asks for policies there"},
	{"tlstally-policyd.service", THING_UNIT, NEED_HOST, NULL,
         need_policyd_is, unit_on, NULL,
         "tlstally-policyd tells Postfix the policies of domains"},
	{"tlstally.timer", THING_UNIT, NEED_HOST, NULL, always, unit_on, NULL,
         "`tlstally run` makes and sends reports every five minutes"},
	{"smtp_tls_security_level", THING_SETTING, NEED_SENDER, NULL, always,
         security_level, level_fits, "Postfix uses TLS when it sends mail"},
	{"smtp_tlsrpt_enable", THING_SETTING, NEED_SENDER, NULL, by_events, yes,
         sends_events, "Postfix sends events"},
	{"smtp_tlsrpt_socket_name", THING_SETTING, NEED_SENDER, NULL, by_events,
         socket_name, socket_fits, "where Postfix sends events"},
	{"smtp_tls_loglevel", THING_SETTING, NEED_SENDER, NULL, reads_log,
         loglevel, logs_sessions, "Postfix logs its TLS sessions"},
	{"smtp_tls_note_starttls_offer", THING_SETTING, NEED_SENDER, NULL,
         hides_none, yes, notes_offers,
         "the log distinguishes level none in smtp_tls_policy_maps from a "
         "server without STARTTLS"},
	{TRANSPORT "/unix", THING_SERVICE, NEED_SENDER, NULL, needs_transport,
         transport, NULL,
         "our reports are delivered even if TLS fails, and are not counted "
         "(RFC 8460 section 3)"},
	{"sender_dependent_default_transport_maps", THING_SETTING, NEED_SENDER,
         &at_end, needs_transport, transport_map, NULL,
         "our reports are sent with that transport"},
	{"smtp_dns_support_level", THING_SETTING, NEED_SENDER, NULL,
         need_policyd_dnssec_is, need_policyd_dnssec, NULL,
         "Postfix uses DANE for the domains that tlstally-policyd says"},
	{"smtp_tls_CAfile", THING_SETTING, NEED_SENDER, NULL, need_policyd_is,
         need_policyd_ca, need_policyd_ca_fits,
         "Postfix can verify the certificates that MTA-STS policies ask for"},
	{"smtp_tls_enforce_sts_mx_patterns", THING_SETTING, NEED_SENDER, NULL,
         need_policyd_mx_is, yes, enforces_mx,
         "Postfix delivers only to hosts that an MTA-STS policy names"},
	{"smtp_tls_policy_maps", THING_SETTING, NEED_SENDER, &by_policyd,
         need_policyd_is, need_policyd_map, need_policyd_map_fits,
         "Postfix asks tlstally-policyd for the policy of each domain"},
	{"smtpd_milters", THING_SETTING, NEED_INSTANCE, &at_end, wants_milter,
         milter, smtpd_has_milter,
         "tlstally-milter sees mail that comes in by SMTP"},
	{"non_smtpd_milters", THING_SETTING, NEED_INSTANCE, &at_end,
         wants_milter, milter, non_smtpd_has_milter,
         "tlstally-milter sees mail from this host"},
	{"recipient_delimiter", THING_SETTING, NEED_SENDER, NULL, uses_verp,
         delimiter, has_delimiter,
         "bounces are sent to a unique address for each report (verp = yes)"},
	{"internal_mail_filter_classes", THING_SETTING, NEED_INSTANCE, &at_end,
         takes_bounces, bounce, filters_bounces,
         "tlstally-milter sees Postfix's own bounces"},
};
const size_t needs_count = sizeof(needs) / sizeof(needs[0]);

/* --- what else the administrator should know --- */

static void note(struct setup *setup, const char *words)
{
	if (setup->note_count < SETUP_NOTES_MAX)
		setup->notes[setup->note_count++] = words;
}

static void note_settings(struct setup *setup)
{
	const struct conf *conf = setup->conf;
	const char *file = conf->file != NULL ? conf->file : "tlstally.conf";
	struct err err = {0};

	if (conf_check_contact(conf, &err) < 0)
		note(setup, arena_printf(&setup->arena,
		                         "sessions are counted, but no report "
		                         "is made: %s",
		                         err.text));
	else if (conf->report.mode == MODE_PREVIEW)
		note(setup, arena_printf(&setup->arena,
		                         "mode = preview in %s: reports are "
		                         "made and held, but none is sent",
		                         file));
}

/* A service's own setting stands against main.cf's, and was meant. */
static void note_services(struct need_of *of)
{
	static const char *const programs[][2] = {
		{"smtp", "smtp_tlsrpt_enable"},
		{"smtp", "smtp_tls_loglevel"},
		{"smtpd", "smtpd_milters"},
	};
	const struct postconf *set = &of->instance->set;
	struct arena *arena = &of->setup->arena;

	for (size_t i = 0; i < set->service_count; i++) {
		const struct postconf_service *service = &set->services[i];
		bool is_smtp = postconf_is_smtp(service);
		const char *name =
			is_smtp ? programs[by_log(of)][1] : programs[2][1];
		const char *value, *main = get(of, name);

		if ((!is_smtp && (!wants_milter(of) ||
		                  strcmp(service->program, "smtpd") != 0)) ||
		    strcmp(service->name, TRANSPORT) == 0)
			continue;
		value = postconf_of_service(set, service, name);
		if (value == NULL || value == main || strcmp(value, main) == 0)
			continue;
		note(of->setup,
		     arena_printf(arena,
		                  "%s/%s in %s/master.cf has its own -o %s=%s, "
		                  "which is left unchanged",
		                  service->name, service->type,
		                  of->instance->directory, name, value));
	}
}

static void note_milter(struct need_of *of)
{
	const struct postfix_milter *ours = find_milter(of, "smtpd_milters");
	struct milter_sight sight = {0};

	if (!wants_milter(of))
		return;
	milter_sight_add(&sight, &of->instance->set, &of->setup->arena);
	for (size_t i = 0; i < sight.word_count; i++)
		note(of->setup, sight.words[i]);
	if (ours != NULL && strcmp(ours->default_action, "accept") != 0)
		note(of->setup,
		     "the default action of tlstally-milter in "
		     "smtpd_milters is not accept: mail is deferred while "
		     "it is down");
}

static void note_transport(struct need_of *of)
{
	if (wants_milter(of) && get(of, "content_filter")[0] != '\0')
		note(of->setup,
		     arena_printf(
			     &of->setup->arena,
			     "content_filter in %s/main.cf: the milter sees "
			     "each message twice, unless the smtpd(8) that "
			     "the filter hands it back to has "
			     "receive_override_options=no_milters",
			     of->instance->directory));
	if (needs_transport(of) && get(of, "transport_maps")[0] != '\0')
		note(of->setup,
		     arena_printf(
			     &of->setup->arena,
			     "transport_maps in %s/main.cf has precedence over "
			     "sender_dependent_default_transport_maps: reports "
			     "to destinations that it lists are not sent "
			     "with " TRANSPORT,
			     of->instance->directory));
}

static void note_policyd(struct need_of *of)
{
	const char *notes[NEED_POLICYD_NOTES];
	size_t count = need_policyd_notes(of, notes);

	for (size_t i = 0; i < count; i++)
		note(of->setup, notes[i]);
}

static void note_daemons(struct setup *setup)
{
	struct need_of of = {.setup = setup};
	bool milter = wants_milter(&of);

	if (setup->has_systemd)
		return;
	note(setup,
	     arena_printf(&setup->arena,
	                  "systemd is not running: start %s%s%s as root "
	                  "under your supervisor",
	                  feed_kind(setup->feed)->daemon,
	                  milter ? " and tlstally-milter" : "",
	                  setup->wants_policyd ? " and tlstally-policyd" : ""));
	note(setup, "systemd is not running: have cron run `tlstally run` "
	            "every 5 minutes (tlstally.cron, in the documentation)");
}

/* The feed that is left has counted sessions until now, and a daemon does not
 * begin to count them a second time.  --apply retires it. */
static void tell_of_retiring(struct setup *setup)
{
	const char *new_daemon = feed_kind(setup->feed)->daemon;

	for (size_t i = 0; i < setup->step_count; i++) {
		struct setup_step *step = &setup->steps[i];
		const struct feed_kind *old =
			feed_kind_of_unit(step->thing.name);

		if (old == NULL || step->state != SETUP_TO_DO ||
		    strcmp(step->wanted, UNIT_OFF) != 0 ||
		    strstr(step->present, " active") == NULL)
			continue;
		step->why = arena_printf(
			&setup->arena,
			"%s.  Then %s does not start for two days, unless the "
			"feed is retired: --apply does that; by hand, wait two "
			"minutes and run `tlstally feed retire %s`",
			step->why, new_daemon, old->name);
	}
}

/* What it would bring to read the log, too, and what it costs. */
static void note_completing(struct setup *setup)
{
	const struct need_of of = {.setup = setup};

	if (!setup->wants_policyd || !by_events(&of) || completes(&of))
		return;
	note(setup,
	     "events do not say whether sessions met an MTA-STS policy in "
	     "testing mode, so these stand in no report: with [log] "
	     "complete_events = yes, tlstally-logd finds it out from the mail "
	     "log (one more daemon, and a line in the log for each TLS "
	     "session); set it, and run this again");
}

void needs_note(struct setup *setup)
{
	tell_of_retiring(setup);
	note_daemons(setup);
	note_completing(setup);
	note_settings(setup);
	for (size_t i = 0; i < setup->place_count; i++) {
		struct need_of of = {.setup = setup,
		                     .instance = setup->places[i].instance};

		note_services(&of);
		note_milter(&of);
		note_transport(&of);
		note_policyd(&of);
	}
	for (size_t i = 0; i < setup->postfix->count; i++)
		if (!setup->postfix->instances[i].known)
			note(setup,
			     arena_printf(
				     &setup->arena,
				     "the instance %s is ignored: %s",
				     setup->postfix->instances[i].directory,
				     setup->postfix->trouble.text[0] != '\0'
					     ? setup->postfix->trouble.text
					     : "it is not enabled"));
}
