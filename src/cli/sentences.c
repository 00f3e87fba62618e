/* The table of sentences, and which of them was meant. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/complete.h"

/* clang-format off */
#define ROW(name, value, member, offer)                                        \
	{name, value, offsetof(struct cli_args, member), offer}
#define NO_OPERAND {{NULL, VALUE_TEXT, 0, NULL}}
#define OPERAND(name, value, member, offer) {ROW(name, value, member, offer)}
#define TYPE OPERAND("<type>", VALUE_TYPE, type, NULL)
#define TYPE_AND_IDS                                                           \
	{ROW("<type>", VALUE_TYPE, type, NULL),                                \
	 ROW("[id]...", VALUE_IDS, object_ids, NULL)}
/* clang-format on */

const struct cli_sentence cli_sentences[] = {
	{"run", NO_OPERAND, FLAG_NOW | FLAG_JSON, NEEDS_STORE_WRITE, cli_run,
         "close days, deliver due reports, purge; run this every 5 minutes",
         "run --json", NULL},
	{"rollup", NO_OPERAND, FLAG_DAY | FLAG_NOW | FLAG_JSON,
         NEEDS_STORE_WRITE, cli_rollup,
         "close days that are over and make their reports",
         "rollup --day yesterday", NULL},
	{"deliver", NO_OPERAND, FLAG_AT_ONCE | FLAG_ID | FLAG_JSON,
         NEEDS_STORE_WRITE, cli_deliver, "deliver the reports that are due",
         "-v deliver --now", NULL},
	{"resend", OPERAND("<id>", VALUE_REPORT, id, COMPLETE_SENT), FLAG_AGAIN,
         NEEDS_STORE_WRITE, cli_resend,
         "deliver a report of the archive again, for example an expired one",
         "resend b0000000001g0", NULL},
	{"status", NO_OPERAND, FLAG_JSON | FLAG_CSV | FLAG_SERVER,
         NEEDS_NOTHING, cli_status,
         "show what was counted, what is waiting, what was sent, and problems",
         "status --json", NULL},
	{"doctor", NO_OPERAND, FLAG_JSON | FLAG_CSV | FLAG_SERVER | FLAG_NAGIOS,
         NEEDS_NOTHING, cli_doctor,
         "check that everything is in place for tomorrow's reports",
         "doctor --nagios", NULL},
	{"feed retire", OPERAND("<feed>", VALUE_TEXT, feed, COMPLETE_FEEDS), 0,
         NEEDS_STORE_WRITE, cli_feed_retire,
         "forget a feed whose daemon is not used any more", "feed retire log",
         NULL},
	{"fleet init", NO_OPERAND, FLAG_REHEARSAL, NEEDS_SETTINGS,
         cli_fleet_init,
         "make the ledger of a fleet in the database of [fleet] ledger",
         "fleet init", NULL},
	{"fleet lead", NO_OPERAND, FLAG_NOW, NEEDS_STORE_READ, cli_fleet_lead,
         "have this host make the reports of the days to come", NULL, NULL},
	{"fleet leave", NO_OPERAND, FLAG_NOW, NEEDS_STORE_WRITE,
         cli_fleet_leave,
         "have this host report its days alone again, from tomorrow on", NULL,
         NULL},
	{"fleet retire", OPERAND("<host>", VALUE_DOMAIN, domain, NULL),
         FLAG_NOW, NEEDS_SETTINGS, cli_fleet_retire,
         "do not wait for a host any more; it joins again when it ships",
         "fleet retire mx3.example.com", NULL},
	{"fleet rejoin", NO_OPERAND, 0, NEEDS_STORE_WRITE, cli_fleet_rejoin,
         "ship again after this store was set back or copied", NULL, NULL},
	{"fleet", NO_OPERAND, FLAG_NOW | FLAG_JSON, NEEDS_SETTINGS, cli_fleet,
         "show the hosts of the fleet, who leads, and what is missing",
         "fleet --json", NULL},
	{"clock show", NO_OPERAND, FLAG_JSON, NEEDS_STORE_READ, cli_clock_show,
         "show whether the clock is trusted", NULL, NULL},
	{"clock accept", NO_OPERAND, 0, NEEDS_STORE_WRITE, cli_clock_accept,
         "trust the clock as it is now", NULL, NULL},
	{"domains", NO_OPERAND,
         FLAG_DAY | FLAG_DAYS | FLAG_FAILURES | FLAG_LIMIT | FLAG_JSON |
                 FLAG_CSV | FLAG_SERVER,
         NEEDS_NOTHING, cli_domains,
         "list the domains of a day, or of some days, and their sessions",
         "domains --days 30 --failures --limit 10", NULL},
	{"show", OPERAND("<domain>", VALUE_COUNTED, domain, COMPLETE_DOMAINS),
         FLAG_DAY | FLAG_LIMIT | FLAG_JSON | FLAG_CSV | FLAG_SERVER,
         NEEDS_NOTHING, cli_show,
         "show everything about one domain: counts, failures, reports, "
         "answers",
         "show example.com", NULL},
	{"history",
         OPERAND("[domain]", VALUE_COUNTED, domain, COMPLETE_DOMAINS),
         FLAG_DAYS | FLAG_LIMIT | FLAG_JSON | FLAG_CSV | FLAG_SERVER,
         NEEDS_NOTHING, cli_history,
         "a line per day: sessions, domains, reports and what became of them",
         "history example.com --days 30", NULL},
	{"preview",
         OPERAND("<domain>", VALUE_COUNTED, domain, COMPLETE_DOMAINS),
         FLAG_DAY | FLAG_EML | FLAG_NOW, NEEDS_STORE_READ, cli_preview,
         "print the report that a domain would get, or the mail with it",
         "preview example.com --eml", NULL},
	{"inbound",
         OPERAND("[domain]", VALUE_DOMAIN, domain, COMPLETE_OWN_DOMAINS),
         FLAG_DAY | FLAG_DAYS | FLAG_LIMIT | FLAG_JSON | FLAG_CSV | FLAG_SERVER,
         NEEDS_NOTHING, cli_inbound,
         "show how mail comes in to our domains, and who sends it without TLS",
         "inbound --days 30 --csv", NULL},
	{"posture",
         OPERAND("[domain]", VALUE_DOMAIN, domain, COMPLETE_OWN_DOMAINS),
         FLAG_DAY | FLAG_DAYS | FLAG_RESOLVER | FLAG_JSON | FLAG_SERVER,
         NEEDS_NOTHING, cli_posture,
         "show what others report about our domains, and whether they are "
         "ready "
         "for enforce",
         "posture example.com --days 30", NULL},
	{"lookup", OPERAND("<domain>", VALUE_DOMAIN, domain, COMPLETE_DOMAINS),
         FLAG_RESOLVER | FLAG_JSON | FLAG_SERVER, NEEDS_NOTHING, cli_lookup,
         "look up a domain's TLSRPT, MTA-STS and DANE records",
         "lookup example.com --resolver 127.0.0.1", NULL},
	{"policy", OPERAND("<domain>", VALUE_TEXT, key, COMPLETE_DOMAINS),
         FLAG_JSON, NEEDS_SETTINGS, cli_policy,
         "ask tlstally-policyd what Postfix is told of a domain, and why",
         "policy example.com", NULL},
	{"suppress list", NO_OPERAND,
         FLAG_LIMIT | FLAG_JSON | FLAG_CSV | FLAG_SERVER, NEEDS_NOTHING,
         cli_suppress_list, "list the suppressed addresses",
         "suppress list --csv", NULL},
	{"suppress add",
         OPERAND("<address>", VALUE_ADDRESS, address, COMPLETE_RECEIVERS),
         FLAG_SUPPRESS, NEEDS_STORE_WRITE, cli_suppress_add,
         "suppress an address: send it no reports",
         "suppress add tls@example.com --for 30d --reason 'asked us to'", NULL},
	{"suppress remove",
         OPERAND("<address>", VALUE_ADDRESS, address, COMPLETE_SUPPRESSED), 0,
         NEEDS_STORE_WRITE, cli_suppress_remove,
         "send reports to an address again", "suppress remove tls@example.com",
         NULL},
	{"bounce", OPERAND("[address]", VALUE_TEXT, sender, NULL), FLAG_JSON,
         NEEDS_STORE_FOR_MAIL, cli_bounce,
         "process a bounced report from standard input (for an alias)",
         "bounce tls-reports+0123456789abcdef@example.net", NULL},
	{"receive", OPERAND("[file]...", VALUE_LIST, files, NULL),
         FLAG_JSON | FLAG_NOW, NEEDS_SETTINGS_FOR_MAIL, cli_receive,
         "take in what others report about our domains: a mail from standard "
         "input (for a transport), or files and Maildirs",
         "receive reports.mbox", NULL},
	{"token list", NO_OPERAND, FLAG_LIMIT | FLAG_JSON | FLAG_CSV,
         NEEDS_STORE_READ, cli_token_list,
         "list the API tokens and their permissions", "token list", NULL},
	{"token add", OPERAND("<name>", VALUE_TOKEN, token, NULL),
         FLAG_TOKEN | FLAG_JSON, NEEDS_STORE_WRITE, cli_token_add,
         "create an API token and print it once",
         "token add grafana --permission tallyRead --expires 90d",
         "--permission"},
	{"token remove", OPERAND("<name>", VALUE_TOKEN, token, COMPLETE_TOKENS),
         0, NEEDS_STORE_WRITE, cli_token_remove,
         "revoke an API token immediately", "token remove grafana", NULL},
	{"get", TYPE_AND_IDS,
         FLAG_IDS | FLAG_LIMIT | FLAG_FIELDS | FLAG_JSON | FLAG_CSV |
                 FLAG_SERVER,
         NEEDS_NOTHING, cli_object_get,
         "print objects: those with these ids, or all",
         "get tls-internal-report b0000000001g0", NULL},
	{"query", TYPE,
         FLAG_SEARCH | FLAG_LIMIT | FLAG_FIELDS | FLAG_JSON | FLAG_CSV |
                 FLAG_SERVER,
         NEEDS_NOTHING, cli_object_query,
         "print objects that match a filter, sorted",
         "query sent-report --where state=expired --sort -failures --limit 10",
         NULL},
	{"create", TYPE, FLAG_GIVEN | FLAG_IN_STATE | FLAG_JSON | FLAG_SERVER,
         NEEDS_NOTHING, cli_object_create, "create objects and print their ids",
         "create suppression --field address=tls@example.com", NULL},
	{"update", TYPE_AND_IDS,
         FLAG_IDS | FLAG_GIVEN | FLAG_IN_STATE | FLAG_JSON | FLAG_SERVER,
         NEEDS_NOTHING, cli_object_update, "change fields of objects",
         "update tls-internal-report b0000000001g0 --field "
         "deliverAt=2030-01-01T10:00:00Z",
         NULL},
	{"delete", TYPE_AND_IDS,
         FLAG_IDS | FLAG_IN_STATE | FLAG_JSON | FLAG_SERVER, NEEDS_NOTHING,
         cli_object_delete, "delete objects",
         "delete tls-internal-report b0000000001g0", NULL},
	{"setup", NO_OPERAND, FLAG_SETUP | FLAG_JSON, NEEDS_NOTHING, cli_setup,
         "show what this Postfix needs, make it, or take it back",
         "setup --apply", NULL},
	{"conf", NO_OPERAND, FLAG_PART | FLAG_CHECK, NEEDS_NOTHING, cli_conf,
         "print or check the settings", "conf --check", NULL},
	{"purge", NO_OPERAND, FLAG_JSON, NEEDS_STORE_WRITE, cli_purge,
         "delete data that is older than keep_days and archive_days", NULL,
         NULL},
	{"check-store", NO_OPERAND, FLAG_JSON, NEEDS_READER, cli_check_store,
         "read the whole store and report damage", NULL, NULL},
	{"rebuild", NO_OPERAND, FLAG_JSON, NEEDS_STORE_WRITE, cli_rebuild,
         "make sums and indexes anew that differ from their rows", NULL, NULL},
	{"backup", OPERAND("<file>", VALUE_FILE, path, NULL),
         FLAG_CHECK | FLAG_FORCE, NEEDS_SETTINGS, cli_backup,
         "copy the store consistently while everything is running; -: to "
         "standard output",
         "backup --force /var/backups/tlstally.mdb", NULL},
	{"restore", OPERAND("<file>", VALUE_FILE, path, NULL), 0,
         NEEDS_SETTINGS, cli_restore,
         "replace the store with a copy while nothing is running; -: from "
         "standard input",
         "restore /var/backups/tlstally.mdb", NULL},
	{"export", OPERAND("[file]", VALUE_FILE, path, NULL),
         FLAG_DAY | FLAG_FORCE | FLAG_NOW, NEEDS_SETTINGS, cli_export,
         "write what this host counted on a day, for the host that reports; "
         "without a file, or with -, to standard output",
         "export --day yesterday --force /var/tmp/mx1.tally", NULL},
	{"import", OPERAND("<file>...", VALUE_LIST, files, NULL),
         FLAG_NEW_STORE | FLAG_NOW, NEEDS_SETTINGS, cli_import,
         "take in days that other hosts exported, or that tlsrpt-collectd "
         "counted; -: from standard input",
         "import /var/tmp/mx1.tally", NULL},
	{"import-tlsrpt", OPERAND("<file>...", VALUE_LIST, files, NULL),
         FLAG_INTO, NEEDS_NOTHING, cli_import_tlsrpt,
         "print the settings and maps of tlsrpt-reporter as settings of "
         "tlstally",
         "import-tlsrpt --into /etc/tlstally/new.conf /etc/tlsrpt/reportd.cfg",
         NULL},
	{"fetch", NO_OPERAND, FLAG_DAY | FLAG_NOW, NEEDS_STORE_WRITE, cli_fetch,
         "fetch a day from the hosts of [fleet] fetchers, as run does",
         "fetch --day yesterday", NULL},
	{"fetcher",
         {ROW("<day>", VALUE_DAY, day, NULL),
          ROW("[domain]", VALUE_COUNTED, domain, NULL)},
         FLAG_NOW,
         NEEDS_SETTINGS,
         cli_fetcher,
         "answer a tlsrpt-reportd as tlsrpt-fetcher does: the domains of a "
         "day, or the counts of one",
         "fetcher 2026-03-01 example.com",
         NULL},
	{"complete",
         {ROW("<what>", VALUE_TEXT, what, NULL),
          ROW("[prefix]", VALUE_TEXT, prefix, NULL)},
         0,
         NEEDS_NOTHING,
         cli_complete,
         "print what a word may be; the shell's completion asks",
         "complete domains exa",
         NULL},
};

