/*
 * tlstally-policyd - tells Postfix the TLS policy of a domain before it
 * delivers
 *
 * One thread answers (policyd/policy_server.h), one finds in the store what is
 * not in its memory (policyd/policy_desk.h), the lookup service asks DNS and
 * policy hosts (policy/service.h), and one puts into the store what Postfix is
 * about to be told anew (policyd/told_log.h).  The main thread is the
 * skeleton's (daemon/daemon.h): once a second what was counted goes into the
 * store; now and then it looks whether Postfix's settings, the table of
 * overrides or the resolver have changed.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "base/listen.h"
#include "base/log.h"
#include "base/prompt.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "daemon/daemon.h"
#include "policy/dnssec.h"
#include "policy/resolver.h"
#include "policy/service.h"
#include "policyd/policy_server.h"
#include "postfix/postfix_facts.h"
#include "store/meta_table.h"
#include "store/policy_cache_table.h"

enum {
	SITE_MS = 10 * 1000,
	STATE_MS = 10 * 1000,
	LOOKUP_FILES = 1000,
	FILES = POLICY_CLIENTS_MAX + LOOKUP_FILES + 100,
	OVERRIDES_MAX = 64 * 1024 * 1024,
	/* a hundred thousand policies of 400 bytes, in 64 MiB with the rest */
	CACHE_BYTES = 40 * 1024 * 1024,
	PROBE_MS = 10 * 60 * 1000,
	PROBE_SUSPECT_MS = 10 * 1000,
	PROBE_TURN_MS = 500,
	LOOKUP_NICE = 10,
	QUESTION_MS = 1000, /* the first one keeps Postfix waiting */
};

struct policyd {
	struct daemon base;
	int fd;
	struct unix_socket file; /* of a unix socket that we made */
	struct policy_shelf shelf;
	struct policy_counts counts;
	struct told_log *told;
	struct policy_service *service;
	struct policy_desk *desk;
	struct policy_server *server;

	struct postfix_site *site;
	struct stat table;        /* the file of overrides that was read */
	struct strbuf table_text; /* of the last that was good */
	int64_t look_at_site_ms, write_state_ms;
	int64_t outage_since; /* secs; 0; at start that of the last process */
	int64_t unreached_since; /* secs; 0 */
	bool said_store;

	pthread_t prober;
	bool probes;
	_Atomic bool stops, validates, asks_again;
	_Atomic bool postfix_validates; /* its resolver does, or is silent */
	/* From which files Postfix has its resolvers. */
	pthread_mutex_t lock;
	struct arena files_arena;
	const char *const *files;
	size_t file_count;
};

/* --- the resolver --- */

static void note_files(struct policyd *d)
{
	pthread_mutex_lock(&d->lock);
	arena_reset(&d->files_arena);
	d->files =
		postfix_resolv_files(d->site, &d->files_arena, &d->file_count);
	pthread_mutex_unlock(&d->lock);
}

static const char *const *copy_files(struct policyd *d, struct arena *arena,
                                     size_t *count)
{
	const char **files;

	pthread_mutex_lock(&d->lock);
	*count = d->file_count;
	files = arena_array(arena, *count + 1, sizeof(*files));
	for (size_t i = 0; i < *count; i++)
		files[i] = arena_strdup(arena, d->files[i]);
	pthread_mutex_unlock(&d->lock);
	return files;
}

/* Does Postfix's validate?  No answer tells nothing new. */
static void ask_postfix_resolver(struct policyd *d)
{
	auto_(arena_clear) struct arena arena = {0};
	struct dnssec_answer answer;
	size_t count;
	const char *const *files = copy_files(d, &arena, &count);

	dnssec_ask_postfix(files, count, QUESTION_MS, &arena, &answer);
	if (answer.says != DNSSEC_SILENT)
		atomic_store(&d->postfix_validates,
		             dnssec_may_validate(answer.says));
}

