#include "fleet/fleet_claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/xalloc.h"
#include "fleet/fleet_rule.h"
#include "fleet/fleet_shared.h"
#include "fleet/host_name.h"
#include "ledger/ledger.h"
#include "outbox/settle.h"
#include "store/change_table.h"
#include "store/meta_table.h"
#include "store/outbox_table.h"

struct claims {
	struct outbox_ledger ops; /* the first */
	struct db *db;
	struct fleet_claims_options options;
	char name[DOMAIN_TEXT];
	uint64_t fence; /* 0: not asked for yet, or this host does not lead */
	struct ledger *ledger;
};

static struct ledger_lease lease_of(const struct claims *self)
{
	return (struct ledger_lease){
		.name = self->name,
		.store_id = db_store_id(self->db),
		.secs = FLEET_LEASE_SECS,
	};
}

static int read_fence(struct claims *self, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(self->db);
	struct fleet_seen seen;

	/* a backup that is restored has an old one, and old reports */
	if (meta_fleet_get(txn, &seen) && seen.epoch == change_epoch(txn))
		self->fence = seen.fence;
	return db_failure(txn, err);
}

/* 1; 0: this host does not lead. */
static int reach(struct claims *self, struct err *err)
{
	const struct ledger_options options = {
		.url = self->options.conf->fleet.ledger,
		.told_now = self->options.told ? clock_secs(self->options.clock)
	                                       : 0,
	};

	if (self->fence == 0 &&
	    (fleet_host_name(self->options.conf, self->name, err) < 0 ||
	     read_fence(self, err) < 0))
		return err->class;
	if (self->fence == 0)
		return 0;
	if (self->ledger == NULL &&
	    ledger_open(&self->ledger, &options, err) < 0)
		return err->class;
	return 1;
}

/* What was lost is opened anew. */
static int answer(struct claims *self, int rc)
{
	if (rc < 0)
		ledger_close(&self->ledger);
	return rc;
}

/* --- what the store has, as the ledger has it --- */

static void fill_destination(const struct outbox_destination *from,
                             struct arena *mem, struct ledger_destination *to)
{
	*to = (struct ledger_destination){
		.place = from->index,
		.uri = arena_strdup(mem, from->rua.uri),
		.is_copy = from->is_copy,
		.token = arena_strdup(mem, from->token),
		.sender = arena_strdup(mem, from->from),
		.envelope = arena_strdup(mem, from->envelope),
		.date = from->date,
		.state = from->state,
		.uncertain = from->uncertain,
		.attempts = from->attempts,
		.first_attempt = from->first_attempt,
		.last_attempt = from->last_attempt,
		.due = from->due,
		.answer = arena_strdup(mem, from->answer),
	};
}

static void fill_report(struct db_txn *txn, const struct claim *claim,
                        struct arena *mem, struct ledger_report *to)
{
	const struct outbox_head *head = &claim->head;
	struct outbox_destination dest;

	*to = (struct ledger_report){
		.day = head->day,
		.domain = head->domain,
		.report_id = head->report_id,
		.state = LEDGER_REPORT_OPEN,
		.body = claim->body,
		.body_len = claim->body_len,
		.deliver_at = head->deliver_at,
		.outbox_id = head->id,
		.destinations = arena_array(mem, head->destination_count,
	                                    sizeof(*to->destinations)),
	};
	for (uint16_t i = 0; i < head->destination_count; i++)
		if (outbox_destination_get(txn, head->id, i, &dest))
			fill_destination(
				&dest, mem,
				&to->destinations[to->destination_count++]);
}

static struct ledger_destination *find(struct ledger_report *reports,
                                       size_t count, const struct claim *claim)
{
	for (size_t i = 0; i < count; i++) {
		struct ledger_report *r = &reports[i];

		if (r->outbox_id != claim->head.id)
			continue;
		for (size_t j = 0; j < r->destination_count; j++)
			if (r->destinations[j].place == claim->dest.index)
				return &r->destinations[j];
	}
	return NULL;
}

static size_t count_claims(const struct claim *list)
{
	size_t n = 0;

	for (; list != NULL; list = list->next)
		n++;
	return n;
}

/* Each report once, whatever is claimed of it. */
static int gather(struct claims *self, const struct claim *list,
                  struct arena *mem, struct ledger_report **reports,
                  size_t *count, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(self->db);

	*count = 0;
	*reports = arena_array(mem, count_claims(list), sizeof(**reports));
	for (; list != NULL; list = list->next) {
		struct ledger_destination *dest;

		if (!list->head.of_fleet)
			continue;
		if (find(*reports, *count, list) == NULL)
			fill_report(txn, list, mem, &(*reports)[(*count)++]);
		dest = find(*reports, *count, list);
		if (dest != NULL)
			dest->is_claimed = true;
	}
	return db_failure(txn, err);
}

/* --- claiming --- */

static void answer_known(struct claim *claim, enum delivery_state state)
{
	static const enum delivery_event events[DELIVERY_STATES] = {
		[DELIVERY_DELIVERED] = EVENT_ACCEPTED,
		[DELIVERY_FAILED] = EVENT_REFUSED,
		[DELIVERY_BOUNCED] = EVENT_REFUSED,
		[DELIVERY_SUPPRESSED] = EVENT_IS_SUPPRESSED,
		[DELIVERY_EXPIRED] = EVENT_TOO_OLD,
	};

	claim->is_known = true;
	claim->answer = (struct delivery_answer){
		.event = events[state],
		.stage = STAGE_LOCAL,
	};
	snprintf(claim->answer.text, sizeof(claim->answer.text),
	         "the ledger of the fleet has it as %s",
	         word_api(&words_states, state));
}

