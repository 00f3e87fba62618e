#include "unit/test.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "cli/cli.h"
#include "cli/csv.h"
#include "cli/object_type.h"
#include "cli/status.h"
#include "cli/table.h"
#include "show/doc.h"

enum { WORDS_MAX = 12 };

/* The command line as a shell would split it (no quotes). */
struct line {
	char *text;
	char *argv[WORDS_MAX + 1];
	int argc;
};

static void line_clear(struct line *line)
{
	free(line->text);
}

static struct line line_of(const char *text)
{
	struct line line = {.text = xasprintf("tlstally %s", text)};
	char *save = NULL;

	for (char *word = strtok_r(line.text, " ", &save);
	     word != NULL && line.argc < WORDS_MAX;
	     word = strtok_r(NULL, " ", &save))
		line.argv[line.argc++] = word;
	return line;
}

static void test_understood(void **state)
{
	static const struct {
		const char *name, *line, *words, *operand;
	} rows[] = {
		{"a word", "status", "status", NULL},
		{"two words and an operand", "suppress add a@b.example",
	         "suppress add", "a@b.example"},
		{"options before and behind",
	         "-v -c x.conf show example.com --json", "show", "example.com"},
		{"an option between command and operand",
	         "show --json example.com", "show", "example.com"},
		{"what begins with a hyphen, behind --",
	         "suppress remove -- -x@b.example", "suppress remove",
	         "-x@b.example"},
		{"an operand that may be left out, left out",
	         "inbound --days 30", "inbound", NULL},
		{"and given", "inbound example.com", "inbound", "example.com"},
		{"help for a command needs no operand", "help show", "show",
	         NULL},
		{"the same with --help", "show --help", "show", NULL},
		{"help for several commands", "help suppress", NULL, NULL},
		{"the same with --help", "suppress --help", NULL, NULL},
		{"and -h", "token -h", NULL, NULL},
		{"a day's name", "domains --day yesterday --limit 3", "domains",
	         NULL},
		{"help alone", "help", NULL, NULL},
		{"--help alone", "--help", NULL, NULL},
		{"--version alone", "--version", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(line_clear) struct line line = line_of(rows[i].line);
		const struct cli_sentence *sentence;
		struct cli_args args;
		struct err err = {0};

		ROW(&rows[i]);
		if (cli_args_read(line.argc, line.argv, &args, &sentence,
		                  &err) != 0)
			fail_msg("%s", err.text);
		if (rows[i].words == NULL)
			assert_null(sentence);
		else
			assert_string_equal(sentence->words, rows[i].words);
		assert_int_equal(args.operand_count, rows[i].operand != NULL);
		if (rows[i].operand != NULL)
			assert_string_equal(args.domain[0] != '\0'
			                            ? args.domain
			                            : args.address,
			                    rows[i].operand);
	}
}

static void test_usage(void **state)
{
	static const struct {
		const char *name, *line, *words;
	} rows[] = {
		{"nothing", "",
	         "no command specified: `tlstally --help` lists the commands"},
		{"a slip of the finger", "ststus",
	         "unknown command 'ststus'; did you mean 'status'?"},
		{"the first of two words, misspelt", "supress list",
	         "unknown command 'supress'; did you mean 'suppress'?"},
		{"nothing like it", "frobnicate",
	         "unknown command 'frobnicate'"},
		{"half a sentence", "suppress",
	         "suppress: missing word; one of: list, add, remove"},
		{"half a sentence, and more", "suppress --json",
	         "suppress: missing word; one of: list, add, remove"},
		{"help for half a sentence, and more", "help suppress lsit",
	         "suppress: unknown word 'lsit'; one of: list, add, remove"},
		{"the second word misspelt", "clock shwo",
	         "clock: unknown word 'shwo'; one of: show, accept"},
		{"an address is no domain", "lookup 192.0.2.1",
	         "lookup: '192.0.2.1' is an IP address, not a domain"},
		{"an override without a value", "-o report.mode status",
	         "-o: 'report.mode' is not of the form section.name=value"},
		{"an override without a section", "status -o mode=all",
	         "-o: 'mode=all' is not of the form section.name=value"},
		{"no limit", "domains --limit many",
	         "--limit: 'many' is not a whole number that is 0 or more"},
		{"a misspelt option", "status --jason",
	         "unknown option '--jason'; did you mean '--json'?"},
		{"an option of another command", "status --failures",
	         "status does not take '--failures'"},
		{"an option of a command, before it", "--json status",
	         "before its command, tlstally does not take '--json'"},
		{"no operand", "show", "show: missing argument: <domain>"},
		{"an operand too many", "show a.example b.example",
	         "show: unexpected argument 'b.example'"},
		{"no value", "domains --day", "--day requires a value: DAY"},
		{"no day", "domains --day tomorrow",
	         "--day: 'tomorrow' is not a day (like 2026-03-01)"},
		{"no number of days", "inbound --days 0",
	         "--days: '0' is not a number of days from 1 to 3660"},
		{"days and more", "inbound --days 7d",
	         "--days: '7d' is not a number of days from 1 to 3660"},
		{"an operand too many where one may be left out",
	         "inbound a.example b.example",
	         "inbound: unexpected argument 'b.example'"},
		{"no span", "suppress add a@b.example --for ever",
	         "--for: 'ever' is not a time span (like 90s, 10m, 4h, "
	         "2d)"},
		{"an operand that is not what it should be", "lookup a..b",
	         "lookup: domain 'a..b' has an empty label"},
		{"the second", "get domain a.b",
	         "get: 'a.b' is not an id (A-Z a-z 0-9 - _)"},
		{"no id", "deliver --id 7",
	         "--id: '7' is not the id of a report; `tlstally show DOMAIN` "
	         "lists the ids"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(line_clear) struct line line = line_of(rows[i].line);
		const struct cli_sentence *sentence;
		struct cli_args args;
		struct err err = {0};

		ROW(&rows[i]);
		assert_int_equal(cli_args_read(line.argc, line.argv, &args,
		                               &sentence, &err),
		                 ERR_PARSE);
		assert_string_equal(err.text, rows[i].words);
	}
}

static void test_values(void **state)
{
	auto_(line_clear) struct line line = line_of(
		"-cx.conf -o a.b=1 -o c.d=2 suppress add a@b.example --for=2d");
	auto_(line_clear) struct line at_once = line_of("deliver --now");
	auto_(line_clear) struct line later =
		line_of("deliver --now 2026-03-02T00:15Z --json");
	const struct cli_sentence *sentence;
	struct cli_args args;

	(void)state;
	assert_int_equal(
		cli_args_read(line.argc, line.argv, &args, &sentence, NULL), 0);
	assert_string_equal(args.file.path, "x.conf");
	assert_int_equal(args.file.assignment_count, 2);
	assert_string_equal(args.file.assignments[1], "c.d=2");
	assert_int_equal(args.for_secs, 2 * 86400);
	assert_int_equal(cli_args_read(at_once.argc, at_once.argv, &args,
	                               &sentence, NULL),
	                 0);
	assert_true(args.all_now);
	assert_int_equal(args.now, 0);
	assert_int_equal(
		cli_args_read(later.argc, later.argv, &args, &sentence, NULL),
		0);
	assert_false(args.all_now);
	assert_int_equal(args.now, 1772410500);
	assert_true(args.json);
}

static void test_an_operand_that_repeats(void **state)
{
	auto_(line_clear) struct line line = line_of("import a - c.gz");
	const struct cli_sentence *sentence;
	struct cli_args args;

	(void)state;
	assert_int_equal(
		cli_args_read(line.argc, line.argv, &args, &sentence, NULL), 0);
	assert_int_equal(args.files.count, 3);
	assert_string_equal(args.files.at[1], "-");
	assert_string_equal(args.files.at[2], "c.gz");
}

static const struct cli_flag_row *row_named(const char *name)
{
	size_t i = 0;

	while (strcmp(cli_flags[i].name, name) != 0)
		i++;
	return &cli_flags[i];
}

/* "suppress add a@b.example", and all that it must have besides. */
static void write_valid(const struct cli_sentence *sentence, struct strbuf *out)
{
	static const char *const good[CLI_VALUES] = {
		[VALUE_TEXT] = "x",
		[VALUE_FILE] = "x",
		[VALUE_LIST] = "x",
		[VALUE_DAY] = "2026-03-01",
		[VALUE_DOMAIN] = "a.example",
		[VALUE_COUNTED] = "a.example",
		[VALUE_ADDRESS] = "a@b.example",
		[VALUE_TYPE] = "suppression",
		[VALUE_ID] = "a",
		[VALUE_IDS] = "a",
		[VALUE_REPORT] = "a00000000000c",
		[VALUE_TOKEN] = "t",
		[VALUE_PERMISSIONS] = "all",
	};
	const struct cli_operand *operand;

	strbuf_puts(out, sentence->words);
	for (size_t i = 0;
	     (operand = cli_sentence_operand(sentence, i)) != NULL; i++) {
		assert_non_null(good[operand->value]);
		strbuf_printf(out, " %s", good[operand->value]);
	}
	if (sentence->required != NULL)
		strbuf_printf(out, " %s %s", sentence->required,
		              good[row_named(sentence->required)->type]);
}

static void refused(const char *text, const char *words)
{
	auto_(line_clear) struct line line = line_of(text);
	const struct cli_sentence *sentence;
	struct cli_args args;
	struct err err = {0};

	print_message("  - %s\n", text);
	assert_int_equal(
		cli_args_read(line.argc, line.argv, &args, &sentence, &err),
		ERR_PARSE);
	if (strncmp(err.text, words, strlen(words)) != 0)
		fail_msg("got  %s\nwant %s...", err.text, words);
}

/* One option of a command: without its value, with one that it cannot be. */
static void option_refused(const char *valid, const struct cli_flag_row *row)
{
	static const char *const bad[CLI_VALUES] = {
		[VALUE_DAY] = "2026-02-30",
		[VALUE_DAYS] = "0",
		[VALUE_TIME] = "midnight",
		[VALUE_SPAN] = "30y",
		[VALUE_NUMBER] = "-1",
		[VALUE_POSITION] = "first",
		[VALUE_REPORT] = "7",
		[VALUE_ID] = "a.b",
		[VALUE_RESOLVER] = "dns.example",
		[VALUE_PERMISSIONS] = "root",
	};
	auto_(xfree_str) char *line = NULL, *words = NULL;

	if (row->value[0] != '[') {
		line = xasprintf("%s %s", valid, row->name);
		words = xasprintf("%s requires a value: %s", row->name,
		                  row->value);
		refused(line, words);
	}
	if (bad[row->type] != NULL) {
		xfree_str(&line);
		xfree_str(&words);
		line = xasprintf("%s %s %s", valid, row->name, bad[row->type]);
		words = xasprintf("%s: ", row->name);
		refused(line, words);
	}
}

/* Two rows may have one name. */
static bool takes_name(const struct cli_sentence *sentence, const char *name)
{
	for (size_t i = 0; i < cli_flags_count; i++)
		if ((cli_flags[i].flag & sentence->flags) != 0 &&
		    strcmp(cli_flags[i].name, name) == 0)
			return true;
	return false;
}

static bool takes_any_number(const struct cli_sentence *sentence)
{
	for (size_t i = 0; cli_sentence_operand(sentence, i) != NULL; i++)
		if (cli_operand_repeats(cli_sentence_operand(sentence, i)))
			return true;
	return false;
}

static void test_usage_of_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < cli_sentences_count; i++) {
		const struct cli_sentence *row = &cli_sentences[i];
		const struct cli_operand *operand =
			cli_sentence_operand(row, 0);
		auto_(strbuf_clear) struct strbuf valid = {0};
		auto_(xfree_str) char *unknown = NULL, *extra = NULL,
				      *words = NULL, *missing = NULL;

		write_valid(row, &valid);
		unknown = xasprintf("%s --frobnicate", valid.data);
		refused(unknown, "unknown option '--frobnicate'");
		extra = xasprintf("%s too.many", valid.data);
		words = xasprintf("%s: unexpected argument 'too.many'",
		                  row->words);
		if (!takes_any_number(row))
			refused(extra, words);
		if (operand != NULL && operand->name[0] == '<') {
			missing = xasprintf("%s: missing argument: %s",
			                    row->words, operand->name);
			refused(row->words, missing);
		}
		for (size_t n = 0; n < cli_flags_count; n++) {
			const struct cli_flag_row *flag = &cli_flags[n];
			bool takes =
				(flag->flag & (FLAGS_ALWAYS | row->flags)) != 0;
			auto_(xfree_str) char *other =
				xasprintf("%s %s", valid.data, flag->name);
			auto_(xfree_str) char *whose =
				xasprintf("%s does not take '%s'", row->words,
			                  flag->name);

			if (takes && flag->value != NULL)
				option_refused(valid.data, flag);
			else if (!takes && !takes_name(row, flag->name))
				refused(other, whose);
		}
	}
}

