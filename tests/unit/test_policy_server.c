/*
 * The whole of the service but DNS, the store and Postfix: a client on a socket
 * asks, a lookup service that does what the test says has views.  The clock
 * stands still until the test moves it.
 */
#include "unit/store_test.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "policyd/outage.h"
#include "policyd/policy_server.h"

enum {
	NOW = 1772359200,
	TTL = 300,
	TIMEOUT_MS = 5000,
	PATIENCE_MS = 30000, /* of the host's clock: a loaded machine */
	NOTHING_MS = 300,    /* nothing comes within that */
	ASKS_MAX = 64,
};

#define ENFORCE "secure match=mx.%s servername=hostname"
#define REPORT                                                                 \
	" policy_type=sts policy_domain=%s mx_host_pattern=mx.%s "             \
	"{ policy_string = mode: enforce }"

/* A lookup service that has the views of some domains, and keeps questions. */
struct fake {
	pthread_mutex_t lock;
	pthread_cond_t asked, hung;
	struct policy_ask asks[ASKS_MAX];
	char domains[ASKS_MAX][64];
	size_t count, told;
	enum {
		KNOWS_NOTHING,
		KNOWS_ALL,
		KNOWS_OLD,
		KNOWS_EXPIRED,
		KNOWS_UNVOUCHED,
		HANGS,
	} knows;
	bool is_busy;
};

struct world {
	struct fake fake;
	struct clock clock;
	struct policy_shelf shelf;
	struct policy_counts counts;
	struct fixture store;
	struct told_log *told;
	struct policy_desk *desk;
	struct policy_server *server;
	char path[64];
	int listen_fd, client;
	struct strbuf in; /* what came and was not read yet */
};

/* --- views --- */

static void make_view(const char *domain, int64_t now, bool old,
                      struct arena *arena, struct domain_view *view)
{
	const char **mx = arena_array(arena, 1, sizeof(*mx));
	const char **lines = arena_array(arena, 1, sizeof(*lines));

	mx[0] = arena_printf(arena, "mx.%s", domain);
	lines[0] = "mode: enforce";
	*view = (struct domain_view){
		.domain = domain,
		.checked_at = now - (old ? 2 * TTL : 0),
		.expires_at = now + (old ? -TTL : TTL),
		.tlsrpt = VIEW_NONE,
		.sts_record = VIEW_OK,
		.sts_id = "1",
		.sts = VIEW_OK,
		.sts_fetch = VIEW_OK,
		.sts_expires_at = now + 604000,
		.sts_policy = {.mode = STS_ENFORCE,
	                       .max_age = 604800,
	                       .mx = mx,
	                       .mx_count = 1,
	                       .lines = lines,
	                       .line_count = 1},
		.mx = VIEW_NONE,
	};
}

static int fake_cached(void *self, const char *domain, struct arena *arena,
                       struct domain_view *view, struct err *err)
{
	struct fake *fake = self;
	int knows;

	(void)err;
	pthread_mutex_lock(&fake->lock);
	while ((knows = fake->knows) == HANGS)
		pthread_cond_wait(&fake->hung, &fake->lock);
	pthread_mutex_unlock(&fake->lock);
	if (knows == KNOWS_NOTHING)
		return 0;
	make_view(domain, NOW, knows == KNOWS_OLD || knows == KNOWS_EXPIRED,
	          arena, view);
	if (knows == KNOWS_EXPIRED) /* its policy, too */
		view->sts_expires_at = view->sts_enforced_until = NOW - 1;
	view->unvouched = knows == KNOWS_UNVOUCHED;
	return 1;
}

static int fake_ask(void *self, const struct policy_ask *ask, struct err *err)
{
	struct fake *fake = self;
	int rc = 0;

	pthread_mutex_lock(&fake->lock);
	if (fake->is_busy || fake->count == ASKS_MAX) {
		rc = err_set(err, ERR_BUSY, "too many");
	} else {
		fake->asks[fake->count] = *ask;
		snprintf(fake->domains[fake->count], 64, "%s", ask->domain);
		fake->count++;
		pthread_cond_signal(&fake->asked);
	}
	pthread_mutex_unlock(&fake->lock);
	return rc;
}

/* The next question that was not answered yet; it must be for that domain. */
static struct policy_ask next_ask(struct world *world, const char *domain)
{
	struct fake *fake = &world->fake;
	struct policy_ask ask;
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	pthread_mutex_lock(&fake->lock);
	while (fake->told == fake->count && rc == 0)
		rc = pthread_cond_timedwait(&fake->asked, &fake->lock, &until);
	assert_int_equal(rc, 0);
	assert_string_equal(fake->domains[fake->told], domain);
	ask = fake->asks[fake->told++];
	pthread_mutex_unlock(&fake->lock);
	return ask;
}

