#include "show/posture.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "show/doc.h"
#include "show/inbound_mix.h"

struct day_facts {
	struct received_sums sums;
	struct inbound_mix mix;
};

struct organization {
	const char *name;
	int32_t first, last;
	struct received_sums sums;
};

/* Failed sessions of one result at one host.  A day on which others said that
 * all went well does not end it: two in a row do. */
struct posture_fault {
	enum result_type result;
	const char *host;
	uint64_t sessions;
	int32_t first, last; /* within the days */
	uint8_t *on;         /* for each day, did it happen? */
	const char *names[POSTURE_NAMES];
	size_t name_count;
	size_t names_left_out;
};

struct host {
	const char *name;
	int32_t seen;
	struct received_sums sums;
};

struct posture {
	const char *domain;
	int32_t first, last;
	struct day_facts *days;
	uint8_t *reported; /* for each day, did anybody say anything? */
	struct organization *organizations;
	struct posture_fault *faults;
	struct host *hosts;
	size_t organization_count, fault_count, host_count;
	size_t organization_room, fault_room, host_room;
	struct arena mem;
};

struct posture *posture_new(const char *domain, int32_t first, int32_t last)
{
	struct posture *posture = xcalloc(1, sizeof(*posture));
	size_t days = (size_t)(last - first) + 1;

	arena_init(&posture->mem);
	posture->domain = arena_strdup(&posture->mem, domain);
	posture->first = first;
	posture->last = last;
	posture->days =
		arena_array(&posture->mem, days, sizeof(*posture->days));
	posture->reported = arena_array(&posture->mem, days, 1);
	return posture;
}

void posture_free(struct posture **posture)
{
	if (*posture == NULL)
		return;
	free((*posture)->organizations);
	free((*posture)->faults);
	free((*posture)->hosts);
	arena_clear(&(*posture)->mem);
	free(*posture);
	*posture = NULL;
}

/* --- facts --- */

static void *grow(void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room * 2 + 16;
	return xrealloc(items, *room, size);
}

void posture_add_host(struct posture *posture, const char *host, int32_t seen)
{
	posture->hosts = grow(posture->hosts, posture->host_count,
	                      &posture->host_room, sizeof(*posture->hosts));
	posture->hosts[posture->host_count++] = (struct host){
		.name = arena_strdup(&posture->mem, host), .seen = seen};
}

static void add_organization(struct posture *posture,
                             const struct received_sum_row *row)
{
	const char *name = row->organization;
	struct organization *at;
	size_t i = 0;

	if (posture->organization_count >= POSTURE_ORGANIZATIONS)
		name = "";
	while (i < posture->organization_count &&
	       strcmp(posture->organizations[i].name, name) != 0)
		i++;
	if (i == posture->organization_count) {
		posture->organizations =
			grow(posture->organizations, i,
		             &posture->organization_room, sizeof(*at));
		posture->organizations[i] = (struct organization){
			.name = arena_strdup(&posture->mem, name),
			.first = row->day};
		posture->organization_count++;
	}
	at = &posture->organizations[i];
	at->last = row->day;
	received_sums_add(&at->sums, &row->sums);
}

static void add_name(struct posture *posture, struct posture_fault *fault,
                     const char *name)
{
	for (size_t i = 0; i < fault->name_count; i++)
		if (strcmp(fault->names[i], name) == 0)
			return;
	if (fault->name_count == POSTURE_NAMES)
		fault->names_left_out++;
	else
		fault->names[fault->name_count++] =
			arena_strdup(&posture->mem, name);
}

static struct posture_fault *fault_of(struct posture *posture,
                                      enum result_type result, const char *host,
                                      int32_t day)
{
	size_t days = (size_t)(posture->last - posture->first) + 1, i = 0;

	if (posture->fault_count >= POSTURE_FAULTS)
		host = "";
	while (i < posture->fault_count &&
	       (posture->faults[i].result != result ||
	        strcmp(posture->faults[i].host, host) != 0))
		i++;
	if (i == posture->fault_count) {
		posture->faults = grow(posture->faults, i, &posture->fault_room,
		                       sizeof(*posture->faults));
		posture->faults[i] = (struct posture_fault){
			.result = result,
			.host = arena_strdup(&posture->mem, host),
			.first = day,
			.on = arena_array(&posture->mem, days, 1)};
		posture->fault_count++;
	}
	return &posture->faults[i];
}

static void add_fault(struct posture *posture,
                      const struct received_sum_row *row,
                      enum result_type result, const char *host,
                      uint64_t sessions)
{
	struct posture_fault *fault;

	if (sessions == 0)
		return;
	fault = fault_of(posture, result, host, row->day);
	if (__builtin_add_overflow(fault->sessions, sessions, &fault->sessions))
		fault->sessions = UINT64_MAX;
	fault->last = row->day;
	fault->on[row->day - posture->first] = 1;
	add_name(posture, fault, row->organization);
}

void posture_add_sums(struct posture *posture,
                      const struct received_sum_row *row, const char *host)
{
	if (row->day < posture->first || row->day > posture->last)
		return;
	posture->reported[row->day - posture->first] = 1;
	if (host == NULL) {
		received_sums_add(
			&posture->days[row->day - posture->first].sums,
			&row->sums);
		add_organization(posture, row);
	}
	for (size_t i = 0; host != NULL && i < posture->host_count; i++)
		if (strcmp(posture->hosts[i].name, host) == 0)
			received_sums_add(&posture->hosts[i].sums, &row->sums);
	for (size_t i = 0; i < row->faults.count; i++)
		add_fault(posture, row, row->faults.at[i].result,
		          row->faults.at[i].host[0] != '\0' || host == NULL
		                  ? row->faults.at[i].host
		                  : host,
		          row->faults.at[i].sessions);
}