static void test_contradictions(void **state)
{
	static const struct {
		const char *line, *words;
	} rows[] = {
		{"status --json --csv", "specify only one of --json and --csv"},
		{"doctor --nagios --json",
	         "specify only one of --json and --nagios"},
		{"doctor --nagios --csv",
	         "specify only one of --csv and --nagios"},
		{"inbound --day today --days 2",
	         "specify only one of --day and --days"},
		{"conf -n -d", "specify only one of -n and -d"},
		{"conf --check -n", "specify only one of --check and -n"},
		{"conf -d --check", "specify only one of --check and -d"},
		{"backup --check --force x",
	         "specify only one of --check and --force"},
		{"setup --apply --undo",
	         "specify only one of --apply and --undo"},
		{"setup --undo --feed log",
	         "specify only one of --undo and --feed"},
		{"setup --undo --milter no",
	         "specify only one of --undo and --milter"},
		{"setup --undo --security-level may",
	         "specify only one of --undo and --security-level"},
		{"create suppression --file x --stdin",
	         "specify only one of --file and --stdin"},
		{"get domain --ids a --limit 1",
	         "specify only one of --limit and --ids"},
		{"get domain --api-key a --api-key-file b",
	         "specify only one of --api-key and --api-key-file"},
		{"token add x", "token add: missing option: --permission"},
		{"token add x --expires 90d",
	         "token add: missing option: --permission"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		refused(rows[i].line, rows[i].words);
}

/* What an option's help says that its value is like, it takes. */
static void test_help_examples(void **state)
{
	int examples = 0;

	(void)state;
	for (size_t i = 0; i < cli_flags_count; i++) {
		const struct cli_flag_row *row = &cli_flags[i];
		const char *at =
			row->help ? strstr(row->help, ", like ") : NULL;
		auto_(xfree_str) char *text = NULL;
		char *save = NULL;

		if (at == NULL)
			continue;
		text = xstrndup(at + 7, strcspn(at + 7, ";"));
		for (char *word = strtok_r(text, ", ", &save); word != NULL;
		     word = strtok_r(NULL, ", ", &save)) {
			struct cli_args args = {.json = false};
			struct err err = {0};

			if (strcmp(word, "or") == 0)
				continue;
			/* "..., or a JSON filter" */
			if (strcmp(word, "a") == 0)
				break;
			print_message("  - %s %s\n", row->name, word);
			if (cli_value_read(row->type, word,
			                   (char *)&args + row->at, &err) < 0)
				fail_msg("%s", err.text);
			examples++;
		}
	}
	assert_true(examples >= 10);
}

/* What each kind of value takes and what it does not, and with which words. */
static void test_kinds(void **state)
{
	static const struct {
		enum cli_value value;
		const char *good, *bad, *words;
	} rows[] = {
		{VALUE_FILE, "a file", "", "the name of the file is empty"},
		{VALUE_DAY, "2026-03-01", "2026-02-30",
	         "'2026-02-30' is not a day (like 2026-03-01)"},
		{VALUE_DAYS, "3660", "3661",
	         "'3661' is not a number of days from 1 to 3660"},
		{VALUE_TIME, "2026-03-02T00:15Z", "midnight",
	         "'midnight' is not a time (RFC 3339, like "
	         "2026-03-01T10:00:00Z)"},
		{VALUE_SPAN, "30d", "30y",
	         "'30y' is not a time span (like 90s, 10m, 4h, 2d)"},
		{VALUE_NUMBER, "0", "-1",
	         "'-1' is not a whole number that is 0 or more"},
		{VALUE_NUMBER, "9007199254740991", "9007199254740992",
	         "9007199254740992 is too large"},
		{VALUE_POSITION, "-1", "1x", "'1x' is not a whole number"},
		{VALUE_POSITION, "0", "", "'' is not a whole number"},
		{VALUE_REPORT, "a00000000000c", "A00000000000c",
	         "'A00000000000c' is not the id of a report; `tlstally show "
	         "DOMAIN` lists the ids"},
		{VALUE_IDS, "a_b-9", "a.b",
	         "'a.b' is not an id (A-Z a-z 0-9 - _)"},
		{VALUE_ID, "a_b-9", "a.b",
	         "'a.b' is not an id (A-Z a-z 0-9 - _)"},
		{VALUE_NUMBER, "1", "99999999999999999999",
	         "99999999999999999999 is too large"},
		{VALUE_REASON, "asked us to",
	         "0123456789012345678901234567890123456789012345678901234567890"
	         "123"
	         "0123456789012345678901234567890123456789012345678901234567890"
	         "123"
	         "0123456789012345678901234567890123456789012345678901234567890"
	         "123"
	         "0123456789012345678901234567890123456789012345678901234567890"
	         "123",
	         "longer than 255 bytes"},
		{VALUE_DOMAIN, "Example.COM.", "a..b",
	         "domain 'a..b' has an empty label"},
		{VALUE_COUNTED, "not..a.domain", "", "'' is not a domain"},
		{VALUE_ADDRESS, "tls@Example.com", "nonsense",
	         "rua: no @ in the mail address in 'nonsense'"},
		{VALUE_RESOLVER, "::1@5353", "dns.example",
	         "'inet:dns.example' is not an IP address (like "
	         "inet:127.0.0.1:53 or inet:[::1]:53)"},
		{VALUE_TOKEN, "grafana-1", "two words",
	         "'two words': a token's name consists of letters, digits, "
	         "'.', '_' and '-'"},
		{VALUE_TYPE, "SentReport", "supression",
	         "unknown object type 'supression'; did you mean "
	         "'suppression'?"},
		{VALUE_PERMISSIONS, "all", "tallyRaed",
	         "'tallyRaed' is not a permission; did you mean tallyRead?"},
	};
	bool seen[CLI_VALUES] = {[VALUE_TEXT] = true};
	struct cli_list list = {.count = 0};
	struct settings_file file = {.path = NULL};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		union {
			uint64_t number;
			char text[TALLY_DOMAIN_TEXT + RUA_ADDRESS_MAX];
		} at = {.text = ""};
		struct err err = {0};

		print_message("  - %s\n", rows[i].bad);
		seen[rows[i].value] = true;
		if (cli_value_read(rows[i].value, rows[i].good, &at, &err) != 0)
			fail_msg("%s: %s", rows[i].good, err.text);
		assert_true(cli_value_read(rows[i].value, rows[i].bad, &at,
		                           &err) < 0);
		assert_string_equal(err.text, rows[i].words);
	}
	/* what may be repeated is refused when it is too much */
	for (int i = 0; i < 2; i++) {
		enum cli_value value = i == 0 ? VALUE_LIST : VALUE_SETTING;
		void *at = i == 0 ? (void *)&list : &file;
		struct err err = {0};
		int n = 0;

		while (n < 1000 &&
		       cli_value_read(value, "a.b=c", at, &err) == 0)
			n++;
		assert_true(n > 1 && n < 1000);
		assert_int_equal(strncmp(err.text, "more than ", 10), 0);
		seen[value] = true;
	}
	for (int i = 0; i < CLI_VALUES; i++)
		assert_true(seen[i]);
}

/* The tables' rows are whole, and a flag's bit leads to one row of it. */
static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < cli_sentences_count; i++) {
		assert_non_null(cli_sentences[i].run);
		assert_true(islower((unsigned char)cli_sentences[i].help[0]));
		assert_int_equal(cli_sentences[i].flags & FLAGS_ALWAYS, 0);
	}
	for (size_t i = 0; i < cli_flags_count; i++)
		assert_true(cli_flags[i].value == NULL
		                    ? cli_flags[i].yes != 0
		                    : cli_flags[i].at != 0 ||
		                              cli_flags[i].flag <= FLAG_SET);
}

