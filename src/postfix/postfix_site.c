#include "postfix/postfix_site.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "base/xalloc.h"
#include "postfix/postconf_run.h"

enum { INSTANCES_MAX = 64, ASKING_MS = 15000 };

static const char default_directory[] = "/etc/postfix";

/* All that anybody here wants to know of main.cf.  Names that a Postfix does
 * not have are passed over by postconf. */
static const char *const names[] = {
	"best_mx_transport",
	"compatibility_level",
	"content_filter",
	"daemon_directory",
	"default_transport",
	"disable_dns_lookups",
	"fallback_transport",
	"fallback_transport_maps",
	"ignore_mx_lookup_error",
	"info_log_address_format",
	"internal_mail_filter_classes",
	"local_transport",
	"mail_owner",
	"mail_version",
	"mailbox_transport",
	"mailbox_transport_maps",
	"milter_default_action",
	"multi_instance_directories",
	"multi_instance_enable",
	"multi_instance_name",
	"non_smtpd_milters",
	"queue_directory",
	"receive_override_options",
	"recipient_delimiter",
	"relay_transport",
	"relayhost",
	"sender_dependent_default_transport_maps",
	"sender_dependent_relayhost_maps",
	"smtp_cname_overrides_servername",
	"smtp_dns_resolver_options",
	"smtp_dns_support_level",
	"smtp_enforce_tls",
	"smtp_fallback_relay",
	"smtp_host_lookup",
	"smtp_log_tls_feature_status",
	"smtp_tls_CAfile",
	"smtp_tls_CApath",
	"smtp_tls_connection_reuse",
	"smtp_tls_enforce_peername",
	"smtp_tls_enforce_sts_mx_patterns",
	"smtp_tls_loglevel",
	"smtp_tls_note_starttls_offer",
	"smtp_tls_policy_maps",
	"smtp_tls_security_level",
	"smtp_tls_verify_cert_match",
	"smtp_tlsrpt_enable",
	"smtp_tlsrpt_socket_name",
	"smtp_use_tls",
	"smtpd_milters",
	"smtpd_proxy_filter",
	"syslog_facility",
	"syslog_name",
	"tls_append_default_CA",
	"tls_required_enable",
	"transport_maps",
	"virtual_transport",
	NULL,
};

static struct file_stamp stamp_of(const char *directory, const char *file)
{
	auto_(xfree_str) char *path = xasprintf("%s/%s", directory, file);
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct file_stamp){0};
	return (struct file_stamp){
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
	                    st.st_mtim.tv_nsec,
	};
}

static bool has_changed(const char *directory, const char *file,
                        const struct file_stamp *before)
{
	struct file_stamp now = stamp_of(directory, file);

	return now.device != before->device || now.inode != before->inode ||
	       now.size != before->size || now.mtime_ns != before->mtime_ns;
}

static int ask(struct postfix_site *site, const char *directory,
               struct postconf *set)
{
	auto_(strbuf_clear) struct strbuf main = {0}, services = {0},
					  overrides = {0};
	struct arena *arena = &site->arena;
	struct err *err = &site->trouble;

	if (clock_host_ms() > site->until_ms)
		return err_set(err, ERR_BUSY,
		               "postconf takes too long; %s and what comes "
		               "after it was not asked",
		               directory);
	if (postconf_run(directory, "-x", names, &main, err) < 0 ||
	    postconf_run(directory, "-xM", NULL, &services, err) < 0 ||
	    postconf_run(directory, "-xP", NULL, &overrides, err) < 0)
		return err->class;
	postconf_read_settings(strbuf_text(&main), main.len, arena, &set->main);
	postconf_read_services(strbuf_text(&services), services.len, arena,
	                       set);
	postconf_read_settings(strbuf_text(&overrides), overrides.len, arena,
	                       &set->overrides);
	return 0;
}

/* One that cannot be asked is still looked at, for it may be mended. */
static struct postfix_instance *add_instance(struct postfix_site *site,
                                             const char *directory)
{
	struct postfix_instance *instance;

	for (size_t i = 0; i < site->count; i++)
		if (strcmp(site->instances[i].directory, directory) == 0)
			return NULL;
	if (site->count == INSTANCES_MAX)
		return NULL;
	instance = &site->instances[site->count++];
	instance->directory = arena_strdup(&site->arena, directory);
	/* first: what is written while postconf reads is a change later */
	instance->main_cf = stamp_of(directory, "main.cf");
	instance->master_cf = stamp_of(directory, "master.cf");
	instance->known = ask(site, directory, &instance->set) == 0;
	return instance;
}

static bool is_enabled(const struct postfix_instance *instance)
{
	const char *word =
		postconf_get(&instance->set, "multi_instance_enable");

	return word != NULL && strcmp(word, "yes") == 0;
}

/* The others that postmulti(1) starts with the default instance. */
static void add_others(struct postfix_site *site, const char *list)
{
	static const char between[] = ", \t";
	auto_(xfree_str) char *copy = xstrdup(list);
	char *rest = copy, *directory;

	while ((directory = strtok_r(rest, between, &rest)) != NULL) {
		struct postfix_instance *instance =
			add_instance(site, directory);

		if (instance != NULL && !is_enabled(instance)) {
			instance->known = false;
			instance->off = true;
		}
	}
}

/* Where the default instance is; with no postconf, where it usually is.
 * Postfix 3.10 waits for a main.cf that was changed a moment ago, and has
 * forgotten MAIL_CONFIG then: postconf prints the default config_directory. */
static const char *find_default(struct postfix_site *site)
{
	static const char *const name[] = {"config_directory", NULL};
	auto_(strbuf_clear) struct strbuf out = {0};
	struct postconf set = {0};
	const char *directory = NULL;

	if (postconf_run("", "-x", name, &out, &site->trouble) == 0) {
		postconf_read_settings(strbuf_text(&out), out.len, &site->arena,
		                       &set.main);
		directory = getenv("MAIL_CONFIG");
		if (directory == NULL)
			directory = postconf_get(&set, name[0]);
	}
	site->is_guess = directory == NULL || directory[0] != '/';
	return site->is_guess ? default_directory : directory;
}

struct postfix_site *postfix_site_ask(const struct conf *conf)
{
	struct postfix_site *site = xcalloc(1, sizeof(*site));
	const char *sender = conf->log.postfix_config_directory, *others;

	arena_init(&site->arena);
	site->until_ms = clock_host_ms() + ASKING_MS;
	site->instances = arena_array(&site->arena, INSTANCES_MAX,
	                              sizeof(*site->instances));
	add_instance(site, find_default(site));
	others = postconf_get(&site->instances[0].set,
	                      "multi_instance_directories");
	if (others != NULL)
		add_others(site, others);
	if (sender[0] != '\0')
		add_instance(site, sender);
	for (size_t i = 0; i < site->count; i++)
		site->instances[i].sends =
			sender[0] == '\0' ||
			strcmp(site->instances[i].directory, sender) == 0;
	return site;
}

void postfix_site_free(struct postfix_site **site)
{
	if (*site == NULL)
		return;
	arena_clear(&(*site)->arena);
	free(*site);
	*site = NULL;
}

bool postfix_site_changed(const struct postfix_site *site)
{
	for (size_t i = 0; i < site->count; i++) {
		const struct postfix_instance *instance = &site->instances[i];

		if (has_changed(instance->directory, "main.cf",
		                &instance->main_cf) ||
		    has_changed(instance->directory, "master.cf",
		                &instance->master_cf))
			return true;
	}
	return false;
}
