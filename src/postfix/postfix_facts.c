#include "postfix/postfix_facts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/span.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "postfix/postfix_reach.h"

enum { MAIN_CF_MAX = 1024 * 1024, MILTERS_MAX = 64 };

static bool read_number(struct span *rest, unsigned *number)
{
	int64_t n;

	if (!span_number(rest, 4, &n))
		return false;
	*number = (unsigned)n;
	return true;
}

bool postfix_version_read(const char *text, struct postfix_version *version)
{
	struct span rest = span_of(text);

	*version = (struct postfix_version){0};
	if (!read_number(&rest, &version->major) || !span_skip(&rest, ".") ||
	    !read_number(&rest, &version->minor))
		return false;
	if (span_skip(&rest, "."))
		read_number(&rest, &version->patch);
	return true;
}

bool postfix_is_before(const struct postfix_version *version, unsigned major,
                       unsigned minor, unsigned patch)
{
	if (version->major != major)
		return version->major < major;
	if (version->minor != minor)
		return version->minor < minor;
	return version->patch < patch;
}

const char *postfix_version_text(const struct postfix_facts *facts)
{
	const char *text = postconf_get(&facts->instance->set, "mail_version");

	return text != NULL ? text : "";
}

/* A line that begins with the name; one that begins with white space belongs
 * to the one before. */
static bool line_sets(struct span line, const char *name)
{
	if (!span_skip(&line, name))
		return false;
	return span_starts(span_trim(line), "=");
}

bool postfix_main_cf_sets(const char *directory, const char *name)
{
	auto_(xfree_str) char *path = xasprintf("%s/main.cf", directory);
	auto_(strbuf_clear) struct strbuf text;
	struct err err = {0};
	struct span rest, line;
	bool more, found = false;

	strbuf_init(&text, MAIN_CF_MAX);
	if (io_read_file(path, &text, &err) < 0)
		return false;
	rest = (struct span){strbuf_text(&text), text.len};
	do {
		more = span_split(&rest, '\n', &line);
		found = line_sets(line, name);
	} while (more && !found);
	return found;
}

static const char *text_of(const struct postconf *set,
                           const struct postconf_service *service,
                           const char *name)
{
	const char *value = postconf_of_service(set, service, name);

	return value != NULL ? value : "";
}

const char *postfix_client_setting(const struct postfix_facts *facts,
                                   const struct postfix_client *client,
                                   const char *name)
{
	return text_of(&facts->instance->set, client->service, name);
}

static bool is_yes(const char *value)
{
	return strcasecmp(value, "yes") == 0;
}

static const char *level_of(const struct postconf *set,
                            const struct postconf_service *service)
{
	const char *level = text_of(set, service, "smtp_tls_security_level");

	if (level[0] != '\0')
		return level;
	if (is_yes(text_of(set, service, "smtp_enforce_tls")))
		return strcasecmp(text_of(set, service,
		                          "smtp_tls_enforce_peername"),
		                  "no") == 0
		               ? "encrypt"
		               : "verify";
	return is_yes(text_of(set, service, "smtp_use_tls")) ? "may" : "none";
}

/* dane_init() of Postfix's smtp_tls_policy.c. */
static const char *why_no_dane(const struct postconf *set,
                               const struct postconf_service *service,
                               struct arena *arena)
{
	const char *lookup = text_of(set, service, "smtp_host_lookup");
	const char *options =
		text_of(set, service, "smtp_dns_resolver_options");

	if (strcasecmp(text_of(set, service, "smtp_dns_support_level"),
	               "dnssec") != 0)
		return "smtp_dns_support_level is not dnssec";
	if (lookup[0] != '\0' && strstr(lookup, "dns") == NULL)
		return arena_printf(arena, "smtp_host_lookup is %s", lookup);
	if (is_yes(text_of(set, service, "ignore_mx_lookup_error")))
		return "ignore_mx_lookup_error is yes";
	if (options[strspn(options, ", \t")] != '\0')
		return arena_printf(arena, "smtp_dns_resolver_options is %s",
		                    options);
	return NULL;
}

/* disable_dns_lookups is what it was called before. */
static bool is_dns_off(const struct postconf *set,
                       const struct postconf_service *service)
{
	const char *level = text_of(set, service, "smtp_dns_support_level");

	return level[0] != '\0'
	               ? strcasecmp(level, "disabled") == 0
	               : is_yes(text_of(set, service, "disable_dns_lookups"));
}

static bool verifies_host(const char *match)
{
	return match[0] == '\0' || strcasecmp(match, "hostname") == 0;
}

static const char *socket_path(const struct postfix_facts *facts,
                               const struct postfix_client *client,
                               struct arena *arena)
{
	const char *name = client->socket;

	if (name[0] == '\0')
		return NULL;
	if (name[0] == '/' && !client->chroot)
		return name;
	return arena_printf(arena, "%s/%s", facts->queue_directory,
	                    name + strspn(name, "/"));
}

static void add_client(struct postfix_facts *facts,
                       const struct postconf_service *service,
                       struct arena *arena)
{
	const struct postconf *set = &facts->instance->set;
	struct postfix_client *client = &facts->clients[facts->client_count++];

