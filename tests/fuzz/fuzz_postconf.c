/* Any bytes as what postconf prints: what was kept is text, is found again,
 * and stays within its bounds. */
#include "base/arena.h"
#include "inmail/milter_sight.h"
#include "maillog/log_site.h"
#include "maillog/postconf.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any settings make a site, which says something of any host. */
static void check_site(const struct postconf *set)
{
	static const struct site_by_hand nothing = {.loglevel = "",
	                                            .lines_are_new = true};
	const struct site_instance instance = {.directory = "/etc/postfix",
	                                       .set = set};
	struct log_site *site = log_site_new(&instance, 1, &nothing);

	for (size_t i = 0; i < site->count; i++) {
		const struct log_service *service = &site->services[i];
		const struct site_hop *hop;
		enum log_route route;

		check(log_site_service(site, span_of(service->program),
		                       span_of("")) == service);
		check((service->enforces & ~(unsigned)ENFORCES_ALL) == 0);
		route = log_site_route(site, service, "mx.example", 25, &hop);
		check(service->routes || route == ROUTE_DOMAIN);
		route = log_site_route(site, service, "mx.example", 587, &hop);
		check(route == ROUTE_SITE);
		check(hop == NULL || hop->name != NULL);
	}
	log_site_free(&site);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct milter_sight sight = {0};
	struct postconf set = {0};
	struct arena arena;

	arena_init(&arena);
	postconf_read_settings(text, size, &arena, &set.main);
	postconf_read_settings(text, size, &arena, &set.overrides);
	postconf_read_services(text, size, &arena, &set);
	check(set.main.count <= POSTCONF_SETTINGS_MAX);
	check(set.service_count <= POSTCONF_SERVICES_MAX);
	for (size_t i = 0; i < set.main.count; i++) {
		const struct postconf_setting *setting = &set.main.list[i];

		check(setting->name[0] != '\0');
		check(postconf_get(&set, setting->name) == setting->value);
		postconf_logs_tls(setting->value);
	}
	for (size_t i = 0; i < set.service_count; i++) {
		const struct postconf_service *service = &set.services[i];

		check(service->name[0] != '\0' && service->type[0] != '\0');
		check(service->program[0] != '\0');
		postconf_of_service(&set, service, "smtp_tls_loglevel");
	}
	milter_sight_add(&sight, &set, &arena);
	check(sight.filter_count <= MILTER_SIGHT_FILTERS);
	check(sight.word_count <= MILTER_SIGHT_WORDS);
	check(!sight.filtered || sight.word_count > 0);
	check_site(&set);
	arena_clear(&arena);
	return 0;
}