const size_t cli_sentences_count =
	sizeof(cli_sentences) / sizeof(cli_sentences[0]);

const struct cli_operand *
cli_sentence_operand(const struct cli_sentence *sentence, size_t i)
{
	return i < CLI_OPERANDS_MAX && sentence->operands[i].name != NULL
	               ? &sentence->operands[i]
	               : NULL;
}

bool cli_operand_repeats(const struct cli_operand *operand)
{
	size_t len = strlen(operand->name);

	return len > 3 && strcmp(operand->name + len - 3, "...") == 0;
}

void cli_sentence_write(const struct cli_sentence *sentence, struct strbuf *out)
{
	const struct cli_operand *operand;

	strbuf_puts(out, sentence->words);
	for (size_t i = 0;
	     (operand = cli_sentence_operand(sentence, i)) != NULL; i++)
		strbuf_printf(out, " %s", operand->name);
}

/* How many words the sentence has if they begin the command line, else 0. */
static int matches(const struct cli_sentence *sentence, char *const *words,
                   int count)
{
	const char *at = sentence->words;
	int n = 0;

	while (*at != '\0') {
		size_t len = strcspn(at, " ");

		if (n == count || strlen(words[n]) != len ||
		    strncmp(at, words[n], len) != 0)
			return 0;
		at += len + strspn(at + len, " ");
		n++;
	}
	return n;
}