static char *read_manual(void)
{
	FILE *file = fopen(MANUAL, "re");
	struct strbuf text = {0};
	char bytes[4096];
	size_t got;

	if (file == NULL)
		fail_msg("%s: cannot be opened", MANUAL);
	while ((got = fread(bytes, 1, sizeof(bytes), file)) > 0)
		strbuf_add(&text, bytes, got);
	fclose(file);
	return strbuf_take(&text);
}

/* tlstally(1) has an item for each sentence, and each of its flags in it. */
static void test_manual(void **state)
{
	auto_(xfree_str) char *manual = read_manual();

	(void)state;
	for (size_t i = 0; i < cli_sentences_count; i++) {
		auto_(xfree_str) char *item =
			xasprintf("\n.It Cm %s", cli_sentences[i].words);
		const char *at = strstr(manual, item);

		if (at == NULL || !isspace((unsigned char)at[strlen(item)]))
			fail_msg("tlstally(1) does not name '%s'",
			         cli_sentences[i].words);
	}
	for (size_t i = 0; i < cli_flags_count; i++) {
		auto_(xfree_str) char *flag =
			xasprintf("Fl %s", cli_flags[i].name + 1);

		if (strstr(manual, flag) == NULL)
			fail_msg("tlstally(1) does not name '%s'",
			         cli_flags[i].name);
	}
}

