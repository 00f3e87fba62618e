#include "fake/fake_resolver.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CHAIN_MAX = 10, LINE_ROOM = 1024, USUAL_TTL = 300 };

static const struct {
	const char *word;
	enum dns_type type;
} types[] = {
	{"A", DNS_A},   {"AAAA", DNS_AAAA}, {"CNAME", DNS_CNAME},
	{"MX", DNS_MX}, {"TXT", DNS_TXT},   {"TLSA", DNS_TLSA},
};

struct line {
	char text[LINE_ROOM];
	char name[256], type[8], status[16], secure[16];
	unsigned ttl;
	const char *data;
};

/* The line that begins at *at; false at the end of the zone. */
static bool next_line(const char **at, struct line *line)
{
	while (**at != '\0') {
		size_t len = strcspn(*at, "\n");
		int used = 0;

		snprintf(line->text, sizeof(line->text), "%.*s", (int)len, *at);
		*at += len + ((*at)[len] == '\n');
		if (line->text[strspn(line->text, " \t")] == '#')
			continue;
		if (sscanf(line->text, " %255s %7s %15s %15s %u%n", line->name,
		           line->type, line->status, line->secure, &line->ttl,
		           &used) != 5)
			continue;
		line->data = line->text + used;
		line->data += strspn(line->data, " \t");
		return true;
	}
	return false;
}

static const char *type_word(enum dns_type type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].word;
	abort();
}

static enum view_status status_of(const char *word)
{
	if (strcmp(word, "ok") == 0)
		return VIEW_OK;
	if (strcmp(word, "none") == 0)
		return VIEW_NONE;
	return strcmp(word, "bogus") == 0 ? VIEW_BOGUS : VIEW_TEMPFAIL;
}

static void set_bytes(struct dns_record *record, struct arena *arena,
                      const void *data, size_t len)
{
	record->data = (unsigned char *)arena_strndup(arena, data, len);
	record->len = len;
}

static void set_tlsa(struct dns_record *record, struct arena *arena,
                     const char *text)
{
	unsigned char bytes[3 + 64] = {0};
	unsigned usage, selector, matching;
	int used = 0;
	size_t len = 3;

	sscanf(text, "%u %u %u %n", &usage, &selector, &matching, &used);
	bytes[0] = (unsigned char)usage;
	bytes[1] = (unsigned char)selector;
	bytes[2] = (unsigned char)matching;
	text += used;
	if (*text == '*')
		len += 32;
	for (; *text != '*' && len < sizeof(bytes) &&
	       sscanf(text, "%2hhx", &bytes[len]) == 1;
	     text += 2)
		len++;
	set_bytes(record, arena, bytes, len);
}

static void set_record(struct dns_record *record, enum dns_type type,
                       struct arena *arena, const char *data)
{
	unsigned char address[16];
	char host[256];

	if (type == DNS_A && inet_pton(AF_INET, data, address) == 1) {
		set_bytes(record, arena, address, 4);
	} else if (type == DNS_AAAA &&
	           inet_pton(AF_INET6, data, address) == 1) {
		set_bytes(record, arena, address, 16);
	} else if (type == DNS_TLSA) {
		set_tlsa(record, arena, data);
	} else if (type == DNS_MX) {
		set_bytes(record, arena, data, strlen(data));
		if (sscanf(data, "%u %255s", &record->preference, host) == 2)
			record->host = arena_strdup(arena, host);
	} else {
		set_bytes(record, arena, data, strlen(data));
	}
}

/* How many lines answer; their records go to the answer. */
static size_t collect(const char *zone, const char *name, const char *type,
                      enum dns_type asked, struct arena *arena,
                      struct dns_answer *answer)
{
	struct line line;
	size_t lines = 0;

	answer->records = arena_array(arena, 200, sizeof(*answer->records));
	answer->count = 0;
	while (next_line(&zone, &line)) {
		if (strcasecmp(line.name, name) != 0 ||
		    (strcmp(line.type, type) != 0 && strcmp(line.type, "*")))
			continue;
		lines++;
		answer->status = status_of(line.status);
		answer->secure = strcmp(line.secure, "secure") == 0;
		answer->ttl = line.ttl;
		if (answer->status == VIEW_OK && answer->count < 200)
			set_record(&answer->records[answer->count++], asked,
			           arena, line.data);
	}
	return lines;
}

