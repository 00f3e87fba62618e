#include "policyd/policy_server.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/prompt.h"
#include "base/xalloc.h"
#include "policyd/answer_cache.h"
#include "policyd/policy_client.h"
#include "policyd/policy_key.h"
#include "policyd/policy_request.h"
#include "policyd/waiting_domains.h"

enum {
	EVENTS = 256,
	/* At a time, then others have their turn: */
	ACCEPTS = 64,
	RESULTS = 16, /* of the desk; they come by the hundred */
	WALK_MS = 100,
	WALK_PARTS = 100,      /* all answers are looked at in ten seconds */
	IN_USE_SECS = 30 * 60, /* an answer is kept fresh so long after its
	                          last use */
	REFRESHES_MAX = 2000,  /* under way */
	STOP_TURNS = 1000,
	STOP_IDLE_MS = 10,
	STOP_IDLE_TURNS = STOP_TURNS / 100, /* one without anything to do */
};

struct policy_server {
	struct policy_server_options options;
	pthread_t thread;
	int epoll_fd, wake_fd;
	_Atomic bool stops;
	_Atomic(struct policy_rules *) next_rules; /* NULL: none */
	_Atomic uint64_t client_count, answer_count, byte_count;
	_Atomic int64_t progress_ms;

	/* the thread's own */
	struct policy_rules *rules;
	struct answer_cache *cache;
	struct waiting_domains *waiting;
	struct policy_client *oldest, *newest;
	struct policy_client *dead; /* until the end of a turn */
	uint64_t last_id;
	size_t clients, refreshes;
	int64_t now_ms, walk_ms;
	struct strbuf text;
	bool is_out;     /* the resolver answers nobody */
	int64_t seen_at; /* secs: the wall clock */
	struct log_limit said_bad, said_full;
};

/* --- clients --- */

static void unlink_client(struct policy_server *server,
                          struct policy_client *client)
{
	*(client->older ? &client->older->newer : &server->oldest) =
		client->newer;
	*(client->newer ? &client->newer->older : &server->newest) =
		client->older;
}

static void link_newest(struct policy_server *server,
                        struct policy_client *client)
{
	client->newer = NULL;
	client->older = server->newest;
	*(server->newest ? &server->newest->newer : &server->oldest) = client;
	server->newest = client;
}

/* It is freed when nobody in this turn can have it any more. */
static void close_client(struct policy_server *server,
                         struct policy_client *client)
{
	if (client->is_closed)
		return;
	client->is_closed = true;
	waiting_domain_leave(client);
	unlink_client(server, client);
	epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, client->fd, NULL);
	client->newer = server->dead;
	server->dead = client;
	server->clients--;
}

static void bury(struct policy_server *server)
{
	while (server->dead != NULL) {
		struct policy_client *client = server->dead;

		server->dead = client->newer;
		policy_client_free(&client);
	}
}

static void watch(struct policy_server *server, struct policy_client *client)
{
	struct epoll_event event = {
		.events = policy_client_events(client),
		.data.ptr = client,
	};

	if (client->events == event.events)
		return;
	client->events = event.events;
	epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
}

/* The one that was silent the longest makes room, one that waits for nothing if
 * there is one. */
static void make_room(struct policy_server *server)
{
	struct policy_client *client = server->oldest;
	uint64_t held;

	while (client != NULL && policy_client_waits(client))
		client = client->newer;
	if (log_allowed(&server->said_full, server->now_ms, &held))
		log_warning("%zu connections, as many as there may be: the "
		            "one that was idle the longest is closed",
		            server->clients);
	if (client == NULL)
		client = server->oldest;
	if (client != NULL)
		close_client(server, client);
}

static void accept_clients(struct policy_server *server)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct epoll_event event = {.events = EPOLLIN};
		struct policy_client *client;
		int fd = accept4(server->options.listen_fd, NULL, NULL,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
			make_room(server);
			bury(server);
		}
		if (fd < 0)
			return;
		client = policy_client_new(fd, ++server->last_id);
		event.data.ptr = client;
		client->events = event.events;
		if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) <
		    0) {
			policy_client_free(&client);
			continue;
		}
		link_newest(server, client);
		server->clients++;
		if (server->clients > POLICY_CLIENTS_MAX)
			make_room(server);
	}
}

/* --- answers --- */

static void count(struct policy_server *server, unsigned what)
{
	policy_count(server->options.counts, what);
}

static void reply(struct policy_client *client, const char *status,
                  const char *text, size_t len)
{
	policy_reply_add(&client->out, status, text, len);
}