/* Does ours?  False when it did not answer. */
static bool ask_resolver(struct policyd *d)
{
	auto_(arena_clear) struct arena arena = {0};
	struct dnssec_answer answer;

	dnssec_ask_ours(&d->base.conf, QUESTION_MS, &arena, &answer);
	if (answer.says != DNSSEC_SILENT)
		atomic_store(&d->validates, answer.says == DNSSEC_VALIDATES);
	return answer.says != DNSSEC_SILENT;
}

/* Do they validate?  And when all lookups fail, does ours answer at all? */
static void *probe(void *arg)
{
	struct policyd *d = arg;
	int64_t next_ms = 0;

	while (!atomic_load(&d->stops)) {
		int64_t now_ms = clock_monotonic_ms(&d->base.clock);
		bool suspects = policy_desk_suspects(d->desk);

		if (atomic_exchange(&d->asks_again, false))
			next_ms = now_ms;
		if (suspects && next_ms > now_ms + PROBE_SUSPECT_MS)
			next_ms = now_ms + PROBE_SUSPECT_MS;
		if (next_ms > now_ms) {
			wait_ms(PROBE_TURN_MS);
			continue;
		}
		policy_desk_note(d->desk, RESOLVER_SIGNED_NAME,
		                 ask_resolver(d));
		ask_postfix_resolver(d);
		next_ms = clock_monotonic_ms(&d->base.clock) + PROBE_MS;
	}
	return NULL;
}

/* --- the rules --- */

