#include "inmail/milter_sight.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const char *value_of(const struct postconf *postconf,
                            const struct postconf_service *service,
                            const char *name)
{
	const char *value = postconf_of_service(postconf, service, name);

	return value != NULL ? value : "";
}

static bool is_smtpd(const struct postconf_service *service)
{
	return strcmp(service->program, "smtpd") == 0;
}

/* Does it listen to this host alone?  Filters hand mail back there. */
static bool is_inner(const struct postconf_service *service)
{
	static const char *const hosts[] = {"127.",
	                                    "localhost:", "[::1]:", "::1:"};

	if (strcmp(service->type, "unix") == 0)
		return true;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (strncmp(service->name, hosts[i], strlen(hosts[i])) == 0)
			return true;
	return false;
}

/* A word in a list "a, b c". */
static bool has_word(const char *list, const char *word)
{
	static const char between[] = ", \t";
	size_t len = strlen(word);

	for (list += strspn(list, between); *list != '\0';
	     list += strspn(list, between)) {
		size_t n = strcspn(list, between);

		if (n == len && strncasecmp(list, word, len) == 0)
			return true;
		list += n;
	}
	return false;
}

/* Why the service shows a milter nothing; NULL: it does. */
static const char *why_blind(const struct postconf *postconf,
                             const struct postconf_service *service)
{
	const char *milters = value_of(postconf, service, "smtpd_milters");

	if (has_word(value_of(postconf, service, "receive_override_options"),
	             "no_milters"))
		return "receive_override_options has no_milters";
	if (milters[0] == '\0')
		return "its smtpd_milters is empty";
	return strcasecmp(milters, "DISABLE") == 0
	               ? "its smtpd_milters is DISABLE"
	               : NULL;
}

static void say(struct milter_sight *sight, const char *words)
{
	if (sight->word_count < MILTER_SIGHT_WORDS)
		sight->words[sight->word_count++] = words;
}

/* "host:port", "inet:host:port", "[host]:port", "unix:path", "10025": a host
 * that is an address, and not this one's. */
static void add_filter(struct milter_sight *sight, const char *value,
                       struct arena *arena)
{
	const char *host = value, *end;
	char *text;
	unsigned char bytes[sizeof(struct in6_addr)];

	if (strncmp(host, "inet:", 5) == 0)
		host += 5;
	end = strrchr(host, ':');
	if (end == NULL || sight->filter_count == MILTER_SIGHT_FILTERS)
		return;
	if (*host == '[' && end > host + 1 && end[-1] == ']') {
		host++;
		end--;
	}
	text = arena_strndup(arena, host, (size_t)(end - host));
	if (strncmp(text, "127.", 4) == 0 || strcmp(text, "::1") == 0)
		return;
	if (inet_pton(AF_INET, text, bytes) == 1 ||
	    inet_pton(AF_INET6, text, bytes) == 1)
		sight->filters[sight->filter_count++] = text;
}

static void look_at(struct milter_sight *sight, const struct postconf *postconf,
                    const struct postconf_service *service, struct arena *arena)
{
	const char *filter = value_of(postconf, service, "smtpd_proxy_filter");
	const char *why = why_blind(postconf, service);

	if (filter[0] != '\0') {
		sight->filtered = true;
		add_filter(sight, filter, arena);
		say(sight, arena_printf(arena,
		                        "%s/%s has a before-queue filter "
		                        "(smtpd_proxy_filter), which hides how "
		                        "mail comes in",
		                        service->name, service->type));
	} else if (why != NULL && !is_inner(service)) {
		say(sight,
		    arena_printf(arena,
		                 "%s/%s does not show mail to a milter: %s",
		                 service->name, service->type, why));
	}
}

/* Is there no service that shows what a filter hands back? */
static bool is_blind_behind(const struct postconf *postconf)
{
	bool blind = false;

	for (size_t i = 0; i < postconf->service_count; i++) {
		const struct postconf_service *service = &postconf->services[i];

		if (!is_smtpd(service) || !is_inner(service))
			continue;
		if (why_blind(postconf, service) == NULL)
			return false;
		blind = true;
	}
	return blind;
}

/* Is there a milter at all?  An instance that has none only sends. */
static bool has_milter(const struct postconf *postconf)
{
	for (size_t i = 0; i < postconf->service_count; i++)
		if (is_smtpd(&postconf->services[i]) &&
		    value_of(postconf, &postconf->services[i],
		             "smtpd_milters")[0] != '\0')
			return true;
	return false;
}

void milter_sight_add(struct milter_sight *sight,
                      const struct postconf *postconf, struct arena *arena)
{
	bool filtered = sight->filtered;

	if (!has_milter(postconf))
		return;
	sight->filtered = false;
	for (size_t i = 0; i < postconf->service_count; i++)
		if (is_smtpd(&postconf->services[i]))
			look_at(sight, postconf, &postconf->services[i], arena);
	if (sight->filtered && is_blind_behind(postconf))
		say(sight,
		    "no service after the before-queue filter shows mail to a "
		    "milter, so mail through the filter is not counted");
	sight->filtered |= filtered;
}