static void reply_ready(struct policy_server *server,
                        struct policy_client *client,
                        struct ready_answer *answer)
{
	struct strbuf *text = &server->text;
	bool plain = client->map == MAP_QUERY || !server->rules->tlsrpt;
	size_t len = plain ? answer->plain_len : answer->text_len;

	count(server, answer->kind);
	if (client->map == MAP_QUERY_TLSRPT && plain &&
	    answer->plain_len != answer->text_len)
		count(server, COUNT_PLAIN);
	answer->used_at = (uint32_t)(server->now_ms / 1000);
	strbuf_reset(text);
	if (answer->kind == TOLD_TEMP)
		len = answer->text_len;
	answer_cache_text(answer, len, text);
	if (answer->kind == TOLD_TEMP)
		reply(client, "TEMP", strbuf_text(text), text->len);
	else if (len > 0)
		reply(client, "OK", strbuf_text(text), text->len);
	else
		reply(client, "NOTFOUND", "", 0);
}

/* Nothing is known of the domain. */
static void reply_unknown(struct policy_server *server,
                          struct policy_client *client)
{
	static const char why[] = "nothing is known of the domain yet";

	count(server, COUNT_TIMEOUTS);
	if (server->rules->site.defers) {
		count(server, TOLD_TEMP);
		reply(client, "TEMP", why, sizeof(why) - 1);
	} else {
		count(server, TOLD_NONE);
		reply(client, "NOTFOUND", "", 0);
	}
}

/* By what was known before, however old it is. */
static void reply_old(struct policy_server *server,
                      struct policy_client *client, const char *domain,
                      size_t len)
{
	struct ready_answer *answer =
		answer_cache_find(server->cache, domain, len);

	if (answer == NULL || answer->by_failure) {
		reply_unknown(server, client);
		return;
	}
	count(server, COUNT_STALE);
	reply_ready(server, client, answer);
}

static struct ready_answer *keep_answer(struct policy_server *server,
                                        const struct desk_result *result)
{
	size_t len = strlen(result->domain);
	struct ready_answer *answer =
		answer_cache_find(server->cache, result->domain, len);
	uint32_t now = (uint32_t)(server->now_ms / 1000);
	uint32_t used_at = answer != NULL && result->what == DESK_REFRESH
	                           ? answer->used_at
	                           : now;

	answer = answer_cache_put(server->cache, result->domain, len,
	                          result->text, result->len);
	answer->kind = (uint8_t)result->kind;
	answer->text_len = (uint32_t)result->text_len;
	answer->plain_len = (uint32_t)result->plain_len;
	answer->by_failure = result->by_failure;
	answer->used_at = used_at;
	/* made by other rules than ours it is one from before */
	if (result->stage == DESK_DONE &&
	    result->rules == server->rules->number) {
		answer->good_until = now + (uint32_t)result->good_secs;
		answer->refresh_at = now + (uint32_t)result->refresh_secs;
	}
	return answer;
}

/* --- questions --- */

static void ask_desk(struct policy_server *server, enum desk_what what,
                     const char *domain, size_t len, uint64_t id)
{
	struct desk_question question = {
		.what = what,
		.domain = domain,
		.len = len,
		.id = id,
	};

	policy_desk_ask(server->options.desk, &question);
}

/* The client waits for a lookup, one that goes on or one that begins. */
static void wait_for(struct policy_server *server, struct policy_client *client,
                     const char *domain, size_t len)
{
	struct waiting_domain *waiting =
		waiting_domains_find(server->waiting, domain, len);

	count(server, COUNT_COLD);
	if (waiting == NULL) {
		waiting = waiting_domains_add(
			server->waiting, domain, len,
			server->now_ms + server->options.timeout_ms);
		ask_desk(server, DESK_LOOK_UP, domain, len, 0);
	}
	if (waiting->is_over)
		reply_old(server, client, domain, len);
	else
		waiting_domain_join(waiting, client);
}

/* NULL: the table of overrides does not have the domain. */
static struct ready_answer *override_answer(struct policy_server *server,
                                            struct span domain)
{
	struct desk_result *result = policy_desk_override(
		server->options.desk, server->rules, domain.at, domain.len);
	struct ready_answer *answer = NULL;

	if (result != NULL)
		answer = keep_answer(server, result);
	policy_desk_free_result(&result);
	return answer;
}

/* The key as it came: mostly it is a domain in the cache. */
static void answer_key(struct policy_server *server,
                       struct policy_client *client, struct span key)
{
	struct ready_answer *answer =
		answer_cache_find(server->cache, key.at, key.len);
	char domain[DOMAIN_TEXT];
	const char *text;