/* The file's text in the place of the one before, if it is a table. */
static int read_overrides(struct policyd *d, struct err *err)
{
	struct strbuf text = {0};
	struct overrides *table = NULL;
	const char *path = d->base.conf.policyd.overrides;

	strbuf_init(&text, OVERRIDES_MAX);
	memset(&d->table, 0, sizeof(d->table));
	if (stat(path, &d->table) < 0)
		err_errno(err, ERR_IO, "%s", path);
	else if (!S_ISREG(d->table.st_mode)) /* a pipe would hold us */
		err_set(err, ERR_IO, "%s is not a regular file", path);
	else if (io_read_file(path, &text, err) == 0 &&
	         overrides_read(&table, strbuf_text(&text), text.len, err) < 0)
		err_prefix(err, "%s", path);
	if (table == NULL) {
		strbuf_clear(&text);
		return err->class;
	}
	overrides_free(&table);
	strbuf_clear(&d->table_text);
	d->table_text = text;
	return 0;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool table_changed(const struct policyd *d)
{
	const char *path = d->base.conf.policyd.overrides;
	struct stat st;

	if (path[0] == '\0')
		return false;
	if (stat(path, &st) < 0)
		memset(&st, 0, sizeof(st));
	return !is_same_file(&st, &d->table);
}

static bool does_validate(struct policyd *d)
{
	return atomic_load(&d->validates) ||
	       (d->desk != NULL && policy_desk_saw_dnssec(d->desk));
}

static void tell_rules(const struct policyd *d, const struct policy_rules *new)
{
	log_info(
		"Postfix %s: level '%s' where no policy is enforced, DANE %s; "
		"%zu overrides",
		new->version[0] != '\0' ? new->version : "(version unknown)",
		new->site.differs ? "not the same everywhere" : new->site.level,
		new->site.dane ? "yes" : "no", overrides_count(new->overrides));
	if (!new->tlsrpt)
		log_warning("Postfix %s cannot read TLSRPT attributes, and "
		            "would defer all mail for them: QUERYwithTLSRPT is "
		            "answered as QUERY. Ask for QUERY in "
		            "smtp_tls_policy_maps, or update Postfix to 3.10",
		            new->version);
	if (new->site.differs)
		log_warning("the services of Postfix that ask have different "
		            "TLS security levels: MTA-STS policies in testing "
		            "mode and failures are not reported; set [policyd] "
		            "level to a level that is not weaker than any of "
		            "theirs");
	if (new->refused)
		log_warning("[policyd] level = %s is not used: Postfix itself "
		            "has a level that is stronger, or does not do DANE",
		            d->base.conf.policyd.level);
	if (strcmp(new->site.level, "none") == 0)
		log_warning("smtp_tls_security_level is none or empty: MTA-STS "
		            "policies in testing mode and failures are not "
		            "reported; set it to may or dane");
	if (d->site != NULL && d->site->trouble.text[0] != '\0' &&
	    d->base.conf.policyd.level[0] == '\0')
		log_warning("%s: cannot find out how Postfix is configured; "
		            "set [policyd] level",
		            d->site->trouble.text);
}

static struct policy_rules *make_rules(struct policyd *d)
{
	struct policy_rules *rules = xcalloc(1, sizeof(*rules));

	policy_rules_of_site(rules, &d->base.conf, d->site,
	                     atomic_load(&d->postfix_validates));
	rules->site.validates = does_validate(d);
	/* it was read once, so it can be again */
	overrides_read(&rules->overrides, strbuf_text(&d->table_text),
	               d->table_text.len, NULL);
	return rules;
}

/* What it has to look for. */
static void tell_service(struct policyd *d, const struct policy_rules *rules)
{
	policy_service_enforce(d->service, rules->site.dane, true);
	policy_service_doubt(d->service, !rules->site.validates);
}

static bool trust_changed(struct policyd *d)
{
	auto_(policy_rules_put) struct policy_rules *rules =
		policy_rules_get(&d->shelf);

	return rules->site.validates != does_validate(d) ||
	       rules->postfix_validates != atomic_load(&d->postfix_validates);
}

/* True when there is another table; one that is wrong is not looked at again
 * before it changes, and the one before stays. */
static bool look_at_table(struct policyd *d)
{
	struct err err = {0};

	if (!table_changed(d))
		return false;
	if (read_overrides(d, &err) == 0)
		return true;
	log_error("%s; the overrides are those read before", err.text);
	return false;
}

/* postconf is asked again only when its files have changed. */
static void look_at_site(struct policyd *d)
{
	struct policy_rules *rules;
	bool new_table, new_site;

	if (!daemon_is_due(&d->base, &d->look_at_site_ms, SITE_MS))
		return;
	new_table = look_at_table(d);
	new_site = postfix_site_changed(d->site);
	if (!new_table && !new_site && !trust_changed(d))
		return;
	if (new_site) {
		postfix_site_free(&d->site);
		d->site = postfix_site_ask(&d->base.conf);
		note_files(d);
		atomic_store(&d->asks_again, true);
	}
	rules = make_rules(d);
	if (new_table || new_site)
		tell_rules(d, rules);
	tell_service(d, rules);
	policy_shelf_set(&d->shelf, rules);
	policy_server_forget(d->server);
}

/* --- the store --- */

static void write_state(struct policyd *d, struct db_txn *txn)
{
	struct policy_rules *rules = policy_rules_get(&d->shelf);
	struct policyd_seen seen = {
		.seen_at = clock_secs(&d->base.clock),
		.outage_since = d->outage_since,
		.unreached_since = d->unreached_since,
		.validates = does_validate(d),
		.does_dane = rules->site.dane,
		.level = site_level_of(rules->site.level),
		.own = rules->site.own,
		.verifies_host = rules->site.verifies_host,
		.leaves_out = !rules->tlsrpt,
		.answers = policy_server_state(d->server).answers,
	};

	meta_policyd_put(txn, &seen);
	policy_rules_put(&rules);
}

/* What a transaction has beside what was told. */
struct writing {
	struct policyd *d;
	uint64_t taken[POLICY_COUNTS];
	bool state;
};

static void write_more(void *arg, struct db_txn *txn)
{
	struct writing *writing = arg;

	policy_counts_write(&writing->d->counts, writing->taken, txn);
	if (writing->state)
		write_state(writing->d, txn);
}

/* What was told and counted.  A store that takes nothing is no reason not to
 * answer: it is tried again a second later. */
static void commit(struct policyd *d, bool state)
{
	struct writing writing = {.d = d, .state = state};
	bool any = state || told_log_count(d->told) > 0;
	struct err err = {0};

	for (size_t i = 0; i < POLICY_COUNTS; i++)
		any |= atomic_load(&d->counts.n[i]) > 0;
	if (!any)
		return;
	if (told_log_commit(d->told, write_more, &writing, &err) == 0) {
		policy_counts_written(&d->counts, writing.taken);
		d->said_store = false;
	} else if (!d->said_store) {
		d->said_store = true;
		log_error("cannot write what Postfix was told: %s; kept in "
		          "memory, will retry",
		          err.text);
	}
}

static void tell_outage(const struct policyd *d)
{
	const char *resolver = d->base.conf.policy.resolver;

	log_error("the resolver (%s) has answered nothing for a minute: "
	          "Postfix is told what is known from before, and of "
	          "other domains %s",
	          resolver[0] != '\0' ? resolver : "/etc/resolv.conf",
	          d->base.conf.policyd.on_failure == ON_FAILURE_DEFER
	                  ? "that their mail has to wait ([policyd] "
	                    "on_failure = defer)"
	                  : "that they have no policy ([policyd] "
	                    "on_failure = pass)");
}

/* True when it began or ended. */
static bool look_for_outage(struct policyd *d)
{
	bool is_out = policy_desk_is_out(d->desk);

	if (is_out == (d->outage_since != 0))
		return false;
	d->outage_since = is_out ? clock_secs(&d->base.clock) : 0;
	if (is_out)
		tell_outage(d);
	else
		log_notice("the resolver answers again");
	return true;
}

/* The resolver's word, before anybody waits for an answer.  One that does not
 * answer is what it was for the process before this one. */
static void ask_first(struct policyd *d)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(d->base.db);
	struct policyd_seen before;

	meta_policyd_get(txn, &before);
	if (ask_resolver(d))
		return;
	if (!meta_policyd_is_up(&before, clock_secs(&d->base.clock)))
		return;
	atomic_store(&d->validates, before.validates);
	d->outage_since = before.outage_since;
	if (d->outage_since != 0)
		tell_outage(d);
}