void posture_add_inbound(struct posture *posture, int32_t day,
                         const struct inbound *inbound, uint64_t messages)
{
	if (day >= posture->first && day <= posture->last)
		inbound_mix_add(&posture->days[day - posture->first].mix,
		                inbound, messages);
}

/* --- the document --- */

static void set_sums(json_t *item, const struct received_sums *sums)
{
	json_set_uint(item, "reports", sums->reports);
	json_set_uint(item, "successfulSessions", sums->success);
	json_set_uint(item, "failedSessions", sums->failure);
	doc_counts(item, "results", &words_results, 0, sums->results);
}

static void add_days(const struct posture *posture, json_t *doc)
{
	json_t *list = doc_array(doc, "days");

	for (int32_t day = posture->first; day <= posture->last; day++) {
		const struct day_facts *facts =
			&posture->days[day - posture->first];
		const struct inbound_mix *mix = &facts->mix;
		json_t *item = doc_row(list), *seen;

		doc_set_day(item, "day", day);
		set_sums(item, &facts->sums);
		doc_counts(item, "policies", &words_policies, 0,
		           facts->sums.policies);
		seen = doc_object(item, "seen");
		json_set_uint(seen, "messages",
		              mix->clear + mix->old + mix->tls12 + mix->tls13 +
		                      mix->other);
		json_set_uint(seen, "clear", mix->clear);
		json_set_uint(seen, "oldTls", mix->old);
		json_set_uint(seen, "tls12", mix->tls12);
		json_set_uint(seen, "tls13", mix->tls13);
		json_set_uint(seen, "otherTls", mix->other);
	}
}

static int most_sessions_first(const void *a, const void *b)
{
	const struct organization *x = a, *y = b;

	if (x->sums.failure != y->sums.failure)
		return x->sums.failure < y->sums.failure ? 1 : -1;
	if (x->sums.success != y->sums.success)
		return x->sums.success < y->sums.success ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void add_organizations(const struct posture *posture, json_t *doc)
{
	json_t *list = doc_array(doc, "organizations");

	if (posture->organization_count > 0)
		qsort(posture->organizations, posture->organization_count,
		      sizeof(*posture->organizations), most_sessions_first);
	for (size_t i = 0; i < posture->organization_count; i++) {
		const struct organization *of = &posture->organizations[i];
		json_t *item = doc_row(list);

		doc_set(item, "organization", of->name);
		doc_set_day(item, "firstDay", of->first);
		doc_set_day(item, "lastDay", of->last);
		set_sums(item, &of->sums);
	}
}

static int last_first(const void *a, const void *b)
{
	const struct posture_fault *x = a, *y = b;

	if (x->last != y->last)
		return x->last < y->last ? 1 : -1;
	if (x->sessions != y->sessions)
		return x->sessions < y->sessions ? 1 : -1;
	return x->result != y->result ? (int)x->result - (int)y->result
	                              : strcmp(x->host, y->host);
}

/* The first day of those that go on to its last one. */
static int32_t since(const struct posture *posture,
                     const struct posture_fault *fault)
{
	int32_t found = fault->last;
	int well = 0;

	for (int32_t day = fault->last; day >= posture->first && well < 2;
	     day--) {
		if (fault->on[day - posture->first]) {
			found = day;
			well = 0;
		} else {
			well += posture->reported[day - posture->first];
		}
	}
	return found;
}

/* Has nobody said for two days that it is over? */
static bool is_open(const struct posture *posture,
                    const struct posture_fault *fault)
{
	int well = 0;

	for (int32_t day = fault->last + 1; day <= posture->last; day++)
		well += posture->reported[day - posture->first];
	return well < 2;
}

static void add_faults(const struct posture *posture, json_t *doc)
{
	json_t *list = doc_array(doc, "faults"), *names;

	if (posture->fault_count > 0)
		qsort(posture->faults, posture->fault_count,
		      sizeof(*posture->faults), last_first);
	for (size_t i = 0; i < posture->fault_count; i++) {
		const struct posture_fault *fault = &posture->faults[i];
		json_t *item = doc_row(list);

		json_set_string(item, "result",
		                word_api(&words_results, fault->result));
		doc_set(item, "host", fault->host);
		json_set_uint(item, "sessions", fault->sessions);
		doc_set_day(item, "since", since(posture, fault));
		doc_set_day(item, "lastDay", fault->last);
		json_set_bool(item, "isOpen", is_open(posture, fault));
		names = doc_array(item, "organizations");
		for (size_t n = 0; n < fault->name_count; n++)
			doc_append(names, fault->names[n]);
		json_set_bool(item, "hasMore", fault->names_left_out > 0);
	}
}

static void add_hosts(const struct posture *posture, json_t *doc)
{
	json_t *list = doc_array(doc, "hosts");

	for (size_t i = 0; i < posture->host_count; i++) {
		json_t *item = doc_row(list);

		doc_set(item, "host", posture->hosts[i].name);
		doc_set_day(item, "lastSeen", posture->hosts[i].seen);
		set_sums(item, &posture->hosts[i].sums);
	}
}

void posture_doc(const struct posture *posture, json_t *doc)
{
	doc_set(doc, "domain", posture->domain);
	doc_set_day(doc, "firstDay", posture->first);
	doc_set_day(doc, "lastDay", posture->last);
	add_days(posture, doc);
	add_organizations(posture, doc);
	add_faults(posture, doc);
	add_hosts(posture, doc);
}