	if (answer == NULL) {
		if (policy_key_domain(key, domain) == NULL) {
			key = span_of(domain);
			answer = answer_cache_find(server->cache, key.at,
			                           key.len);
		} else {
			text = overrides_find(server->rules->overrides, key);
			count(server, text != NULL ? TOLD_OVERRIDE : TOLD_NONE);
			if (text != NULL && text[0] != '\0')
				reply(client, "OK", text, strlen(text));
			else
				reply(client, "NOTFOUND", "", 0);
			return;
		}
	}
	if (answer == NULL || answer->good_until <= server->now_ms / 1000)
		answer = override_answer(server, key);
	if (answer != NULL)
		reply_ready(server, client, answer);
	else
		wait_for(server, client, key.at, key.len);
}

static void answer_request(struct policy_server *server,
                           struct policy_client *client,
                           const struct policy_request *request)
{
	client->map = request->map;
	if (request->map == MAP_EXPLAIN) {
		client->is_explained = true;
		ask_desk(server, DESK_EXPLAIN, request->key.at,
		         request->key.len, client->id);
	} else {
		answer_key(server, client, request->key);
	}
}

static void say_bad(struct policy_server *server, const struct err *err)
{
	uint64_t held;

	count(server, COUNT_BAD);
	if (log_allowed(&server->said_bad, server->now_ms, &held))
		log_warning("a client of the policy socket sent %s", err->text);
}

/* All that it asked for and that can be answered now. */
static void answer_client(struct policy_server *server,
                          struct policy_client *client)
{
	struct policy_request request;
	struct err err;
	size_t done = 0;
	int rc = 1;

	while (rc == 1 && !policy_client_waits(client) &&
	       !policy_client_is_slow(client) && done < client->in.len) {
		rc = policy_request_read(client->in.data + done,
		                         client->in.len - done, &request, &err);
		if (rc == ERR_NOTFOUND) {
			say_bad(server, &err);
			reply(client, "PERM", err.text, strlen(err.text));
			done += request.used;
			rc = 1;
		} else if (rc == 1) {
			answer_request(server, client, &request);
			done += request.used;
		} else if (rc < 0) {
			say_bad(server, &err);
			close_client(server, client);
			return;
		}
	}
	policy_client_drop(client, done);
}

/* Answers, and sends; again when that made room, for nothing else would wake us
 * for what was asked already. */
static void serve(struct policy_server *server, struct policy_client *client)
{
	bool was_slow;
	size_t before;

	do {
		before = client->in.len;
		answer_client(server, client);
		if (client->is_closed)
			return;
		was_slow = policy_client_is_slow(client);
		if (!policy_client_send(client)) {
			close_client(server, client);
			return;
		}
	} while (client->in.len > 0 &&
	         (client->in.len != before ||
	          (was_slow && !policy_client_is_slow(client))));
	if (client->has_ended && !policy_client_waits(client) &&
	    client->out.len == 0)
		close_client(server, client);
	else
		watch(server, client);
}

static void hear_client(struct policy_server *server,
                        struct policy_client *client, uint32_t events)
{
	if (client->is_closed)
		return;
	if ((events & (EPOLLHUP | EPOLLERR)) != 0 ||
	    ((events & EPOLLIN) != 0 && !policy_client_read(client))) {
		/* what it asked before it went is nobody's */
		close_client(server, client);
		return;
	}
	if (client != server->newest) {
		unlink_client(server, client);
		link_newest(server, client);
	}
	serve(server, client);
}

/* --- what the desk found --- */

static struct policy_client *take_waiting(struct waiting_domain *waiting)
{
	struct policy_client *client = waiting->first;

	if (client != NULL)
		waiting_domain_leave(client);
	return client;
}

/* All who wait for the domain get what there is. */
static void end_waiting(struct policy_server *server,
                        struct waiting_domain *waiting)
{
	struct policy_client *client;

	while ((client = take_waiting(waiting)) != NULL) {
		reply_old(server, client, waiting->domain, waiting->len);
		serve(server, client);
	}
}

static void take_explanation(struct policy_server *server,
                             const struct desk_result *result)
{
	struct policy_client *client = server->newest;

	while (client != NULL && client->id != result->id)
		client = client->older;
	if (client == NULL)
		return;
	client->is_explained = false;
	reply(client, "OK", result->text, result->len);
	serve(server, client);
}