static void tell(struct world *world, const struct policy_ask *ask,
                 const char *domain, bool complete)
{
	auto_(arena_clear) struct arena arena = {0};
	struct domain_view view;
	struct policy_told told = {.domain = domain,
	                           .view = &view,
	                           .complete = complete,
	                           .answered = true};

	make_view(domain, clock_secs(&world->clock), false, &arena, &view);
	ask->tell(ask->arg, &told);
}

/* Its policy cannot be fetched, and there is none from before. */
static void tell_failed(struct world *world, const struct policy_ask *ask,
                        const char *domain, int64_t enforced_until)
{
	int64_t now = clock_secs(&world->clock);
	struct domain_view view = {.domain = domain,
	                           .checked_at = now,
	                           .expires_at = now + VIEW_KEEP_MAX,
	                           .tlsrpt = VIEW_NONE,
	                           .sts_record = VIEW_OK,
	                           .sts_id = "2",
	                           .sts = VIEW_FETCH_ERROR,
	                           .sts_fetch = VIEW_FETCH_ERROR,
	                           .sts_problem = "HTTP status 500",
	                           .sts_enforced_until = enforced_until,
	                           .mx = VIEW_NONE};
	struct policy_told told = {.domain = domain,
	                           .view = &view,
	                           .complete = true,
	                           .answered = true};

	ask->tell(ask->arg, &told);
}

static bool is_asked(struct world *world)
{
	bool asked;

	pthread_mutex_lock(&world->fake.lock);
	asked = world->fake.told < world->fake.count;
	pthread_mutex_unlock(&world->fake.lock);
	return asked;
}

static size_t ask_count(struct world *world)
{
	size_t count;

	pthread_mutex_lock(&world->fake.lock);
	count = world->fake.count;
	pthread_mutex_unlock(&world->fake.lock);
	return count;
}

/* --- the world --- */

static void listen_at(struct world *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(world->path, sizeof(world->path), "/tmp/policyd.%d.sock",
	         (int)getpid());
	unlink(world->path);
	strcpy(address.sun_path, world->path);
	world->listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(world->listen_fd,
	                      (const struct sockaddr *)&address,
	                      sizeof(address)),
	                 0);
	assert_int_equal(listen(world->listen_fd, 128), 0);
}

static int connect_to(const struct world *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, world->path);
	assert_int_equal(
		connect(fd, (const struct sockaddr *)&address, sizeof(address)),
		0);
	return fd;
}

static void set_rules(struct world *world, bool tlsrpt, bool defers,
                      const char *overrides)
{
	struct policy_rules *rules = xcalloc(1, sizeof(*rules));

	rules->site = (struct policy_site){.level = "may",
	                                   .validates = true,
	                                   .defers = defers,
	                                   .temp_secs = 3600};
	rules->tlsrpt = tlsrpt;
	assert_int_equal(overrides_read(&rules->overrides, overrides,
	                                strlen(overrides), NULL),
	                 0);
	policy_shelf_set(&world->shelf, rules);
}

static int set_up(void **state)
{
	struct world *world = xcalloc(1, sizeof(*world));
	struct policy_desk_options desk = {
		.source = {&world->fake, fake_cached, fake_ask},
		.shelf = &world->shelf,
		.counts = &world->counts,
		.clock = &world->clock,
	};
	struct policy_server_options server = {
		.shelf = &world->shelf,
		.counts = &world->counts,
		.clock = &world->clock,
		.timeout_ms = TIMEOUT_MS,
		.cache_bytes = 1 << 20,
	};
	struct err err = {0};

	pthread_mutex_init(&world->fake.lock, NULL);
	pthread_cond_init(&world->fake.asked, NULL);
	pthread_cond_init(&world->fake.hung, NULL);
	world->clock = clock_fixed(NOW);
	policy_shelf_init(&world->shelf);
	set_rules(world, true, false,
	          "over.test encrypt\nkept.test dunno\n[hop.test]:25 none\n");
	fixture_make(&world->store);
	fixture_open(&world->store);
	assert_int_equal(told_log_open(&world->told, world->store.db,
	                               &world->clock, &err),
	                 0);
	server.told = desk.told = world->told;
	listen_at(world);
	server.listen_fd = world->listen_fd;
	assert_int_equal(policy_desk_open(&world->desk, &desk, &err), 0);
	server.desk = world->desk;
	assert_int_equal(policy_server_start(&world->server, &server, &err), 0);
	world->client = connect_to(world);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	struct fake *fake = &world->fake;

	policy_server_stop(&world->server);
	policy_desk_stop(world->desk);
	/* as the service does at its end */
	for (; fake->told < fake->count; fake->told++) {
		struct policy_told none = {.domain = fake->domains[fake->told]};

		fake->asks[fake->told].tell(fake->asks[fake->told].arg, &none);
	}
	told_log_close(&world->told);
	policy_desk_close(&world->desk);
	fixture_clear(&world->store);
	policy_shelf_clear(&world->shelf);
	close(world->client);
	close(world->listen_fd);
	unlink(world->path);
	strbuf_clear(&world->in);
	free(world);
	return 0;
}

