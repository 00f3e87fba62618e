#include "session/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/slots.h"
#include "base/strbuf.h"
#include "base/xalloc.h"

_Static_assert((int)POLICY_TYPES <= (int)TALLY_POLICY_TYPES,
               "a type has no room");

struct domain_node {
	struct tally_domain domain; /* first: tally_sorted() lends these */
	char *record; /* where domain.record stands; room for longer ones */
	size_t record_room;
};

struct tally {
	struct tally_limits limits;
	uint64_t seed;
	struct arena mem;
	struct slots domains; /* struct domain_node */
	struct slots keys;    /* struct tally_key, of policies and details */
	struct strbuf scratch;
};

struct tally *tally_new(uint64_t seed, const struct tally_limits *limits)
{
	struct tally *tally = xcalloc(1, sizeof(*tally));

	tally->seed = seed;
	tally->limits = *limits;
	arena_init(&tally->mem);
	slots_init(&tally->domains);
	slots_init(&tally->keys);
	strbuf_init(&tally->scratch, 0);
	return tally;
}

void tally_free(struct tally **tally)
{
	if (*tally == NULL)
		return;
	arena_clear(&(*tally)->mem);
	slots_clear(&(*tally)->domains);
	slots_clear(&(*tally)->keys);
	strbuf_clear(&(*tally)->scratch);
	free(*tally);
	*tally = NULL;
}

void tally_reset(struct tally *tally)
{
	arena_reset(&tally->mem);
	slots_reset(&tally->domains);
	slots_reset(&tally->keys);
}

size_t tally_domain_count(const struct tally *tally)
{
	return tally->domains.used;
}

size_t tally_bytes(const struct tally *tally)
{
	return tally->mem.total +
	       (tally->domains.size + tally->keys.size) * sizeof(void *);
}

/* At the bound nothing more is kept: only what exists already counts on. */
static bool is_full(const struct tally *tally)
{
	return tally->mem.total >= tally->limits.hard_bytes;
}

/* What the fullness of domain and table asks of details not yet known. */
static enum fold_level fold_wanted(const struct tally *tally,
                                   const struct tally_domain *domain)
{
	const struct tally_limits *limits = &tally->limits;
	size_t bytes = tally->mem.total;
	size_t middle = limits->soft_bytes +
	                (limits->hard_bytes - limits->soft_bytes) / 2;
	size_t most = limits->max_details + limits->max_details / 10;

	if (bytes >= middle || domain->detail_count >= most)
		return FOLD_TYPE;
	if (bytes >= limits->soft_bytes ||
	    domain->detail_count >= limits->max_details)
		return FOLD_PEER;
	return FOLD_NONE;
}

static struct domain_node *find_domain(struct tally *tally, int32_t day,
                                       const char *name)
{
	uint64_t hash = hash64(tally->seed ^ (uint32_t)day, name, strlen(name));
	struct domain_node *node;
	size_t at = hash;

	while ((node = slots_find(&tally->domains, hash, &at)) != NULL)
		if (node->domain.day == day &&
		    strcmp(node->domain.domain, name) == 0)
			return node;
	if (is_full(tally))
		return NULL;
	node = arena_alloc(&tally->mem, sizeof(*node));
	node->domain.hash = hash;
	node->domain.day = day;
	node->domain.domain = arena_strdup(&tally->mem, name);
	slots_insert(&tally->domains, node);
	return node;
}

/* Who has that owner and these bytes; else the key to give to a new one, whose
 * bytes are kept by key_keep(). */
static void *key_find(struct tally *tally, const void *owner, const void *bytes,
                      size_t len, struct tally_key *key)
{
	uint64_t seed = tally->seed ^ (uintptr_t)owner;
	struct tally_key *found;
	size_t at;

	*key = (struct tally_key){hash64(seed, bytes, len), owner, bytes, len};
	at = key->hash;
	while ((found = slots_find(&tally->keys, key->hash, &at)) != NULL)
		if (found->owner == owner && found->len == key->len &&
		    memcmp(found->bytes, key->bytes, key->len) == 0)
			break;
	return found;
}

static void *key_find_scratch(struct tally *tally, const void *owner,
                              struct tally_key *key)
{
	return key_find(tally, owner, tally->scratch.data, tally->scratch.len,
	                key);
}

/* A policy or a detail of that key. */
static void *key_keep(struct tally *tally, size_t size,
                      const struct tally_key *key)
{
	struct tally_key *made = arena_alloc(&tally->mem, size);

	*made = *key;
	made->bytes = arena_strndup(&tally->mem, key->bytes, key->len);
	slots_insert(&tally->keys, made);
	return made;
}

