/*
 * milter_totals - what tlstally-milter has put into a store, a line each
 *
 *     inbound DOMAIN SENDER CLIENT TLS CERTIFICATE CIPHER BITS MESSAGES
 *     mail DOMAIN NEXT-HOP MESSAGES
 *     own DOMAIN REPORTS             of the domains that are asked for
 *     optional QUEUE-ID              of those that are asked for: TLS-Required
 *     wanted DOMAIN
 *     feed MESSAGES
 *
 *     milter_totals DIRECTORY [DOMAIN...]
 *
 * "-" stands for what is empty, "*" for the row of all other senders.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/day.h"
#include "store/feed_table.h"
#include "store/inbound_table.h"
#include "store/mail_table.h"
#include "store/own_report_table.h"
#include "store/policy_wanted_table.h"
#include "store/tls_optional_table.h"

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

static void print_inbound(void *arg, const struct inbound *i, uint64_t messages)
{
	printf("inbound %s %s %s %s %s %s %u %" PRIu64 "\n", (char *)arg,
	       i->other_senders ? "*" : or_dash(i->sender),
	       word_api(&words_clients, i->client),
	       word_api(&words_tls, i->tls),
	       word_api(&words_certificates, i->certificate),
	       or_dash(i->cipher), i->bits, messages);
}

static void print_all(struct db_txn *txn)
{
	char domain[DOMAIN_TEXT] = "", wanted[WANTED_DOMAIN_TEXT] = "";
	struct mail_row mail = {.day = INT32_MIN};
	struct feed feed = {0};
	int32_t day = INT32_MIN;
	uint32_t failures;
	int64_t due;

	while (inbound_table_domain_next(txn, &day, domain) == 1)
		inbound_table_each(txn, day, domain, print_inbound, domain);
	while (mail_next(txn, &mail) == 1)
		printf("mail %s %s %" PRIu64 "\n", mail.domain, mail.next_hop,
		       mail.messages);
	while (policy_wanted_next(txn, wanted, &due, &failures) == 1)
		printf("wanted %s\n", wanted);
	if (feed_table_get(txn, FEED_MILTER, &feed) == 1)
		printf("feed %" PRIu64 "\n", feed.events);
}

/* Of today, or of yesterday when the test began then. */
static void print_own(struct db_txn *txn, const char *domain)
{
	int32_t today = day_of(time(NULL));
	uint64_t n = own_seen_get(txn, today, domain) +
	             own_seen_get(txn, today - 1, domain);

	if (n > 0)
		printf("own %s %" PRIu64 "\n", domain, n);
	if (tls_optional_has(txn, today, domain))
		printf("optional %s\n", domain);
}

int main(int argc, char **argv)
{
	struct db_options options = {
		.directory = argv[1], .map_size = 1u << 30, .read_only = true};
	struct err err = {0};
	struct db_txn *txn;
	struct db *db;
	int rc;

	if (argc < 2 || db_open(&db, &options, &err) < 0) {
		fprintf(stderr, "milter_totals: %s\n", err.text);
		return EXIT_FAILURE;
	}
	txn = db_begin_read(db);
	print_all(txn);
	for (int i = 2; i < argc; i++)
		print_own(txn, argv[i]);
	rc = db_failure(txn, &err);
	db_abort(&txn);
	db_close(&db);
	if (rc < 0)
		fprintf(stderr, "milter_totals: %s\n", err.text);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