static void ask(struct resolver *resolver, struct dns_call *call)
{
	struct fake_resolver *fake = (struct fake_resolver *)resolver;
	struct dns_answer *answer = &call->answer;
	struct arena *arena = call->arena;
	enum dns_type type = call->type;
	const char *name = call->name, *word = type_word(type);
	bool secure = true;

	fake->queries++;
	snprintf(fake->last, sizeof(fake->last), "%s %s", name, word);
	for (int i = 0; i < CHAIN_MAX; i++) {
		memset(answer, 0, sizeof(*answer));
		answer->owner = arena_strdup(arena, name);
		if (collect(fake->zone, name, word, type, arena, answer) > 0)
			break;
		if (type == DNS_CNAME ||
		    collect(fake->zone, name, "CNAME", DNS_CNAME, arena,
		            answer) == 0) {
			answer->status = VIEW_NONE;
			answer->ttl = USUAL_TTL;
			break;
		}
		secure = secure && answer->secure;
		name = (const char *)answer->records[0].data;
	}
	answer->secure = answer->secure && secure;
	if (answer->status == VIEW_TEMPFAIL)
		answer->problem = "no answer within the time limit";
	else if (answer->status == VIEW_BOGUS)
		answer->problem = "DNSSEC validation failed";
	call->done(call);
}

static void drop(struct resolver *resolver, struct dns_call *call)
{
	(void)resolver;
	(void)call;
}

static void free_nothing(struct resolver **resolver)
{
	*resolver = NULL;
}

void fake_resolver_init(struct fake_resolver *fake, const char *zone)
{
	*fake = (struct fake_resolver){
		.resolver = {.ask = ask, .drop = drop, .free = free_nothing},
		.zone = zone,
	};
}

static void fetch(struct sts_fetcher *fetcher, struct sts_call *call)
{
	struct fake_fetcher *fake = (struct fake_fetcher *)fetcher;
	struct sts_reply *reply = &call->reply;

	fake->fetches++;
	snprintf(fake->addresses, sizeof(fake->addresses), "%s",
	         call->addresses != NULL ? call->addresses : "");
	*reply = (struct sts_reply){.status = fake->status,
	                            .connected = fake->connected,
	                            .missed = fake->missed,
	                            .hurried = fake->hurried};
	if (fake->problem != NULL)
		reply->problem = arena_strdup(call->arena, fake->problem);
	if (fake->status == VIEW_OK) {
		reply->body = arena_strdup(call->arena, fake->body);
		reply->len = strlen(fake->body);
	}
	call->done(call);
}

static void drop_fetch(struct sts_fetcher *fetcher, struct sts_call *call)
{
	(void)fetcher;
	(void)call;
}

static void free_no_fetcher(struct sts_fetcher **fetcher)
{
	*fetcher = NULL;
}

void fake_fetcher_init(struct fake_fetcher *fake, const char *body)
{
	*fake = (struct fake_fetcher){
		.fetcher = {.fetch = fetch,
	                    .drop = drop_fetch,
	                    .free = free_no_fetcher,
	                    .knows_the_place = true},
		.status = VIEW_OK,
		.body = body,
	};
}

static void on_answer(struct dns_call *call)
{
	struct lookup_question *question = call->owner;

	question->state = LOOKUP_ANSWERED;
}

static void on_policy(struct sts_call *call)
{
	lookup_fetched(call->owner);
}

/* The one that was noted first; false: none was. */
static bool answer_one(struct lookup *lookup, struct resolver *resolver,
                       struct sts_fetcher *fetcher, bool last)
{
	struct lookup_question *question = lookup_unasked(lookup), *next;
	struct sts_call *call = lookup_unfetched(lookup);

	if (call != NULL) {
		lookup->fetch_state = LOOKUP_ASKED;
		call->done = on_policy;
		call->owner = lookup;
		fetcher->fetch(fetcher, call);
		return true;
	}
	if (question == NULL)
		return false;
	for (next = last ? question->next : NULL; next != NULL;
	     next = next->next)
		if (next->state == LOOKUP_UNASKED)
			question = next;
	question->state = LOOKUP_ASKED;
	question->call.done = on_answer;
	question->call.owner = question;
	resolver->ask(resolver, &question->call);
	return true;
}

void fake_answer(struct lookup *lookup, struct resolver *resolver,
                 struct sts_fetcher *fetcher, enum fake_order order)
{
	if (!answer_one(lookup, resolver, fetcher, order == FAKE_FIRST_FIRST))
		abort(); /* it waits for nothing */
	while (order == FAKE_ALL_AT_ONCE &&
	       answer_one(lookup, resolver, fetcher, false))
		;
}