/* The policy that the session counts under, when it is there. */
static struct tally_policy *policy_find(struct tally *tally,
                                        const struct tally_domain *domain,
                                        const struct session_policy *policy,
                                        struct tally_key *key)
{
	bool folds = domain->policy_count >= tally->limits.max_policies ||
	             tally->mem.total >= tally->limits.soft_bytes;
	struct session_policy folded;
	struct tally_policy *found;

	strbuf_reset(&tally->scratch);
	session_policy_encode(policy, &tally->scratch);
	found = key_find_scratch(tally, domain, key);
	if (found != NULL || !folds)
		return found;
	folded = session_policy_folded(policy, domain->domain);
	strbuf_reset(&tally->scratch);
	session_policy_encode(&folded, &tally->scratch);
	return key_find_scratch(tally, domain, key);
}

/* Like policy_find(). */
static struct tally_detail *detail_find(struct tally *tally,
                                        const struct tally_domain *domain,
                                        const struct tally_policy *policy,
                                        const struct failure_detail *detail,
                                        struct tally_key *key)
{
	enum fold_level level = fold_wanted(tally, domain);
	struct failure_detail folded;
	struct tally_detail *found;

	strbuf_reset(&tally->scratch);
	session_failure_encode(detail, &tally->scratch);
	found = key_find_scratch(tally, policy, key);
	if (found != NULL || level == FOLD_NONE)
		return found;
	folded = session_failure_folded(detail, level);
	strbuf_reset(&tally->scratch);
	session_failure_encode(&folded, &tally->scratch);
	return key_find_scratch(tally, policy, key);
}

static struct tally_detail *keep_detail(struct tally *tally,
                                        struct tally_domain *domain,
                                        struct tally_policy *policy,
                                        const struct tally_key *key)
{
	struct tally_detail *detail = key_keep(tally, sizeof(*detail), key);

	detail->next = policy->details;
	policy->details = detail;
	domain->detail_count++;
	return detail;
}

static struct tally_policy *keep_policy(struct tally *tally,
                                        struct tally_domain *domain,
                                        const struct tally_key *key)
{
	struct tally_policy *policy = key_keep(tally, sizeof(*policy), key);

	policy->next = domain->policies;
	domain->policies = policy;
	domain->policy_count++;
	return policy;
}

void tally_add_detail(struct tally *tally, struct tally_domain *domain,
                      struct tally_policy *policy,
                      const struct failure_detail *from, uint64_t n)
{
	struct tally_key key;
	struct tally_detail *detail =
		detail_find(tally, domain, policy, from, &key);

	if (detail == NULL)
		detail = keep_detail(tally, domain, policy, &key);
	detail->count += n;
}

static void add_policy(struct tally *tally, struct tally_domain *domain,
                       const struct session_policy *from, uint64_t n)
{
	struct tally_key key;
	struct tally_policy *policy = policy_find(tally, domain, from, &key);

	if (policy == NULL)
		policy = keep_policy(tally, domain, &key);
	if (from->failed)
		policy->failure += n;
	else if (from->unjudged)
		policy->unjudged += n;
	else
		policy->success += n;
	for (size_t i = 0; i < from->failure_count; i++)
		tally_add_detail(tally, domain, policy, &from->failures[i], n);
}

/* The last record seen.  Its room is used again, and doubles: a domain whose
 * record is another each time costs what the longest two would. */
static void add_record(struct tally *tally, struct domain_node *node,
                       const char *record)
{
	size_t room = record != NULL ? strlen(record) + 1 : 0;

	if (record == NULL ||
	    (node->record != NULL && strcmp(node->record, record) == 0))
		return;
	if (room > node->record_room) {
		if (is_full(tally))
			return;
		if (room < 2 * node->record_room)
			room = 2 * node->record_room;
		node->record = arena_alloc(&tally->mem, room);
		node->record_room = room;
	}
	strcpy(node->record, record);
	node->domain.record = node->record;
}

static bool policy_is_known(struct tally *tally, struct tally_domain *domain,
                            const struct session_policy *from)
{
	struct tally_key key;
	struct tally_policy *policy = policy_find(tally, domain, from, &key);

	if (policy == NULL)
		return false;
	for (size_t i = 0; i < from->failure_count; i++)
		if (detail_find(tally, domain, policy, &from->failures[i],
		                &key) == NULL)
			return false;
	return true;
}

/* Could the session be counted without anything to add? */
static bool is_known(struct tally *tally, struct tally_domain *domain,
                     const struct session *session)
{
	for (size_t i = 0; i < session->policy_count; i++)
		if (!policy_is_known(tally, domain, &session->policies[i]))
			return false;
	return true;
}