static void find_in(const char *from, const char *until, const char *name)
{
	auto_(xfree_str) char *text = xstrndup(from, (size_t)(until - from));
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)) != NULL; at++)
		if (!isalnum((unsigned char)at[-1]) &&
		    !isalnum((unsigned char)at[len]))
			return;
	fail_msg("tlstally(1) does not name '%s' in:\n%s", name, text);
}

/* Of each type the manual has the fields, the filters and what to sort by;
 * those of the archive are those of the outbox. */
static void test_manual_types(void **state)
{
	auto_(xfree_str) char *manual = read_manual();
	const char *section = strstr(manual, "The types, their fields");
	const struct jmap_type *type;

	(void)state;
	assert_non_null(section);
	for (size_t i = 0; (type = jmap_type_at(i)) != NULL; i++) {
		auto_(xfree_str) char *item =
			xasprintf("\n.It Cm %s\n", type->show.word);
		const char *from = strstr(section, item), *until;

		if (from == NULL)
			fail_msg("tlstally(1) does not name %s",
			         type->show.word);
		if (type == &type_sent)
			continue;
		until = strstr(from + 1, "\n.It ");
		if (until == NULL)
			until = strstr(from, "\n.El");
		for (size_t n = 0; n < type->show.table->count; n++)
			find_in(from, until, type->show.table->rows[n].name);
		for (size_t n = 0; type->walk.conditions[n].name != NULL; n++)
			find_in(from, until, type->walk.conditions[n].name);
		for (size_t n = 0; type->walk.sorts[n].property != NULL; n++)
			find_in(from, until, type->walk.sorts[n].property);
	}
}