static void pass(struct world *world, int64_t secs)
{
	world->clock.fixed_ms += secs * 1000;
}

/* --- the client --- */

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
	                 strlen(text));
}

static void ask_map(struct world *world, const char *map, const char *key)
{
	auto_(strbuf_clear) struct strbuf out = {0};

	strbuf_printf(&out, "%zu:%s %s,", strlen(map) + 1 + strlen(key), map,
	              key);
	send_text(world->client, strbuf_text(&out));
}

static void ask(struct world *world, const char *key)
{
	ask_map(world, "QUERYwithTLSRPT", key);
}

static bool can_read(struct world *world, int timeout_ms)
{
	struct pollfd fd = {.fd = world->client, .events = POLLIN};

	return world->in.len > 0 || poll(&fd, 1, timeout_ms) > 0;
}

/* The next reply, without its length; the test's to free. */
static char *next_reply(struct world *world)
{
	for (;;) {
		char *colon =
			world->in.len > 0 ? strchr(world->in.data, ':') : NULL;
		size_t len =
			colon != NULL ? strtoul(world->in.data, NULL, 10) : 0;
		size_t head = colon != NULL
		                      ? (size_t)(colon + 1 - world->in.data)
		                      : 0;
		char bytes[4096], *reply;
		ssize_t n;

		if (colon != NULL && world->in.len > head + len) {
			assert_int_equal(world->in.data[head + len], ',');
			reply = xstrndup(colon + 1, len);
			world->in.len -= head + len + 1;
			memmove(world->in.data, world->in.data + head + len + 1,
			        world->in.len + 1);
			return reply;
		}
		{
			struct pollfd fd = {.fd = world->client,
			                    .events = POLLIN};

			assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
		}
		n = recv(world->client, bytes, sizeof(bytes), 0);
		assert_true(n > 0);
		strbuf_add(&world->in, bytes, (size_t)n);
	}
}

static void expect(struct world *world, const char *want)
{
	auto_(xfree_str) char *reply = next_reply(world);

	assert_string_equal(reply, want);
}

static bool begins_next(struct world *world, const char *want)
{
	auto_(xfree_str) char *reply = next_reply(world);

	return strncmp(reply, want, strlen(want)) == 0;
}

/* And the server notices. */
static void pass_a_bit(struct world *world)
{
	world->clock.fixed_ms += 100;
	ask(world, ".test");
	expect(world, "NOTFOUND ");
}

static void expect_enforce(struct world *world, const char *domain)
{
	auto_(xfree_str) char *want =
		xasprintf("OK " ENFORCE REPORT, domain, domain, domain);

	expect(world, want);
}

static void expect_closed(struct world *world)
{
	struct pollfd fd = {.fd = world->client, .events = POLLIN};
	char byte;

	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	assert_true(recv(world->client, &byte, 1, 0) <= 0);
}

static void expect_nothing(struct world *world)
{
	assert_false(can_read(world, NOTHING_MS));
}

static void set_known(struct world *world, int knows)
{
	pthread_mutex_lock(&world->fake.lock);
	world->fake.knows = knows;
	pthread_cond_broadcast(&world->fake.hung);
	pthread_mutex_unlock(&world->fake.lock);
}

/* What the desk found until now is with the server: it comes in its turn. */
static void let_results_come(struct world *world)
{
	struct world other = *world;

	set_known(world, KNOWS_ALL);
	other.client = connect_to(world);
	other.in = (struct strbuf){0};
	ask(&other, "later.test");
	expect_enforce(&other, "later.test");
	close(other.client);
	strbuf_clear(&other.in);
}

static uint64_t counted(struct world *world, unsigned what)
{
	return atomic_load(&world->counts.n[what]);
}

/* Since when the store has it; 0: not at all. */
static int64_t told_since(struct world *world, const char *domain)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->store.db);
	auto_(arena_clear) struct arena arena = {0};
	struct told told;

	return told_get(txn, domain, INT64_MAX, &arena, &told) ? told.since : 0;
}