bool tally_add(struct tally *tally, int32_t day, const struct session *session,
               uint64_t n)
{
	bool full = is_full(tally); /* the session that fills it is taken */
	struct domain_node *node = find_domain(tally, day, session->domain);
	struct tally_domain *domain = node != NULL ? &node->domain : NULL;

	if (domain == NULL || (full && !is_known(tally, domain, session)))
		return false;
	domain->valid = session->valid;
	domain->named |= session->named;
	domain->unnamed |= session->unnamed;
	if (session_failed(session))
		domain->failure += n;
	else if (session_is_unjudged(session))
		domain->unjudged += n;
	else
		domain->success += n;
	add_record(tally, node, session->record);
	for (size_t i = 0; i < session->policy_count; i++)
		add_policy(tally, domain, &session->policies[i], n);
	return true;
}

static void add_sums(struct tally_policy *policy,
                     const struct tally_policy *from)
{
	policy->success += from->success;
	policy->failure += from->failure;
	policy->unjudged += from->unjudged;
}

static void add_policy_counts(struct tally *tally, struct tally_domain *domain,
                              const struct tally_policy *from)
{
	struct tally_key key;
	struct tally_policy *policy =
		key_find(tally, domain, from->key.bytes, from->key.len, &key);

	if (policy == NULL)
		policy = keep_policy(tally, domain, &key);
	add_sums(policy, from);
	for (const struct tally_detail *d = from->details; d; d = d->next) {
		struct tally_detail *detail =
			key_find(tally, policy, d->key.bytes, d->key.len, &key);

		if (detail == NULL)
			detail = keep_detail(tally, domain, policy, &key);
		detail->count += d->count;
	}
}

static bool add_policy_folded(struct tally *tally, struct tally_domain *domain,
                              const struct tally_policy *from,
                              struct arena *mem)
{
	struct session_policy decoded = {0};
	struct failure_detail detail = {0};
	struct tally_policy *policy;
	struct tally_key key;

	if (session_policy_decode(from->key.bytes, from->key.len, mem, &decoded,
	                          NULL) < 0)
		return false;
	policy = policy_find(tally, domain, &decoded, &key);
	if (policy == NULL)
		policy = keep_policy(tally, domain, &key);
	add_sums(policy, from);
	for (const struct tally_detail *d = from->details; d; d = d->next) {
		if (session_failure_decode(d->key.bytes, d->key.len, mem,
		                           &detail, NULL) < 0)
			return false;
		tally_add_detail(tally, domain, policy, &detail, d->count);
	}
	return true;
}

static struct domain_node *add_heads(struct tally *tally,
                                     const struct tally_domain *from)
{
	struct domain_node *node;

	if (is_full(tally))
		return NULL;
	node = find_domain(tally, from->day, from->domain);
	node->domain.valid = from->valid;
	node->domain.named |= from->named;
	node->domain.unnamed |= from->unnamed;
	node->domain.success += from->success;
	node->domain.failure += from->failure;
	node->domain.unjudged += from->unjudged;
	add_record(tally, node, from->record);
	return node;
}

bool tally_add_counts(struct tally *tally, const struct tally_domain *from)
{
	struct domain_node *node = add_heads(tally, from);

	if (node == NULL)
		return false;
	for (const struct tally_policy *p = from->policies; p; p = p->next)
		add_policy_counts(tally, &node->domain, p);
	return true;
}

bool tally_add_folded(struct tally *tally, const struct tally_domain *from)
{
	struct domain_node *node = add_heads(tally, from);
	struct arena mem;
	bool good = node != NULL;

	arena_init(&mem);
	for (const struct tally_policy *p = from->policies; p && good;
	     p = p->next) {
		arena_reset(&mem);
		good = add_policy_folded(tally, &node->domain, p, &mem);
	}
	arena_clear(&mem);
	return good;
}

void tally_catch_all_add(struct tally_catch_all *all,
                         const struct session *session, uint64_t n)
{
	if (session_failed(session))
		all->failure += n;
	else if (!session_is_unjudged(session))
		all->success += n;
	for (size_t i = 0; i < session->policy_count; i++) {
		const struct session_policy *policy = &session->policies[i];

		if (policy->failed)
			all->policy_failure[policy->type] += n;
		else if (!policy->unjudged)
			all->policy_success[policy->type] += n;
	}
}

static int by_day_and_name(const void *a, const void *b)
{
	const struct tally_domain *x = *(struct tally_domain *const *)a;
	const struct tally_domain *y = *(struct tally_domain *const *)b;

	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return strcmp(x->domain, y->domain);
}

struct tally_domain **tally_sorted(struct tally *tally)
{
	return slots_sorted(&tally->domains, by_day_and_name);
}