	client->name = service->name;
	client->service = service;
	client->chroot = service->chroot;
	client->no_dane = why_no_dane(set, service, arena);
	client->verifies_host = verifies_host(
		text_of(set, service, "smtp_tls_verify_cert_match"));
	client->resolv_conf =
		service->chroot ? arena_printf(arena, "%s" POSTFIX_RESOLV_CONF,
	                                       facts->queue_directory)
				: POSTFIX_RESOLV_CONF;
	client->level = level_of(set, service);
	client->policy_maps = text_of(set, service, "smtp_tls_policy_maps");
	client->sends_events =
		is_yes(text_of(set, service, "smtp_tlsrpt_enable"));
	client->socket = text_of(set, service, "smtp_tlsrpt_socket_name");
	client->socket_path = socket_path(facts, client, arena);
	facts->dns_off |= is_dns_off(set, service);
}

static const char *get(const struct postconf *set, const char *name,
                       const char *otherwise)
{
	const char *value = postconf_get(set, name);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

static bool sends_events(const struct postfix_facts *facts)
{
	for (size_t i = 0; i < facts->client_count; i++)
		if (facts->clients[i].sends_events)
			return true;
	return false;
}

/* Later ones leave out mail with "TLS-Required: No", unless they are told not
 * to look at that header. */
static bool loops(const struct postfix_facts *facts)
{
	const struct postfix_version *version = &facts->version;
	bool ignores =
		strcmp(get(&facts->instance->set, "tls_required_enable", "yes"),
	               "no") == 0;

	return facts->tlsrpt == TLSRPT_BUILT_IN && sends_events(facts) &&
	       (ignores || (version->major == 3 && version->minor == 10 &&
	                    version->patch < 4));
}

void postfix_facts_of(const struct postfix_instance *instance,
                      struct arena *arena, struct postfix_facts *facts)
{
	const struct postconf *set = &instance->set;

	*facts = (struct postfix_facts){
		.instance = instance,
		.mail_owner = get(set, "mail_owner", "postfix"),
		.queue_directory = get(set, "queue_directory", QUEUE_DIRECTORY),
		.tlsrpt = postfix_tlsrpt(set),
	};
	postfix_version_read(get(set, "mail_version", ""), &facts->version);
	facts->clients = arena_array(arena, set->service_count + 1,
	                             sizeof(*facts->clients));
	for (size_t i = 0; i < set->service_count; i++)
		if (postconf_is_smtp(&set->services[i]))
			add_client(facts, &set->services[i], arena);
	facts->asks_in_vain =
		instance->known &&
		postconf_get(set, "smtp_tlsrpt_enable") == NULL &&
		postfix_main_cf_sets(instance->directory, "smtp_tlsrpt_enable");
	facts->loops = loops(facts);
}

/* --- its resolvers --- */

static bool has_file(const char *const *files, size_t count, const char *file)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(files[i], file) == 0)
			return true;
	return false;
}

const char *const *postfix_resolv_files(const struct postfix_site *site,
                                        struct arena *arena, size_t *count)
{
	/* of an instance: its chroot's, and that of the host */
	const char **files =
		arena_array(arena, site->count + 1, sizeof(*files));

	*count = 0;
	for (size_t i = 0; i < site->count; i++) {
		const struct postfix_instance *instance = &site->instances[i];
		struct postfix_facts facts;

		if (!instance->known || !instance->sends || instance->off)
			continue;
		postfix_facts_of(instance, arena, &facts);
		for (size_t j = 0; j < facts.client_count; j++) {
			const char *file = facts.clients[j].resolv_conf;

			if (!has_file(files, *count, file))
				files[(*count)++] = file;
		}
	}
	if (*count == 0)
		files[(*count)++] = POSTFIX_RESOLV_CONF;
	return files;
}

/* --- milters --- */

static const char between[] = ", \t\r\n";

/* The next word, or what stands in the next braces. */
static bool next_member(const char **rest, struct span *member, bool *braced)
{
	const char *at = *rest + strspn(*rest, between);
	size_t len;

	if (*at == '\0')
		return false;
	*braced = *at == '{';
	at += *braced;
	len = *braced ? strcspn(at, "}") : strcspn(at, between);
	*member = (struct span){at, len};
	*rest = at + len + (at[len] == '}');
	return true;
}

static void add_milter(struct span member, bool braced, const char *action,
                       struct arena *arena, struct postfix_milters *milters)
{
	char *text = arena_strndup(arena, member.at, member.len);
	char *rest = text, *word;
	struct postfix_milter milter = {.default_action = action};

	while ((word = strtok_r(rest, between, &rest)) != NULL) {
		static const char name[] = "default_action";
		size_t len = sizeof(name) - 1;

		if (milter.socket == NULL)
			milter.socket = word;
		else if (braced && strncmp(word, name, len) == 0 &&
		         word[len] == '=')
			milter.default_action = word + len + 1;
	}
	if (milter.socket != NULL)
		milters->list[milters->count++] = milter;
}

void postfix_milters_read(const char *value, const char *action,
                          struct arena *arena, struct postfix_milters *milters)
{
	struct span member;
	bool braced;

	milters->list = arena_array(arena, MILTERS_MAX, sizeof(*milters->list));
	milters->count = 0;
	while (milters->count < MILTERS_MAX &&
	       next_member(&value, &member, &braced))
		add_milter(member, braced, action, arena, milters);
}

int postfix_milters_find(const struct postfix_milters *milters,
                         const char *queue_directory, const char *socket)
{
	for (size_t i = 0; i < milters->count; i++)
		if (postfix_is_socket(milters->list[i].socket, socket,
		                      queue_directory))
			return (int)i;
	return -1;
}
