#include "policy/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/xalloc.h"
#include "policy/dns_query.h"
#include "policy/dns_servers.h"
#include "policy/dns_socket.h"
#include "policy/query_limit.h"
#include "policy/turns.h"

enum {
	TIMEOUT_MS = 5000,
	SOCKETS = 512,
	LOOK_MS = 1000, /* between looks at resolv.conf */
	TURNS = 5,      /* of which the background has one */
	OWNERS = 4,     /* have all sockets */
	FOREVER_MS = 60 * 1000,
};

/* A question: in one of the queues, or on its way. */
struct asking {
	struct loop_watch watch; /* of the socket */
	struct loop_timer timer;
	struct net_resolver *self;
	struct dns_call *call;
	struct dns_query query;
	struct dns_try try;
	struct dns_socket socket;
	struct dns_reply reply;
	char server[ENDPOINT_TEXT];
	bool believed;    /* what the server says about DNSSEC */
	struct turn turn; /* it runs while it is in flight */
};

struct net_resolver {
	struct resolver resolver;
	struct resolver_options options;
	struct resolver_counts own_counts;
	struct loop *loop;
	struct dns_servers servers;
	const char *file; /* of the servers; NULL: they are set */
	int64_t looked_ms;
	struct query_limit limit;
	struct loop_timer limit_timer;
	struct turns turns; /* whose places are sockets */
	unsigned packets;
	uint8_t room[DNS_ANSWER_MAX];
};

/* --- one try --- */

static void pump(struct net_resolver *self);

/* The background may not have all of them, nor may one owner. */
static void set_sockets(struct net_resolver *self, size_t sockets)
{
	self->turns.places = sockets;
	self->turns.background_places = sockets - sockets / 4;
	self->turns.places_each[0] = sockets < OWNERS ? 1 : sockets / OWNERS;
}

static void land(struct asking *asking)
{
	struct net_resolver *self = asking->self;

	loop_unwatch(self->loop, &asking->watch);
	loop_drop(self->loop, &asking->timer);
	dns_socket_close(&asking->socket);
	turns_end(&self->turns, &asking->turn);
	/* it was less than that for want of descriptors: is it still? */
	if (self->turns.places < self->options.sockets)
		set_sockets(self, self->turns.places + 1);
}

static void note_outcome(struct resolver_counts *counts,
                         const struct dns_answer *answer)
{
	long long none = 0;

	if (answer->status != VIEW_TEMPFAIL) {
		atomic_fetch_add(&counts->answered, 1);
		atomic_store(&counts->failing_since_ms, 0);
		return;
	}
	atomic_fetch_add(&counts->failed, 1);
	atomic_compare_exchange_strong(&counts->failing_since_ms, &none,
	                               clock_host_ms());
}

/* The next try, before those of its owner that have not begun; or the answer.
 */
static void go_on(struct asking *asking)
{
	struct net_resolver *self = asking->self;
	struct dns_call *call = asking->call;

	if (dns_query_next(&asking->query, self->servers.count, &asking->try)) {
		asking->turn.again = true;
		turns_wait(&self->turns, &asking->turn);
		return;
	}
	call->answer = asking->query.answer;
	call->work = NULL;
	note_outcome(self->options.counts, &call->answer);
	free(asking);
	call->done(call);
}

static void try_failed(struct asking *asking, const struct err *err)
{
	char problem[DNS_PROBLEM_TEXT];
	int64_t took_ms = clock_host_ms() - asking->turn.begun_ms;

	snprintf(problem, sizeof(problem), "%s by %s: %.60s", asking->server,
	         asking->try.tcp ? "TCP" : "UDP", err->text);
	if (asking->turn.state == TURN_RUNS)
		land(asking);
	dns_query_failed(&asking->query, problem, took_ms);
	go_on(asking);
}

static void on_timeout(struct loop_timer *timer)
{
	struct asking *asking = container_of(timer, struct asking, timer);
	struct net_resolver *self = asking->self;
	struct err err = {0};

	err_set(&err, ERR_BUSY, "no answer within the time limit");
	try_failed(asking, &err);
	pump(self);
}

static int take_reply(void *arg, const uint8_t *data, size_t len,
                      struct err *err)
{
	struct asking *asking = arg;

	return dns_reply_read(data, len, &asking->query.question,
	                      asking->call->arena, &asking->reply, err);
}

static void on_ready(struct loop_watch *watch, uint32_t events)
{
	struct asking *asking = container_of(watch, struct asking, watch);
	struct net_resolver *self = asking->self;
	uint32_t waits_for = asking->socket.events;
	struct err err = {0};
	int rc = dns_socket_ready(&asking->socket, self->room, &err);

	(void)events;
	if (rc == 0) {
		if (asking->socket.events != waits_for)
			loop_watch(self->loop, watch, asking->socket.events);
		return;
	}
	if (rc < 0) {
		try_failed(asking, &err);
	} else {
		land(asking);
		dns_query_answered(&asking->query, &asking->reply,
		                   asking->believed, asking->server,
		                   clock_host_ms() - asking->turn.begun_ms);
		go_on(asking);
	}
	pump(self);
}