/* --- the tests --- */

static void test_known(void **state)
{
	struct world *world = *state;

	set_known(world, KNOWS_ALL);
	ask(world, "d.test");
	expect_enforce(world, "d.test");
	set_known(world, KNOWS_NOTHING);
	ask(world, "d.test");
	expect_enforce(world, "d.test");
	ask(world, "D.TEST.");
	expect_enforce(world, "d.test");
	ask_map(world, "QUERY", "d.test");
	expect(world, "OK secure match=mx.d.test servername=hostname");
	assert_int_equal(ask_count(world), 0);
	assert_int_equal(counted(world, TOLD_STS_ENFORCE), 4);
	assert_int_equal(told_since(world, "d.test"), NOW);
}

/* Postfix 3.7 would defer all mail for what it cannot read. */
static void test_old_postfix(void **state)
{
	struct world *world = *state;

	set_rules(world, false, false, "");
	policy_server_forget(world->server);
	set_known(world, KNOWS_ALL);
	ask(world, "d.test");
	expect(world, "OK secure match=mx.d.test servername=hostname");
	assert_int_equal(counted(world, COUNT_PLAIN), 1);
}

/* An answer that is made while the rules change is told, and made anew. */
static void test_between_rules(void **state)
{
	struct world *world = *state;
	struct policy_ask lookup;

	ask(world, "d.test");
	lookup = next_ask(world, "d.test");
	set_rules(world, true, false, "d.test encrypt\n");
	tell(world, &lookup, "d.test", true);
	expect_enforce(world, "d.test");
	policy_server_forget(world->server);
	ask(world, "d.test");
	expect(world, "OK encrypt");
}

static void test_keys(void **state)
{
	static const char *const keys[] = {".test",          "[mx.d.test]",
	                                   "[192.0.2.1]:25", "mx.d.test:25",
	                                   "localhost",      ""};
	struct world *world = *state;

	for (size_t i = 0; i < COUNT(keys); i++) {
		ask(world, keys[i]);
		expect(world, "NOTFOUND ");
	}
	assert_int_equal(ask_count(world), 0);
	assert_int_equal(counted(world, TOLD_NONE), COUNT(keys));
}

static void test_overrides(void **state)
{
	struct world *world = *state;

	set_known(world, KNOWS_ALL);
	ask(world, "over.test");
	expect(world, "OK encrypt");
	ask(world, "kept.test");
	expect(world, "NOTFOUND ");
	ask(world, "[hop.test]:25");
	expect(world, "OK none");
	assert_int_equal(ask_count(world), 0);
	/* another table */
	set_rules(world, true, false, "");
	policy_server_forget(world->server);
	do
		ask(world, "[hop.test]:25");
	while (begins_next(world, "OK none"));
	ask(world, "over.test");
	expect_enforce(world, "over.test");
}

/* One who waits delays no other, but what he asks after that. */
static void test_cold(void **state)
{
	struct world *world = *state;
	struct policy_ask lookup;
	int slow = world->client, other;

	ask(world, "cold.test");
	ask(world, ".test");
	lookup = next_ask(world, "cold.test");
	assert_false(lookup.background);
	other = world->client = connect_to(world);
	ask(world, "over.test");
	expect(world, "OK encrypt");
	world->client = slow;
	expect_nothing(world);
	tell(world, &lookup, "cold.test", true);
	expect_enforce(world, "cold.test");
	expect(world, "NOTFOUND ");
	close(other);
	assert_int_equal(counted(world, COUNT_COLD), 1);
	assert_int_equal(counted(world, COUNT_LOOKUPS), 1);
	assert_int_equal(counted(world, COUNT_FAILURES), 0);
}

/* Many who ask for one are all told by one lookup. */
static void test_many_wait(void **state)
{
	enum { CLIENTS = 50 };
	struct world *world = *state;
	int clients[CLIENTS], first = world->client;
	struct policy_ask lookup;

	for (int i = 0; i < CLIENTS; i++) {
		world->client = clients[i] = connect_to(world);
		ask(world, "cold.test");
	}
	lookup = next_ask(world, "cold.test");
	/* some lose patience */
	for (int i = 0; i < CLIENTS; i += 7)
		close(clients[i]);
	tell(world, &lookup, "cold.test", true);
	for (int i = 0; i < CLIENTS; i++) {
		if (i % 7 == 0)
			continue;
		world->client = clients[i];
		expect_enforce(world, "cold.test");
		close(clients[i]);
	}
	assert_int_equal(ask_count(world), 1);
	world->client = first;
}