static void test_help(void **state)
{
	auto_(strbuf_clear) struct strbuf all = {0}, one = {0};

	(void)state;
	cli_help(&all);
	for (size_t i = 0; i < cli_sentences_count; i++)
		assert_non_null(strstr(all.data, cli_sentences[i].help));
	for (size_t i = 0; i < cli_sentences_count; i++) {
		strbuf_reset(&one);
		cli_help_sentence(&cli_sentences[i], &one);
		assert_non_null(strstr(one.data, cli_sentences[i].words));
	}
	strbuf_reset(&one);
	cli_help_group("suppress", &one);
	assert_non_null(strstr(one.data, "usage: tlstally suppress list "));
	assert_non_null(strstr(one.data, "usage: tlstally suppress remove "));
	assert_null(strstr(one.data, "token add"));
}

/* The option's help sends people there. */
static void test_help_has_permissions(void **state)
{
	auto_(xfree_str) char *manual = read_manual();
	auto_(strbuf_clear) struct strbuf help = {0};

	(void)state;
	for (size_t i = 0; i < cli_sentences_count; i++)
		if (strcmp(cli_sentences[i].words, "token add") == 0)
			cli_help_sentence(&cli_sentences[i], &help);
	for (unsigned bit = 1; bit < PERMIT_ALL; bit <<= 1) {
		const char *word = jmap_permission_word(bit);

		if (strstr(strbuf_text(&help), word) == NULL)
			fail_msg("no %s in: %s", word, strbuf_text(&help));
		if (strstr(manual, word) == NULL)
			fail_msg("tlstally(1) does not name %s", word);
	}
}