/* False: there is no descriptor for it, and it waits on. */
static bool launch(struct net_resolver *self, struct asking *asking)
{
	const struct endpoint *server =
		&self->servers.server[asking->try.server % self->servers.count];
	size_t in_flight = self->turns.running[0] + self->turns.running[1];
	struct err err = {0};
	int rc;

	asking->believed =
		self->options.trust_ad || endpoint_is_loopback(server);
	endpoint_format(server, asking->server);
	asking->socket = (struct dns_socket){
		.tcp = asking->try.tcp, .take = take_reply, .arg = asking};
	rc = dns_socket_open(&asking->socket, server, asking->try.bytes,
	                     asking->try.len, &err);
	if (rc == ERR_LIMIT && in_flight > 0) {
		set_sockets(self, in_flight);
		return false;
	}
	turns_begin(&self->turns, &asking->turn, clock_host_ms());
	if (rc < 0) {
		try_failed(asking, &err);
		return true;
	}
	atomic_fetch_add(&self->options.counts->sent, 1);
	asking->watch.fd = asking->socket.fd;
	loop_watch(self->loop, &asking->watch, asking->socket.events);
	loop_at(self->loop, &asking->timer,
	        asking->turn.begun_ms + asking->try.within_ms);
	return true;
}

/* --- whose turn it is --- */

/* NULL: nobody's. */
static struct asking *next_asking(struct net_resolver *self)
{
	struct turn *first = turns_next(&self->turns, false);
	struct turn *second = turns_next(&self->turns, true);

	if (first == NULL || (second != NULL && self->packets % TURNS == 0))
		first = second;
	return first != NULL ? container_of(first, struct asking, turn) : NULL;
}

/* Sends what may be sent. */
static void pump(struct net_resolver *self)
{
	struct asking *asking;

	while ((asking = next_asking(self)) != NULL) {
		if (!query_limit_take(&self->limit, clock_host_ms())) {
			loop_at(self->loop, &self->limit_timer,
			        query_limit_next_ms(&self->limit));
			return;
		}
		self->packets++;
		if (!launch(self, asking))
			return;
	}
}

static void on_limit(struct loop_timer *timer)
{
	pump(container_of(timer, struct net_resolver, limit_timer));
}

/* --- the port --- */

/* Now and then: is it another resolver? */
static void look_around(struct net_resolver *self)
{
	int64_t now = clock_host_ms();

	if (self->file == NULL || now - self->looked_ms < LOOK_MS)
		return;
	self->looked_ms = now;
	dns_servers_refresh(&self->servers, self->file);
}

static void ask(struct resolver *resolver, struct dns_call *call)
{
	struct net_resolver *self = (struct net_resolver *)resolver;
	struct asking *asking = xcalloc(1, sizeof(*asking));

	look_around(self);
	asking->watch.ready = on_ready;
	asking->timer.due = on_timeout;
	asking->socket.fd = -1;
	asking->self = self;
	asking->call = call;
	asking->turn.background = call->background;
	asking->turn.shares[0] = call->share;
	call->work = asking;
	dns_query_begin(&asking->query, call->name, call->type,
	                self->options.timeout_ms, call->arena);
	if (asking->query.done) {
		go_on(asking);
		return;
	}
	dns_query_next(&asking->query, self->servers.count, &asking->try);
	turns_wait(&self->turns, &asking->turn);
	pump(self);
}

static void drop(struct resolver *resolver, struct dns_call *call)
{
	struct net_resolver *self = (struct net_resolver *)resolver;
	struct asking *asking = call->work;

	if (asking == NULL)
		return;
	if (asking->turn.state == TURN_RUNS)
		land(asking);
	else
		turns_end(&self->turns, &asking->turn);
	call->work = NULL;
	free(asking);
	/* others have their turn, unless the loop runs no more */
	loop_at(self->loop, &self->limit_timer, clock_host_ms());
}

static bool is_full(struct resolver *resolver, bool background)
{
	struct net_resolver *self = (struct net_resolver *)resolver;

	return turns_are_late(&self->turns, background);
}

static void free_resolver(struct resolver **resolver)
{
	struct net_resolver *self = (struct net_resolver *)*resolver;

	loop_drop(self->loop, &self->limit_timer);
	free(self);
	*resolver = NULL;
}

int resolver_open(const struct resolver_options *options, struct loop *loop,
                  struct resolver **resolver, struct err *err)
{
	struct net_resolver *self = xcalloc(1, sizeof(*self));
	const char *address = options->address;
	int rc;

	if (address == NULL || address[0] == '\0')
		self->file =
			options->file != NULL ? options->file : RESOLVER_FILE;
	rc = self->file != NULL
	             ? dns_servers_read(&self->servers, self->file, err)
	             : dns_servers_set(&self->servers, address, err);
	if (rc < 0) {
		free(self);
		return rc;
	}
	self->resolver = (struct resolver){ask, drop, is_full, free_resolver};
	self->options = *options;
	if (self->options.timeout_ms <= 0)
		self->options.timeout_ms = TIMEOUT_MS;
	if (self->options.counts == NULL)
		self->options.counts = &self->own_counts;
	if (self->options.sockets == 0)
		self->options.sockets = SOCKETS;
	turns_init(&self->turns);
	set_sockets(self, self->options.sockets);
	self->loop = loop;
	self->limit.per_sec = options->limit_per_sec;
	self->limit_timer.due = on_limit;
	*resolver = &self->resolver;
	return 0;
}

/* --- now --- */

static void note_done(struct dns_call *call)
{
	*(bool *)call->owner = true;
}

int resolver_ask_now(const struct resolver_options *options, const char *name,
                     enum dns_type type, struct arena *arena,
                     struct dns_answer *answer, struct err *err)
{
	struct resolver *resolver = NULL;
	struct loop *loop = NULL;
	bool done = false;
	struct dns_call call = {.name = name,
	                        .type = type,
	                        .arena = arena,
	                        .done = note_done,
	                        .owner = &done};
	int rc = loop_open(&loop, err);

	if (rc == 0)
		rc = resolver_open(options, loop, &resolver, err);
	if (rc == 0) {
		resolver->ask(resolver, &call);
		while (!done)
			loop_run(loop, FOREVER_MS);
		*answer = call.answer;
		resolver->free(&resolver);
	}
	loop_close(&loop);
	return rc;
}