/* The same of policy hosts: one that is dead is its domain's matter. */
static bool look_for_policy_hosts(struct policyd *d)
{
	struct policy_service_state state = policy_service_state(d->service);

	if (state.reaches_none == (d->unreached_since != 0))
		return false;
	d->unreached_since =
		state.reaches_none ? clock_secs(&d->base.clock) : 0;
	if (state.reaches_none)
		log_error("no policy host can be reached (%u of several "
		          "domains, and none that can): can this host connect "
		          "to port 443 of other hosts? Policies that are known "
		          "stay in force; no new one is fetched",
		          state.missed);
	else
		log_notice("policy hosts can be reached again");
	return true;
}

/* --- the daemon --- */

/* As root: the socket. */
static int open_socket(void *self, struct err *err)
{
	struct policyd *d = self;
	const struct conf *conf = &d->base.conf;
	struct unix_socket_options rights = {0};
	struct listen_options options = {
		.who = "tlstally-policyd",
		.where = conf->policyd.socket,
		.handed_fd = d->base.handed_fd,
	};

	daemon_need_files(FILES, "the maximum number of connections");
	d->base.socket = &d->file;
	if (d->base.handed_fd < 0 &&
	    daemon_socket_rights(&rights, "policyd", conf->policyd.socket_owner,
	                         conf->policyd.socket_group,
	                         conf->policyd.socket_mode, err) < 0)
		return err->class;
	options.owner = rights.owner;
	options.group = rights.group;
	options.mode = rights.mode;
	d->fd = listen_open(&d->file, &options, err);
	return d->fd < 0 ? err->class : 0;
}

static int open_rules(struct policyd *d, struct err *err)
{
	struct policy_rules *rules;

	d->site = postfix_site_ask(&d->base.conf);
	note_files(d);
	ask_postfix_resolver(d);
	if (d->base.conf.policyd.overrides[0] != '\0' &&
	    read_overrides(d, err) < 0)
		return err_prefix(err, "[policyd] overrides");
	rules = make_rules(d);
	tell_rules(d, rules);
	policy_shelf_set(&d->shelf, rules);
	return 0;
}