static void take_refresh(struct policy_server *server,
                         const struct desk_result *result)
{
	struct ready_answer *answer;

	server->refreshes--;
	if (result->stage == DESK_DONE) {
		keep_answer(server, result);
		return;
	}
	answer = answer_cache_find(server->cache, result->domain,
	                           strlen(result->domain));
	if (answer != NULL)
		answer->is_looked_up = false;
}

static void take_lookup(struct policy_server *server,
                        const struct desk_result *result)
{
	struct waiting_domain *waiting = waiting_domains_find(
		server->waiting, result->domain, strlen(result->domain));
	struct policy_client *client;
	struct ready_answer *answer;

	if (result->stage == DESK_OLD || result->stage == DESK_DONE)
		keep_answer(server, result);
	if (waiting == NULL)
		return;
	if (result->stage == DESK_OLD || result->stage == DESK_NOTHING) {
		if (policy_desk_is_out(server->options.desk)) {
			waiting_domains_over(server->waiting, waiting);
			end_waiting(server, waiting);
		}
		return;
	}
	if (result->stage == DESK_NONE) {
		end_waiting(server, waiting);
	} else {
		while ((client = take_waiting(waiting)) != NULL) {
			answer = answer_cache_find(
				server->cache, waiting->domain, waiting->len);
			reply_ready(server, client, answer);
			serve(server, client);
		}
	}
	waiting_domains_remove(server->waiting, &waiting);
}

static void take_results(struct policy_server *server)
{
	struct desk_result *result;

	for (int left = RESULTS; left > 0; left--) {
		result = policy_desk_next(server->options.desk);
		if (result == NULL)
			return;
		if (result->what == DESK_EXPLAIN)
			take_explanation(server, result);
		else if (result->what == DESK_REFRESH)
			take_refresh(server, result);
		else
			take_lookup(server, result);
		policy_desk_give_back(server->options.desk, &result);
	}
}

/* --- time --- */

static void end_late(struct policy_server *server)
{
	struct waiting_domain *waiting;

	while ((waiting = waiting_domains_first(server->waiting)) != NULL &&
	       waiting->until_ms <= server->now_ms) {
		waiting_domains_over(server->waiting, waiting);
		end_waiting(server, waiting);
	}
}

/* By use: what was not asked for in a while expires. */
static void see_answer(void *arg, struct ready_answer *answer)
{
	struct policy_server *server = arg;
	int64_t now = server->now_ms / 1000;

	if (answer->is_looked_up || answer->kind == TOLD_OVERRIDE ||
	    answer->good_until == 0 || answer->refresh_at > now ||
	    answer->used_at + IN_USE_SECS < now ||
	    server->refreshes >= REFRESHES_MAX)
		return;
	answer->is_looked_up = true;
	server->refreshes++;
	ask_desk(server, DESK_REFRESH, answer->bytes, answer->domain_len, 0);
}

/* When it begins and when it ends, what failed lookups made is another answer.
 */
static void look_at_outage(struct policy_server *server)
{
	bool is_out = policy_desk_is_out(server->options.desk);

	if (is_out != server->is_out)
		answer_cache_expire_failures(server->cache);
	server->is_out = is_out;
}

/* Somebody set it back: what was told since stands under a time to come, and is
 * noted once more under the present one when it is asked for. */
static void look_at_clock(struct policy_server *server)
{
	int64_t now = clock_secs(server->options.clock);

	if (now < server->seen_at)
		answer_cache_expire(server->cache);
	server->seen_at = now;
}

static void keep_time(struct policy_server *server)
{
	server->now_ms = clock_monotonic_ms(server->options.clock);
	atomic_store(&server->progress_ms, server->now_ms);
	end_late(server);
	if (server->now_ms < server->walk_ms)
		return;
	server->walk_ms = server->now_ms + WALK_MS;
	look_at_outage(server);
	look_at_clock(server);
	told_log_release(server->options.told);
	answer_cache_walk(server->cache, WALK_PARTS, see_answer, server);
	atomic_store(&server->client_count, server->clients);
	atomic_store(&server->answer_count, answer_cache_count(server->cache));
	atomic_store(&server->byte_count, answer_cache_bytes(server->cache));
}

/* --- the thread --- */

static void take_rules(struct policy_server *server)
{
	struct policy_rules *next = atomic_exchange(&server->next_rules, NULL);

	if (next == NULL)
		return;
	policy_desk_drop_rules(server->options.desk, &server->rules);
	server->rules = next;
	/* they are made anew by the new rules; who waits for a lookup that does
	 * not end is still told what was known */
	answer_cache_expire(server->cache);
}

static void hear_wake(struct policy_server *server)
{
	uint64_t n;

	while (read(server->wake_fd, &n, sizeof(n)) < 0 && errno == EINTR)
		;
}