/* More answers at once than the server takes from the desk in one turn */
static void test_many_domains(void **state)
{
	enum { CLIENTS = 50 };
	struct world *world = *state;
	int clients[CLIENTS], first = world->client;
	char domain[32];

	set_known(world, HANGS);
	for (int i = 0; i < CLIENTS; i++) {
		world->client = clients[i] = connect_to(world);
		snprintf(domain, sizeof(domain), "d%d.test", i);
		ask(world, domain);
	}
	set_known(world, KNOWS_ALL);
	for (int i = 0; i < CLIENTS; i++) {
		world->client = clients[i];
		snprintf(domain, sizeof(domain), "d%d.test", i);
		expect_enforce(world, domain);
		close(clients[i]);
	}
	world->client = first;
}

static void test_time_limit(void **state)
{
	struct world *world = *state;
	struct policy_ask lookup;

	ask(world, "slow.test");
	lookup = next_ask(world, "slow.test");
	pass(world, TIMEOUT_MS / 1000 - 1);
	expect_nothing(world);
	pass(world, 1);
	expect(world, "NOTFOUND ");
	assert_int_equal(counted(world, COUNT_TIMEOUTS), 1);
	/* for the next MX host: at once */
	ask(world, "slow.test");
	expect(world, "NOTFOUND ");
	assert_int_equal(ask_count(world), 1);
	tell(world, &lookup, "slow.test", true);
	do
		ask(world, "slow.test");
	while (begins_next(world, "NOTFOUND "));
}

static void test_time_limit_defers(void **state)
{
	struct world *world = *state;
	struct policy_ask lookup;

	set_rules(world, true, true, "");
	policy_server_forget(world->server);
	ask(world, "slow.test");
	lookup = next_ask(world, "slow.test");
	pass(world, TIMEOUT_MS / 1000);
	expect(world, "TEMP nothing is known of the domain yet");
	tell(world, &lookup, "slow.test", true);
}

static void test_old_view(void **state)
{
	struct world *world = *state;
	struct policy_ask lookup;

	set_known(world, KNOWS_OLD);
	ask(world, "old.test");
	lookup = next_ask(world, "old.test");
	assert_true(lookup.anew);
	let_results_come(world);
	expect_nothing(world);
	pass(world, TIMEOUT_MS / 1000);
	expect_enforce(world, "old.test");
	assert_int_equal(counted(world, COUNT_STALE), 1);
	tell(world, &lookup, "old.test", true);
}

/* The server may have begun to refresh it before it was asked: then there may
 * be two lookups, or the first one has the answer. */
static void tell_all_failed(struct world *world, const char *domain,
                            int64_t enforced_until)
{
	struct policy_ask lookup = {.background = true};

	while (lookup.background && !can_read(world, 0)) {
		if (!is_asked(world)) {
			wait_ms(1);
			continue;
		}
		lookup = next_ask(world, domain);
		tell_failed(world, &lookup, domain, enforced_until);
	}
}

/* An enforced policy that is over and cannot be had anew keeps mail waiting,
 * for an hour; then the mail goes, and the failure is reported. */
static void test_expired_policy(void **state)
{
	struct world *world = *state;
	struct policy_ask lookup;

	set_known(world, KNOWS_EXPIRED);
	ask(world, "d.test");
	lookup = next_ask(world, "d.test");
	set_known(world, KNOWS_NOTHING);
	tell_failed(world, &lookup, "d.test", NOW - 1);
	expect(world, "TEMP its MTA-STS policy of mode enforce is over, and "
	              "the new one cannot be had");
	/* the view of the next lookup does not have that policy any more */
	pass(world, 120);
	set_known(world, KNOWS_NOTHING);
	ask(world, "d.test");
	tell_all_failed(world, "d.test", NOW - 1);
	expect(world, "TEMP its MTA-STS policy of mode enforce is over, and "
	              "the new one cannot be had");
	pass(world, 3600);
	ask(world, "d.test");
	tell_all_failed(world, "d.test", NOW - 1);
	expect(world, "OK may policy_type=sts policy_domain=d.test");
}

/* There are other rules, whose answer nobody has yet. */
static void test_old_view_and_new_rules(void **state)
{
	struct world *world = *state;
	struct policy_ask lookup;
	int slow = world->client;

	set_known(world, KNOWS_OLD);
	ask(world, "old.test");
	lookup = next_ask(world, "old.test");
	let_results_come(world);
	world->client = connect_to(world);
	policy_server_forget(world->server);
	for (int i = 0; i < 2; i++) { /* after two turns it has heard that */
		ask(world, ".test");
		expect(world, "NOTFOUND ");
	}
	close(world->client);
	world->client = slow;
	pass(world, TIMEOUT_MS / 1000);
	expect_enforce(world, "old.test");
	tell(world, &lookup, "old.test", true);
}