/* Before it is: whoever leads next in this hour must count it. */
static int share_sent(struct claims *self, const struct claim *list,
                      struct err *err)
{
	auto_(arena_clear) struct arena mem = {0};
	const char **receivers =
		arena_array(&mem, count_claims(list), sizeof(*receivers));
	size_t count = 0;

	for (; list != NULL; list = list->next)
		if (list->dest.rua.host[0] != '\0')
			receivers[count++] = list->dest.rua.host;
	return fleet_share_sent(self->db, self->ledger, self->options.conf,
	                        self->name, clock_secs(self->options.clock),
	                        receivers, count, err);
}

static int claim_known(struct claims *self, struct claim *list, struct err *err)
{
	const struct ledger_lease lease = lease_of(self);
	auto_(arena_clear) struct arena mem = {0};
	struct ledger_report *reports;
	size_t count;
	int rc = reach(self, err);

	if (rc <= 0)
		return rc;
	if (gather(self, list, &mem, &reports, &count, err) < 0)
		return err->class;
	rc = answer(self, ledger_claim(self->ledger, &lease, self->fence,
	                               reports, count, err));
	if (rc > 0 && share_sent(self, list, err) < 0)
		rc = answer(self, err->class);
	if (rc <= 0)
		return rc;
	for (; list != NULL; list = list->next) {
		const struct ledger_destination *dest =
			list->head.of_fleet ? find(reports, count, list) : NULL;

		if (dest != NULL && dest->is_known)
			answer_known(list, dest->state);
	}
	return 1;
}

/* For who asks how it goes; told when it begins and when it is over. */
static void note_trouble(struct claims *self, const char *why)
{
	const struct fleet_claims_options *options = &self->options;
	auto_(db_abort) struct db_txn *txn = db_begin_read(self->db);
	struct fleet_seen seen;
	bool is = why[0] != '\0', was;
	struct err ignored;

	meta_fleet_get(txn, &seen);
	db_abort(&txn);
	was = seen.claims_trouble[0] != '\0';
	if (was == is)
		return;
	txn = db_begin_write(self->db);
	meta_fleet_get(txn, &seen);
	seen.claims_trouble_at = is ? clock_secs(options->clock) : 0;
	snprintf(seen.claims_trouble, sizeof(seen.claims_trouble), "%.255s",
	         why);
	meta_fleet_put(txn, &seen);
	/* a store that takes nothing has its own words */
	if (db_commit(&txn, &ignored) == 0 && options->trouble != NULL)
		options->trouble(options->trouble_arg, is ? why : NULL);
}

static int claim_list(struct outbox_ledger *ops, struct claim *list,
                      struct err *err)
{
	struct claims *self = (struct claims *)ops;
	int rc = claim_known(self, list, err);

	note_trouble(self, rc < 0 ? err->text : "");
	return rc;
}

/* --- settling --- */

/* As the store will have it, but for what it thinks of the address: who takes
 * over tries it when this host would have. */
static void fill_settled(const struct claims *self, const struct claim *claim,
                         struct ledger_destination *to, struct arena *mem)
{
	struct outbox_destination dest = claim->dest;

	settle_destination(self->options.conf, claim, claim->answer.event,
	                   clock_secs(self->options.clock), &dest);
	fill_destination(&dest, mem, to);
	to->fence = self->fence;
}

static void settle_list(struct outbox_ledger *ops, const struct claim *list)
{
	struct claims *self = (struct claims *)ops;
	auto_(arena_clear) struct arena mem = {0};
	struct ledger_report *reports =
		arena_array(&mem, count_claims(list), sizeof(*reports));
	size_t count = 0;
	struct err err;

	for (; list != NULL; list = list->next) {
		struct ledger_report *r = &reports[count];

		/* what was given back was not claimed there */
		if (!list->head.of_fleet ||
		    (list->is_answered && !list->is_known))
			continue;
		*r = (struct ledger_report){
			.day = list->head.day,
			.domain = list->head.domain,
			.destinations =
				arena_array(&mem, 1, sizeof(*r->destinations)),
			.destination_count = 1,
		};
		fill_settled(self, list, r->destinations, &mem);
		count++;
	}
	/* whatever came of the first time, the second is the same */
	for (int tries = 0; count > 0 && tries < 2; tries++)
		if (reach(self, &err) == 1 &&
		    answer(self,
		           ledger_settle(self->ledger, db_store_id(self->db),
		                         reports, count, &err)) == 0)
			return;
}

static void keep(struct outbox_ledger *ops)
{
	struct claims *self = (struct claims *)ops;
	const struct ledger_lease lease = lease_of(self);
	struct err err;

	if (reach(self, &err) == 1)
		answer(self,
		       ledger_keep(self->ledger, &lease, self->fence, &err));
}

struct outbox_ledger *
fleet_claims_open(struct db *db, const struct fleet_claims_options *options)
{
	struct claims *self;

	if (options->conf->fleet.ledger[0] == '\0')
		return NULL;
	self = xcalloc(1, sizeof(*self));
	self->ops = (struct outbox_ledger){claim_list, settle_list, keep};
	self->db = db;
	self->options = *options;
	return &self->ops;
}

void fleet_claims_close(struct outbox_ledger **ledger)
{
	struct claims *self = (struct claims *)*ledger;

	if (self == NULL)
		return;
	ledger_close(&self->ledger);
	free(self);
	*ledger = NULL;
}