/* How many descriptors had something. */
static int turn(struct policy_server *server, int timeout_ms, bool accepts)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(server->epoll_fd, events, EVENTS, timeout_ms);

	keep_time(server);
	take_rules(server);
	for (int i = 0; i < n; i++) {
		void *what = events[i].data.ptr;

		if (what == &server->options.listen_fd) {
			if (accepts)
				accept_clients(server);
		} else if (what == &server->options.desk) {
			take_results(server);
		} else if (what == &server->wake_fd) {
			hear_wake(server);
		} else {
			hear_client(server, what, events[i].events);
		}
	}
	bury(server);
	return n;
}

/* Who has asked is still answered, if the store has the answer, or a lookup
 * ends within a second: Postfix asks once more when a connection ends, and
 * defers the mail when that one does, too. */
static void finish(struct policy_server *server)
{
	epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, server->options.listen_fd,
	          NULL);
	for (int left = STOP_TURNS; left > 0; left--) {
		if (turn(server, STOP_IDLE_MS, false) > 0)
			continue;
		if (waiting_domains_first(server->waiting) == NULL)
			break;
		left -= STOP_IDLE_TURNS;
	}
	while (server->oldest != NULL)
		close_client(server, server->oldest);
	bury(server);
}

static void *run(void *arg)
{
	struct policy_server *server = arg;

	prompt_when_woken();
	while (!atomic_load(&server->stops))
		turn(server, WALK_MS, true);
	finish(server);
	return NULL;
}

/* --- beginning and end --- */

static int add_fd(struct policy_server *server, int fd, void *what,
                  struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0
	               ? 0
	               : err_errno(err, ERR_IO, "epoll_ctl");
}

static int prepare(struct policy_server *server, struct err *err)
{
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->epoll_fd < 0 || server->wake_fd < 0)
		return err_errno(err, ERR_IO, "epoll");
	server->cache = answer_cache_new(server->options.cache_bytes);
	server->waiting = waiting_domains_new();
	server->rules = policy_rules_get(server->options.shelf);
	server->now_ms = clock_monotonic_ms(server->options.clock);
	atomic_store(&server->progress_ms, server->now_ms);
	if (add_fd(server, server->options.listen_fd,
	           &server->options.listen_fd, err) < 0 ||
	    add_fd(server, server->wake_fd, &server->wake_fd, err) < 0)
		return err->class;
	return add_fd(server, policy_desk_fd(server->options.desk),
	              &server->options.desk, err);
}

static void clear(struct policy_server **server)
{
	struct policy_rules *next;

	if ((*server)->epoll_fd >= 0)
		close((*server)->epoll_fd);
	if ((*server)->wake_fd >= 0)
		close((*server)->wake_fd);
	waiting_domains_free(&(*server)->waiting);
	answer_cache_free(&(*server)->cache);
	policy_rules_put(&(*server)->rules);
	next = atomic_exchange(&(*server)->next_rules, NULL);
	policy_rules_put(&next);
	strbuf_clear(&(*server)->text);
	free(*server);
	*server = NULL;
}

int policy_server_start(struct policy_server **out,
                        const struct policy_server_options *options,
                        struct err *err)
{
	struct policy_server *server = xcalloc(1, sizeof(*server));

	server->options = *options;
	server->epoll_fd = server->wake_fd = -1;
	if (prepare(server, err) < 0) {
		clear(&server);
		return err->class;
	}
	if (pthread_create(&server->thread, NULL, run, server) != 0) {
		clear(&server);
		return err_set(err, ERR_IO, "cannot start a thread");
	}
	*out = server;
	return 0;
}

static void wake(struct policy_server *server)
{
	uint64_t one = 1;

	while (write(server->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void policy_server_forget(struct policy_server *server)
{
	struct policy_rules *rules = policy_rules_get(server->options.shelf);

	rules = atomic_exchange(&server->next_rules, rules);
	policy_rules_put(&rules);
	wake(server);
}

void policy_server_stop(struct policy_server **server)
{
	if (*server == NULL)
		return;
	atomic_store(&(*server)->stops, true);
	wake(*server);
	pthread_join((*server)->thread, NULL);
	clear(server);
}

struct policy_server_state policy_server_state(struct policy_server *server)
{
	return (struct policy_server_state){
		.clients = atomic_load(&server->client_count),
		.answers = atomic_load(&server->answer_count),
		.bytes = atomic_load(&server->byte_count),
		.progress_ms = atomic_load(&server->progress_ms),
	};
}