static void test_busy(void **state)
{
	struct world *world = *state;

	world->fake.is_busy = true;
	ask(world, "d.test");
	expect(world, "NOTFOUND ");
	set_known(world, KNOWS_OLD);
	ask(world, "d.test");
	expect_enforce(world, "d.test");
}

/* Nobody waits for a resolver that answers nobody. */
static void test_outage(void **state)
{
	struct world *world = *state;

	policy_desk_note(world->desk, "a.test", false);
	policy_desk_note(world->desk, "b.test", false);
	pass(world, OUTAGE_AFTER_MS / 1000);
	assert_true(policy_desk_is_out(world->desk));
	ask(world, "new.test");
	expect(world, "NOTFOUND ");
	set_known(world, KNOWS_OLD);
	ask(world, "old.test");
	expect_enforce(world, "old.test");
	policy_desk_note(world->desk, "a.test", true);
	assert_false(policy_desk_is_out(world->desk));
}

/* Policy hosts that do not answer are no outage of the resolver. */
static void test_no_outage(void **state)
{
	struct world *world = *state;
	struct policy_ask lookup;

	for (int i = 0; i < 3; i++) {
		auto_(xfree_str) char *domain = xasprintf("d%d.test", i);

		ask(world, domain);
		lookup = next_ask(world, domain);
		tell(world, &lookup, domain, false);
		expect_enforce(world, domain);
		pass(world, OUTAGE_AFTER_MS / 1000);
	}
	assert_int_equal(counted(world, COUNT_FAILURES), 3);
	assert_false(policy_desk_is_out(world->desk));
	assert_false(policy_desk_suspects(world->desk));
}

/* Its record could not be had; that is so for an hour. */
static void tell_no_answer(struct world *world, const struct policy_ask *ask,
                           const char *domain)
{
	int64_t now = clock_secs(&world->clock);
	struct domain_view view = {.domain = domain,
	                           .checked_at = now,
	                           .expires_at = now + VIEW_KEEP_MAX,
	                           .tlsrpt = VIEW_NONE,
	                           .sts_record = VIEW_TEMPFAIL,
	                           .sts = VIEW_TEMPFAIL,
	                           .mx = VIEW_NONE};
	struct policy_told told = {.domain = domain, .view = &view};

	ask->tell(ask->arg, &told);
}

/* With on_failure = defer: what failed before an outage is not what is told in
 * it, and what was told in it not what is told behind it. */
static void test_outage_defers(void **state)
{
	static const char temp[] = "TEMP nothing is known of the domain yet";
	struct world *world = *state;
	struct policy_ask lookup;

	set_rules(world, true, true, "");
	policy_server_forget(world->server);
	ask(world, "d.test");
	lookup = next_ask(world, "d.test");
	tell_no_answer(world, &lookup, "d.test");
	expect(world, "NOTFOUND ");
	ask(world, "d.test");
	expect(world, "NOTFOUND ");
	policy_desk_note(world->desk, "b.test", false);
	pass(world, OUTAGE_AFTER_MS / 1000);
	pass_a_bit(world);
	ask(world, "d.test");
	lookup = next_ask(world, "d.test");
	expect(world, temp);
	tell_no_answer(world, &lookup, "d.test");
	do
		ask(world, "d.test");
	while (begins_next(world, temp));
	ask(world, "d.test");
	expect(world, "TEMP the resolver does not answer");
	policy_desk_note(world->desk, "b.test", true);
	pass_a_bit(world);
	ask(world, "d.test");
	lookup = next_ask(world, "d.test");
	tell(world, &lookup, "d.test", true);
	expect_enforce(world, "d.test");
}

/* The resolver has begun to validate: what was found before is looked up
 * again, by use. */
static void test_resolver_validates(void **state)
{
	struct world *world = *state;
	struct policy_ask lookup;
	struct policy_rules *rules = xcalloc(1, sizeof(*rules));

	rules->site = (struct policy_site){
		.level = "dane", .dane = true, .validates = true};
	rules->tlsrpt = true;
	policy_shelf_set(&world->shelf, rules);
	policy_server_forget(world->server);
	set_known(world, KNOWS_ALL);
	ask(world, "same.test");
	expect_enforce(world, "same.test");
	set_known(world, KNOWS_UNVOUCHED);
	ask(world, "d.test");
	lookup = next_ask(world, "d.test");
	assert_true(lookup.anew);
	tell(world, &lookup, "d.test", true);
	expect_enforce(world, "d.test");
}