static bool is_in_group(const struct cli_sentence *sentence, const char *word)
{
	size_t len = strlen(word);

	return strncmp(sentence->words, word, len) == 0 &&
	       sentence->words[len] == ' ';
}

bool cli_is_group(const char *word)
{
	for (size_t i = 0; i < cli_sentences_count; i++)
		if (is_in_group(&cli_sentences[i], word))
			return true;
	return false;
}

/* "suppress: missing word; one of: list, add, remove"; `second` NULL: none. */
static bool ask_for_second(const char *word, const char *second,
                           struct err *err)
{
	char choices[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < cli_sentences_count; i++) {
		const char *words = cli_sentences[i].words;

		if (is_in_group(&cli_sentences[i], word))
			used += (size_t)snprintf(
				choices + used, sizeof(choices) - used, "%s%s",
				used ? ", " : "", strchr(words, ' ') + 1);
	}
	if (used > 0 && (second == NULL || second[0] == '-'))
		err_set(err, ERR_PARSE, "%s: missing word; one of: %s", word,
		        choices);
	else if (used > 0)
		err_set(err, ERR_PARSE, "%s: unknown word '%.40s'; one of: %s",
		        word, second, choices);
	return used > 0;
}

static void unknown(const char *word, struct err *err)
{
	struct nearest nearest = nearest_to(word);

	for (size_t i = 0; i < cli_sentences_count; i++) {
		char first[32];

		snprintf(first, sizeof(first), "%.*s",
		         (int)strcspn(cli_sentences[i].words, " "),
		         cli_sentences[i].words);
		nearest_offer(&nearest, first);
		/* `first` is gone with the next turn */
		if (nearest.name == first)
			nearest.name = cli_sentences[i].words;
	}
	if (nearest.name != NULL)
		err_set(err, ERR_PARSE,
		        "unknown command '%.40s'; did you mean '%.*s'?", word,
		        (int)strcspn(nearest.name, " "), nearest.name);
	else
		err_set(err, ERR_PARSE, "unknown command '%.40s'", word);
}

const struct cli_sentence *cli_sentence_find(char *const *words, int count,
                                             int *used, struct err *err)
{
	for (size_t i = 0; i < cli_sentences_count; i++) {
		*used = matches(&cli_sentences[i], words, count);
		if (*used > 0)
			return &cli_sentences[i];
	}
	if (!ask_for_second(words[0], count > 1 ? words[1] : NULL, err))
		unknown(words[0], err);
	return NULL;
}