static int open_lookups(struct policyd *d, struct err *err)
{
	struct policy_rules *rules;
	struct policy_service_options service = {
		.conf = &d->base.conf,
		.clock = &d->base.clock,
		.db = d->base.db,
		.sockets = LOOKUP_FILES,
	};
	struct policy_desk_options desk = {
		.shelf = &d->shelf,
		.counts = &d->counts,
		.clock = &d->base.clock,
		.is_out = d->outage_since != 0,
	};

	if (told_log_open(&d->told, d->base.db, &d->base.clock, err) < 0 ||
	    policy_service_open(&d->service, &service, err) < 0)
		return err->class;
	desk.told = d->told;
	rules = policy_rules_get(&d->shelf);
	tell_service(d, rules);
	policy_rules_put(&rules);
	desk.source = policy_source_of(d->service);
	return policy_desk_open(&d->desk, &desk, err);
}

struct opening {
	struct policyd *d;
	struct err *err;
	int rc;
};

/* Threads that are made here stand back like this one: the server, which
 * answers in microseconds, comes before look-ups when both want a processor. */
static void *open_behind(void *arg)
{
	struct opening *opening = arg;

	prompt_stand_back(LOOKUP_NICE);
	opening->rc = open_lookups(opening->d, opening->err);
	return NULL;
}

static int open_in_background(struct policyd *d, struct err *err)
{
	struct opening opening = {.d = d, .err = err};
	pthread_t thread;

	if (pthread_create(&thread, NULL, open_behind, &opening) != 0)
		return err_set(err, ERR_IO, "cannot start a thread");
	pthread_join(thread, NULL);
	return opening.rc;
}

static int start(void *self, struct err *err)
{
	struct policyd *d = self;
	struct policy_server_options server = {
		.listen_fd = d->fd,
		.shelf = &d->shelf,
		.counts = &d->counts,
		.clock = &d->base.clock,
		.timeout_ms = d->base.conf.policyd.timeout_ms,
		.cache_bytes = CACHE_BYTES,
	};

	ask_first(d);
	if (open_rules(d, err) < 0 || open_in_background(d, err) < 0)
		return err->class;
	server.desk = d->desk;
	server.told = d->told;
	if (policy_server_start(&d->server, &server, err) < 0)
		return err->class;
	d->probes = pthread_create(&d->prober, NULL, probe, d) == 0;
	commit(d, true);
	log_info("answering Postfix at %s by the views in %s",
	         d->base.conf.policyd.socket, d->base.conf.store.directory);
	return 0;
}

static int tick(void *self, struct err *err)
{
	struct policyd *d = self;
	bool changed = look_for_outage(d);

	(void)err;
	changed |= look_for_policy_hosts(d);
	look_at_site(d);
	commit(d, daemon_is_due(&d->base, &d->write_state_ms, STATE_MS) ||
	                  changed);
	return 0;
}

static int64_t progress(void *self)
{
	struct policyd *d = self;

	return policy_server_state(d->server).progress_ms;
}

static int stop(void *self, struct err *err)
{
	struct policyd *d = self;

	(void)err;
	atomic_store(&d->stops, true);
	/* who connects from here on waits in systemd's socket, or is refused */
	unix_socket_close(&d->file);
	policy_server_stop(&d->server);
	if (d->probes)
		pthread_join(d->prober, NULL);
	if (d->desk != NULL)
		policy_desk_stop(d->desk);
	policy_service_close(&d->service);
	if (d->told != NULL)
		commit(d, false);
	told_log_close(&d->told);
	policy_desk_close(&d->desk);
	policy_shelf_clear(&d->shelf);
	postfix_site_free(&d->site);
	strbuf_clear(&d->table_text);
	arena_clear(&d->files_arena);
	if (d->fd >= 0)
		close(d->fd);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct daemon_parts parts = {
		.name = "tlstally-policyd",
		.purpose = "tells Postfix the TLS policy of a domain "
			   "(smtp_tls_policy_maps)",
		.takes_socket = true,
		.open = open_socket,
		.start = start,
		.tick = tick,
		.progress = progress,
		.stop = stop,
	};
	static struct policyd d = {
		.fd = -1,
		.file = {.lock_fd = -1},
		.postfix_validates = true,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};

	policy_shelf_init(&d.shelf);
	return daemon_main(argc, argv, &parts, &d);
}