/* Whoever set the clock back: what is told is noted for the time that is. */
static void test_clock_is_set_back(void **state)
{
	struct world *world = *state;

	set_known(world, KNOWS_ALL);
	ask(world, "d.test");
	expect_enforce(world, "d.test");
	assert_int_equal(told_since(world, "d.test"), NOW);
	clock_step(&world->clock, -60 * 1000);
	pass_a_bit(world);
	ask(world, "d.test");
	expect_enforce(world, "d.test");
	assert_int_equal(told_since(world, "d.test"), NOW - 60);
}

/* The table of overrides needs no store. */
static void test_store_hangs(void **state)
{
	struct world *world = *state;
	int slow = world->client;

	set_known(world, HANGS);
	ask(world, "cold.test");
	world->client = connect_to(world);
	ask(world, "over.test");
	expect(world, "OK encrypt");
	ask(world, "kept.test");
	expect(world, "NOTFOUND ");
	assert_int_equal(told_log_count(world->told), 2);
	close(world->client);
	world->client = slow;
	set_known(world, KNOWS_ALL);
	expect_enforce(world, "cold.test");
}

/* What did not fit into the log is noted when there is room again. */
static void test_told_log_is_full(void **state)
{
	static const struct told other = {.since = NOW, .kind = TOLD_DANE};
	struct world *world = *state;

	while (told_log_add(world->told, "other.test", &other, NULL, NULL))
		;
	set_known(world, KNOWS_ALL);
	ask(world, "d.test");
	expect_enforce(world, "d.test");
	assert_int_equal(told_since(world, "d.test"), 0);
	assert_int_equal(told_log_commit(world->told, NULL, NULL, NULL), 0);
	assert_int_equal(told_log_count(world->told), 0);
	policy_server_forget(world->server);
	for (int i = 0; i < 100 && told_since(world, "d.test") == 0; i++) {
		ask(world, "d.test");
		expect_enforce(world, "d.test");
	}
	assert_int_equal(told_since(world, "d.test"), NOW);
}

/* Before it expires, what is in use; what is not, expires. */
static void *know_later(void *arg)
{
	usleep(50 * 1000);
	set_known(arg, KNOWS_ALL);
	return NULL;
}

/* The store has the answer: a second connection that ends without one would
 * defer the mail. */
static void test_asked_before_the_end(void **state)
{
	struct world *world = *state;
	pthread_t thread;

	set_known(world, KNOWS_ALL);
	ask(world, "first.test");
	expect_enforce(world, "first.test");
	set_known(world, HANGS);
	ask(world, "second.test");
	assert_int_equal(pthread_create(&thread, NULL, know_later, world), 0);
	policy_server_stop(&world->server);
	pthread_join(thread, NULL);
	expect_enforce(world, "second.test");
}

static void test_refresh(void **state)
{
	enum { ALL_SEEN = 2 * 10 * 10 }; /* ten seconds, twice */
	struct world *world = *state;
	struct policy_ask lookup;

	set_known(world, KNOWS_ALL);
	ask(world, "used.test");
	expect_enforce(world, "used.test");
	pass(world, TTL * 4 / 5);
	while (ask_count(world) == 0)
		pass_a_bit(world);
	lookup = next_ask(world, "used.test");
	assert_true(lookup.background);
	assert_true(lookup.anew);
	ask(world, "used.test");
	expect_enforce(world, "used.test");
	tell(world, &lookup, "used.test", true);
	assert_int_equal(counted(world, COUNT_REFRESHES), 1);
	/* it is on its way when the log has it, and behind a second turn of
	 * the server that has it */
	assert_int_equal(told_log_commit(world->told, NULL, NULL, NULL), 0);
	for (int i = 0; i < 2; i++) {
		ask(world, "over.test");
		expect(world, "OK encrypt");
	}
	/* past the end of the first one */
	pass(world, TTL / 5);
	set_known(world, KNOWS_NOTHING);
	ask(world, "used.test");
	expect_enforce(world, "used.test");
	assert_int_equal(ask_count(world), 1);
	/* nobody asks any more */
	pass(world, 24 * 3600);
	for (int i = 0; i < ALL_SEEN; i++)
		pass_a_bit(world);
	assert_int_equal(ask_count(world), 1);
}

