/* What became of destinations: by answer, and by day. */
#include "show/status.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/day.h"
#include "base/json.h"
#include "reply/delivery_state.h"
#include "show/doc.h"
#include "store/answer_group.h"
#include "store/outbox_sums.h"
#include "words/words.h"

/* Groups of the outbox, or of a day; the rest is one more. */
struct answers {
	struct answer_group list[ANSWER_GROUPS_MAX + 1];
	size_t count;
};

/* What a person has to look at first, then what there is most of. */
static int worst_first(const void *a, const void *b)
{
	const struct answer_group *x = a, *y = b;

	if (x->our_fault != y->our_fault)
		return x->our_fault ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return x->key < y->key ? -1 : 1;
}

static void add_list(json_t *list, const char *day, struct answers *answers)
{
	qsort(answers->list, answers->count, sizeof(*answers->list),
	      worst_first);
	for (size_t i = 0; i < answers->count; i++) {
		const struct answer_group *group = &answers->list[i];
		json_t *item = doc_row(list);

		doc_set(item, "day", day);
		doc_set(item, "state", word_api(&words_states, group->state));
		doc_set(item, "transport", rua_kind_word(group->kind));
		doc_set(item, "stage", word_api(&words_stages, group->stage));
		json_set_uint(item, "code", (uint64_t)group->code);
		json_set_bool(item, "ownFault", group->our_fault);
		json_set_uint(item, "destinations", group->n);
		doc_set(item, "domain", group->domain);
		doc_set(item, "answer", group->answer);
		json_set_time(item, "firstAttempt", group->first);
		json_set_time(item, "lastAttempt", group->last);
		json_set_time(item, "nextAttempt", group->due);
	}
}

int status_answers_add(const struct status_of *of, struct db_txn *txn,
                       json_t *doc, struct err *err)
{
	json_t *list = doc_array(doc, "answers");
	int32_t today = day_of(of->now);
	struct answers answers = {.count = 0};
	struct answer_group group = {.key = 0};

	while (answers.count <= ANSWER_GROUPS_MAX &&
	       outbox_sums_group(txn, &group))
		answers.list[answers.count++] = group;
	add_list(list, NULL, &answers);
	for (int32_t day = today; day >= today - 1; day--) {
		char text[DAY_TEXT];

		group.key = 0;
		answers.count = 0;
		while (answers.count <= ANSWER_GROUPS_MAX &&
		       answer_group_next(txn, day, &group))
			answers.list[answers.count++] = group;
		add_list(list, day_format(day, text), &answers);
	}
	return db_failure(txn, err);
}

void status_settled_write(const struct day_settled *settled, json_t *item)
{
	uint64_t copies = 0;

	json_set_uint(item, "settled", settled->reports);
	for (int state = 0; state < DELIVERY_STATES; state++)
		if (delivery_state_is_final((enum delivery_state)state))
			json_set_uint(item, word_api(&words_states, state),
			              settled->destinations[state]);
	for (int state = 0; state < DELIVERY_STATES; state++)
		if (state != DELIVERY_DELIVERED)
			copies += settled->copies[state];
	json_set_uint(item, "copies", settled->copies[DELIVERY_DELIVERED]);
	json_set_uint(item, "copiesFailed", copies);
}

/* The latest day first; days on which nothing left are not there. */
int status_deliveries(const struct status_of *of, json_t *doc, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(of->db);
	json_t *list = doc_array(doc, "deliveries");
	int32_t today = day_of(of->now);

	for (int32_t day = today; day > today - STATUS_DAYS; day--) {
		struct day_settled settled;
		uint64_t any;
		json_t *item;

		day_table_settled_get(txn, day, &settled);
		any = settled.reports + settled.destinations[DELIVERY_BOUNCED] +
		      settled.copies[DELIVERY_DELIVERED] +
		      settled.copies[DELIVERY_EXPIRED] +
		      settled.copies[DELIVERY_BOUNCED];
		if (any == 0)
			continue;
		item = doc_row(list);
		doc_set_day(item, "day", day);
		status_settled_write(&settled, item);
	}
	return db_failure(txn, err);
}