static const struct table_column columns[] = {TABLE_TEXT("domain", "d"),
                                              TABLE_NUMBER("ok", "n"),
                                              TABLE_TEXT("why", "w")};

static void test_table(void **state)
{
	static const struct {
		const char *name, *domain;
		uint64_t ok;
		const char *why, *want;
	} rows[] = {
		{"numbers stand right", "a.example", 12345, "x",
	         " domain        ok  why\n a.example  12345  x\n"},
		{"wide titles, and no blanks at the end", "a", 1, "",
	         " domain  ok  why\n a        1\n"},
		{"characters count, not bytes",
	         "b\xc3\xbc"
	         "cher.example",
	         1, "x",
	         " domain          ok  why\n b\xc3\xbc"
	         "cher.example   1  x\n"},
		{"a terminal is told nothing", "a\x1b[2J\nb", 1, "\xc2\x9bx",
	         " domain  ok  why\n a[2Jb    1  x\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *list =
			json_pack("[{s:s,s:I,s:s}]", "d", rows[i].domain, "n",
		                  (json_int_t)rows[i].ok, "w", rows[i].why);
		auto_(strbuf_clear) struct strbuf out = {0};

		ROW(&rows[i]);
		table_print(list, columns, 3, " ", &out);
		assert_string_equal(strbuf_text(&out), rows[i].want);
	}
}

/* Lines no wider than a terminal, and nothing is lost. */
static void test_table_width(void **state)
{
	static const struct {
		const char *name;
		size_t width;
		const char *domain, *why, *want;
	} rows[] = {
		{"the right column gives way, at a blank", 37, "a.example",
	         "450 4.2.1 try again later",
	         "domain     ok  why\n"
	         "a.example   1  450 4.2.1 try again\n"
	         "               later\n"},
		{"a word that is too long is broken", 32, "a.example",
	         "https://reports.a.example/v1/tls",
	         "domain     ok  why\n"
	         "a.example   1  https://reports.a\n"
	         "               .example/v1/tls\n"},
		{"then the next one", 40,
	         "a-rather-long-name-for-a-host.of.a.example",
	         "450 4.2.1 try again later",
	         "domain              ok  why\n"
	         "a-rather-long-name   1  450 4.2.1 try\n"
	         "-for-a-host.of.a.e      again later\n"
	         "xample\n"},
		{"a terminal that is too narrow gets wide lines", 10,
	         "a.example", "no",
	         "domain     ok  why\n"
	         "a.example   1  no\n"},
		{"a terminal that is wide enough", 80, "a.example",
	         "450 4.2.1 try again later",
	         "domain     ok  why\n"
	         "a.example   1  450 4.2.1 try again later\n"},
		{"no terminal", 0, "a.example",
	         "450 4.2.1 try again later, not before the moon is full",
	         "domain     ok  why\n"
	         "a.example   1  450 4.2.1 try again later, not before the "
	         "moon is full\n"},
		{"Chinese characters take two columns, accents none", 0,
	         "\xe4\xbe\x8b\xe5\xad\x90.test", "u\xcc\x88",
	         "domain     ok  why\n"
	         "\xe4\xbe\x8b\xe5\xad\x90.test   1  u\xcc\x88\n"},
		{"and are broken by their columns", 33, "a.example",
	         "\xe4\xbe\x8b\xe5\xad\x90\xe4\xbe\x8b\xe5\xad\x90"
	         "\xe4\xbe\x8b\xe5\xad\x90\xe4\xbe\x8b\xe5\xad\x90"
	         "\xe4\xbe\x8b\xe5\xad\x90",
	         "domain     ok  why\n"
	         "a.example   1  "
	         "\xe4\xbe\x8b\xe5\xad\x90\xe4\xbe\x8b\xe5\xad\x90"
	         "\xe4\xbe\x8b\xe5\xad\x90\xe4\xbe\x8b\xe5\xad\x90"
	         "\xe4\xbe\x8b\n"
	         "               \xe5\xad\x90\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *list =
			json_pack("[{s:s,s:i,s:s}]", "d", rows[i].domain, "n",
		                  1, "w", rows[i].why);
		auto_(strbuf_clear) struct strbuf out = {0};

		ROW(&rows[i]);
		table_set_width(rows[i].width);
		table_print(list, columns, 3, "", &out);
		table_set_width(0);
		assert_string_equal(strbuf_text(&out), rows[i].want);
	}
}

static void test_csv(void **state)
{
	static const struct {
		const char *name, *value, *want;
	} rows[] = {
		{"a text", "\"a.example\"", "a.example"},
		{"a comma", "\"a, b\"", "\"a, b\""},
		{"a quotation mark", "\"say \\\"no\\\"\"",
	         "\"say \"\"no\"\"\""},
		{"a line break is taken out", "\"a\\r\\nb\"", "ab"},
		{"a number", "12", "12"},
		{"one below 0 is no formula", "-12", "-12"},
		{"null", "null", ""},
		{"true", "true", "true"},
		{"a list", "[\"a\",\"b\"]", "\"a, b\""},
		{"objects are JSON", "{\"n\":1}", "\"{\"\"n\"\":1}\""},
		{"a formula is text", "\"=HYPERLINK(1)\"", "'=HYPERLINK(1)"},
		{"with quotation marks, too", "\"=A(\\\"x\\\")\"",
	         "\"'=A(\"\"x\"\")\""},
		{"plus", "\"+1\"", "'+1"},
		{"minus", "\"-1+cmd\"", "'-1+cmd"},
		{"at", "\"@SUM(1)\"", "'@SUM(1)"},
		{"behind a tab", "\"\\t=1\"", "'=1"},
		{"in a list", "[\"=1\"]", "'=1"},
		{"in the middle it is none", "\"a=b\"", "a=b"},
	};
	auto_(json_free) json_t *none = json_array();
	auto_(strbuf_clear) struct strbuf empty = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *value =
			json_loads(rows[i].value, JSON_DECODE_ANY, NULL);
		auto_(json_free) json_t *list = json_pack(
			"[{s:s,s:O},{s:s}]", "d", "x", "v", value, "d", "y");
		auto_(strbuf_clear) struct strbuf out = {0};
		auto_(xfree_str) char *want =
			xasprintf("d,v\r\nx,%s\r\ny,\r\n", rows[i].want);

		ROW(&rows[i]);
		csv_print(list, "d,v", &out);
		assert_string_equal(strbuf_text(&out), want);
	}
	/* the names are there without a row */
	csv_print(none, "d,v", &empty);
	assert_string_equal(strbuf_text(&empty), "d,v\r\n");
}

static void test_empty_table(void **state)
{
	auto_(json_free) json_t *list = json_array();
	auto_(strbuf_clear) struct strbuf out = {0};

	(void)state;
	table_print(list, columns, 3, "", &out);
	assert_string_equal(strbuf_text(&out), "");
}

static void test_doc(void **state)
{
	auto_(json_free) json_t *doc = json_object();
	auto_(strbuf_clear) struct strbuf out = {0};

	(void)state;
	doc_set(doc, "nothing", NULL);
	doc_set(doc, "empty", "\x1b");
	doc_set(doc, "bad", "a\xff\rb");
	doc_set_day(doc, "day", 0);
	doc_append(doc_array(doc, "list"), "\x07x");
	json_write(doc, &out);
	assert_string_equal(strbuf_text(&out),
	                    "{\"bad\":\"a\xef\xbf\xbd"
	                    "b\",\"day\":\"1970-01-01\",\"list\":[\"x\"]}");
	assert_string_equal(doc_text(doc, "none"), "");
	assert_int_equal(doc_number(doc, "none"), 0);
}

#define FEED(state, words)                                                     \
	"{\"feeds\":[{\"name\":\"log\",\"countsSessions\":true,"               \
	"\"state\":\"" state "\",\"words\":\"" words "\",\"events\":0}]}"

#define COVERAGE(broken, domains, uncovered)                                   \
	"{\"coverage\":[{\"day\":\"2026-03-01\",\"broken\":" broken            \
	",\"domains\":" domains ",\"messages\":12,\"uncovered\":" uncovered    \
	",\"unjudged\":4,\"uncoveredDomains\":[{\"domain\":\"a.example\","     \
	"\"messages\":9,\"nextHop\":\"a.example\"}]}]}"

static void test_status_words(void **state)
{
	static const struct {
		const char *name, *doc, *want;
		bool there;
	} rows[] = {
		{"nobody counts", "{\"feeds\":[]}", "tlstally-logd", true},
		{"nobody but the milter", "{\"feeds\":[{\"name\":\"milter\"}]}",
	         "No events yet.", true},
		{"somebody does", FEED("counting", "x"), "No events yet.",
	         false},
		{"all is well", FEED("counting", "the last was received"),
	         "the last was received", false},
		{"all is not",
	         FEED("not-running", "nothing since noon: is it up?"),
	         "\nlog: nothing since noon: is it up?\n", true},
		{"it was not read until 1970", FEED("starting", "x"),
	         "log   not yet        none yet        0\n", true},
		{"lines that are not understood",
	         "{\"lines\":[{\"day\":\"2026-03-02\",\"notUnderstood\":"
	         "2000,\"firstNotUnderstood\":\"{x}\"}]}",
	         "2000 log lines were not understood on 2026-03-02, the first: "
	         "'{x}'.\n"
	         "Expected are lines like 'Nov 23",
	         true},
		{"lines that can be read in two ways",
	         "{\"lines\":[{\"day\":\"2026-03-02\",\"unclear\":2,"
	         "\"firstUnclear\":\"x\"}]}",
	         "2 deliveries on 2026-03-02 are not counted because "
	         "their log lines are ambiguous or truncated",
	         true},
		{"lines of another user",
	         "{\"lines\":[{\"day\":\"2026-03-02\",\"leftOut\":[{"
	         "\"of\":\"user 1000\",\"lines\":7,\"first\":\"x\"}]}]}",
	         "7 log lines of user 1000 were ignored on 2026-03-02, the "
	         "first: "
	         "'x'",
	         true},
		{"all lines are understood",
	         "{\"lines\":[{\"day\":\"2026-03-02\",\"understood\":2,"
	         "\"ofSessions\":1}]}",
	         "lines of the log", false},
		{"sessions of nobody",
	         "{\"events\":[{\"day\":\"2026-03-02\",\"nobodys\":{"
	         "\"sessions\":12,\"firstHost\":\"smtp.relay.example\"}}]}",
	         "sessions on 2026-03-02 with next hops of this site whose "
	         "domains do not ask for reports: 12, the first with "
	         "smtp.relay.example\n",
	         true},
		{"none of nobody",
	         "{\"events\":[{\"day\":\"2026-03-02\",\"events\":3}]}",
	         "next hops", false},
		{"sessions wait",
	         "{\"waiting\":{\"sessions\":12,\"domains\":3}}",
	         "12 sessions from the log (domains and days: 3)", true},
		{"only the milter runs",
	         "{\"feeds\":[{\"name\":\"milter\",\"events\":7}]}",
	         "No events yet", true},
		{"all mail goes uncounted", COVERAGE("true", "3", "3"),
	         "The event feed is broken: on 2026-03-01 Postfix accepted "
	         "12 messages",
	         true},
		{"some does", COVERAGE("false", "3", "2"), "feed is broken",
	         false},
		{"which", COVERAGE("false", "3", "2"),
	         "mail on 2026-03-01, but no TLS session counted\n"
	         "  domain     messages  next hop\n"
	         "  a.example         9  a.example\n"
	         "  and 1 more\n"
	         "  for 4 more domains it is not known",
	         true},
		{"all is counted", COVERAGE("false", "3", "0"),
	         "no TLS session", false},
		{"nothing to do",
	         "{\"verdict\":{\"kind\":\"well\",\"what\":\"5 deliveries\"},"
	         "\"actions\":[]}",
	         "all is well: 5 deliveries\n\nstore ", true},
		{"receivers do not take them",
	         "{\"verdict\":{\"kind\":\"receivers\",\"what\":\"3 refused\","
	         "\"advice\":\"do nothing\"},\"actions\":[]}",
	         "trouble at receivers: 3 refused; do nothing\n\nstore ", true},
		{"two things",
	         "{\"verdict\":{\"kind\":\"site\",\"what\":\"a "
	         "is\",\"command\":"
	         "\"b c\",\"more\":2},\"actions\":[{\"what\":\"a is\","
	         "\"command\":\"b c\"},{\"what\":\"d is\"},{\"what\":\"e is\","
	         "\"command\":\"f\"}]}",
	         "trouble on this site: a is: `b c`\nalso needs action: d "
	         "is\n                   e is: `f`\n\nstore ",
	         true},
		{"what is tried again and what is not",
	         "{\"answers\":[{\"state\":\"deferred\",\"destinations\":199,"
	         "\"transport\":\"mail\",\"firstAttempt\":\"F\","
	         "\"nextAttempt\":\"N\",\"domain\":\"a.example\","
	         "\"answer\":\"refused\"},{\"day\":\"2026-03-01\","
	         "\"state\":\"expired\",\"destinations\":3,\"transport\":"
	         "\"https\",\"domain\":\"b.example\",\"answer\":\"503\"}]}",
	         "not yet delivered, will be tried again\n"
	         "  how many  by    first  next  such as    last answer\n"
	         "       199  mail  F      N     a.example  refused\n\n"
	         "not delivered, will not be tried again\n"
	         "  day (UTC)   state     how many  by     such as    last "
	         "answer\n"
	         "  2026-03-01  given up         3  https  b.example  503\n",
	         true},
		{"a day's deliveries",
	         "{\"deliveries\":[{\"day\":\"2026-03-01\",\"settled\":9,"
	         "\"delivered\":5,\"failed\":1,\"suppressed\":0,\"expired\":3,"
	         "\"bounced\":0}]}",
	         "day (UTC)   reports settled  delivered  refused  suppressed  "
	         "given up  bounced\n"
	         "2026-03-01                9          5        1           0  "
	         "       3        0\n",
	         true},
		{"none waits", "{\"waiting\":{\"sessions\":0,\"domains\":0}}",
	         "sessions from the log", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(json_free) json_t *doc = json_read(
			rows[i].doc, strlen(rows[i].doc), false, NULL);
		auto_(strbuf_clear) struct strbuf out = {0};

		ROW(&rows[i]);
		assert_non_null(doc);
		cli_status_print(doc, &out);
		if ((strstr(strbuf_text(&out), rows[i].want) != NULL) !=
		    rows[i].there)
			fail_msg("%s", strbuf_text(&out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_understood),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_an_operand_that_repeats),
		cmocka_unit_test(test_usage_of_each),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_help_examples),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_manual_types),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_has_permissions),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_width),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_empty_table),
		cmocka_unit_test(test_doc),
		cmocka_unit_test(test_status_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