static void test_explain(void **state)
{
	struct world *world = *state;
	char *reply;

	set_known(world, KNOWS_ALL);
	ask_map(world, "EXPLAIN", "D.test");
	reply = next_reply(world);
	assert_non_null(strstr(reply, "\"domain\":\"d.test\""));
	assert_non_null(strstr(reply, "\"answer\":\"secure match=mx.d.test "));
	assert_non_null(strstr(reply, "its MTA-STS policy, mode enforce"));
	free(reply);
	ask_map(world, "EXPLAIN", "[hop.test]:26");
	reply = next_reply(world);
	assert_non_null(strstr(reply, "next hop in brackets"));
	free(reply);
	assert_int_equal(ask_count(world), 0);
}

static void test_bad_input(void **state)
{
	static const char *const bad[] = {"GET / HTTP/1.0\r\n\r\n",
	                                  "99999:QUERY", "7:QUERY a;",
	                                  "\xff\xff\xff\xff"};
	struct world *world = *state;

	send_text(world->client, "9:aliases x,");
	expect(world, "PERM the map 'aliases' is neither QUERY nor "
	              "QUERYwithTLSRPT");
	for (size_t i = 0; i < COUNT(bad); i++) {
		send_text(world->client, bad[i]);
		expect_closed(world);
		close(world->client);
		world->client = connect_to(world);
	}
	/* byte by byte */
	for (const char *c = "15:QUERY over.test,"; *c != '\0'; c++) {
		char text[2] = {*c};

		send_text(world->client, text);
	}
	expect(world, "OK encrypt");
	assert_int_equal(counted(world, COUNT_BAD), 1 + COUNT(bad));
}

/* Who closes his side has asked all the same. */
static void test_half_closed(void **state)
{
	struct world *world = *state;

	ask(world, "over.test");
	ask(world, "kept.test");
	shutdown(world->client, SHUT_WR);
	expect(world, "OK encrypt");
	expect(world, "NOTFOUND ");
	expect_closed(world);
}

static void *send_many(void *arg)
{
	struct world *world = arg;

	for (int i = 0; i < 20000; i++)
		ask(world, "d.test");
	return NULL;
}

/* He asks and asks and does not read: nobody else notices. */
static void test_slow_reader(void **state)
{
	struct world *world = *state;
	struct world other = *world;
	pthread_t sender;

	set_known(world, KNOWS_ALL);
	assert_int_equal(pthread_create(&sender, NULL, send_many, world), 0);
	other.client = connect_to(world);
	for (int i = 0; i < 200; i++) {
		ask(&other, "over.test");
		expect(&other, "OK encrypt");
	}
	close(other.client);
	strbuf_clear(&other.in);
	for (int i = 0; i < 20000; i++)
		expect_enforce(world, "d.test");
	pthread_join(sender, NULL);
}

/* All its questions come at once, and it reads when no more replies find room:
 * what was asked then is answered, too, though nothing more comes from it. */
static void test_asked_at_once(void **state)
{
	static const char one[] = "22:QUERYwithTLSRPT d.test,";
	struct world *world = *state;

	set_known(world, KNOWS_ALL);
	ask(world, "d.test");
	expect_enforce(world, "d.test");
	for (size_t count = 1500; count <= 2400; count += 20) {
		auto_(strbuf_clear) struct strbuf all = {0};
		struct world other = *world;

		for (size_t i = 0; i < count; i++)
			strbuf_puts(&all, one);
		assert_int_equal(
			send(world->client, all.data, all.len, MSG_NOSIGNAL),
			all.len);
		/* the server has come to an end with it by then */
		other.client = connect_to(world);
		other.in = (struct strbuf){0};
		for (int i = 0; i < 50; i++) {
			ask(&other, "over.test");
			expect(&other, "OK encrypt");
		}
		close(other.client);
		strbuf_clear(&other.in);
		for (size_t i = 0; i < count; i++)
			expect_enforce(world, "d.test");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_known),
		TEST(test_between_rules),
		TEST(test_old_postfix),
		TEST(test_keys),
		TEST(test_overrides),
		TEST(test_cold),
		TEST(test_many_wait),
		TEST(test_many_domains),
		TEST(test_time_limit),
		TEST(test_time_limit_defers),
		TEST(test_old_view),
		TEST(test_expired_policy),
		TEST(test_old_view_and_new_rules),
		TEST(test_busy),
		TEST(test_outage),
		TEST(test_no_outage),
		TEST(test_outage_defers),
		TEST(test_resolver_validates),
		TEST(test_clock_is_set_back),
		TEST(test_store_hangs),
		TEST(test_told_log_is_full),
		TEST(test_refresh),
		TEST(test_explain),
		TEST(test_bad_input),
		TEST(test_half_closed),
		TEST(test_slow_reader),
		TEST(test_asked_at_once),
		TEST(test_asked_before_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
