/* How the command line is read. */
#include "cli/cli.h"

#include <string.h>

#include "base/nearest.h"

struct reading {
	int argc;
	char **argv;
	int at;
	const struct cli_sentence *sentence; /* NULL: not known yet */
	uint64_t given;                      /* rows of cli_flags[], bits */
	struct cli_args *args;
	struct err *err;
};

static unsigned flags_of(const struct reading *r)
{
	return FLAGS_ALWAYS | (r->sentence ? r->sentence->flags : 0);
}

/* Is it this flag, and where does a value glued to it begin ("--day=D",
 * "-cFILE")? */
static bool is_flag(const struct cli_flag_row *row, const char *word,
                    const char **glued)
{
	size_t len = strlen(row->name);

	*glued = NULL;
	if (strncmp(word, row->name, len) != 0)
		return false;
	if (word[len] == '\0')
		return true;
	if (row->value == NULL)
		return false;
	*glued = row->name[1] == '-' ? word + len + 1 : word + len;
	return row->name[1] != '-' || word[len] == '=';
}

static const struct cli_flag_row *find_flag(unsigned flags, const char *word,
                                            const char **glued)
{
	for (size_t i = 0; i < cli_flags_count; i++)
		if ((cli_flags[i].flag & flags) != 0 &&
		    is_flag(&cli_flags[i], word, glued))
			return &cli_flags[i];
	return NULL;
}

static int unknown_flag(const struct reading *r, const char *word)
{
	struct nearest nearest = nearest_to(word);
	const char *glued;

	if (find_flag(~0u, word, &glued) != NULL)
		return err_set(r->err, ERR_PARSE, "%s%s does not take '%.40s'",
		               r->sentence ? "" : "before its command, ",
		               r->sentence ? r->sentence->words : "tlstally",
		               word);
	for (size_t i = 0; i < cli_flags_count; i++)
		if (r->sentence == NULL ||
		    (cli_flags[i].flag & flags_of(r)) != 0)
			nearest_offer(&nearest, cli_flags[i].name);
	if (nearest.name != NULL)
		return err_set(r->err, ERR_PARSE,
		               "unknown option '%.40s'; did you mean '%s'?",
		               word, nearest.name);
	return err_set(r->err, ERR_PARSE, "unknown option '%.40s'", word);
}

static const char *next_word(struct reading *r)
{
	return r->at < r->argc ? r->argv[r->at] : NULL;
}

static int read_value(struct reading *r, const struct cli_flag_row *row,
                      const char *value)
{
	bool optional = row->value[0] == '[';

	if (value == NULL && next_word(r) != NULL &&
	    !(optional && next_word(r)[0] == '-'))
		value = r->argv[r->at++];
	if (value == NULL && !optional)
		return err_set(r->err, ERR_PARSE, "%s requires a value: %s",
		               row->name, row->value);
	if (row->yes != 0 && (value == NULL || !optional))
		*(bool *)((char *)r->args + row->yes) = true;
	if (value == NULL ||
	    cli_value_read(row->type, value, (char *)r->args + row->at,
	                   r->err) == 0)
		return 0;
	err_prefix(r->err, "%s", row->name);
	return ERR_PARSE;
}

static int read_flag(struct reading *r)
{
	const char *word = r->argv[r->at++];
	const char *glued;
	const struct cli_flag_row *row = find_flag(flags_of(r), word, &glued);

	if (row == NULL)
		return unknown_flag(r, word);
	r->given |= UINT64_C(1) << (row - cli_flags);
	if (row->value != NULL)
		return read_value(r, row, glued);
	*(bool *)((char *)r->args + row->yes) = true;
	return 0;
}

static bool is_flag_like(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

/* "help suppress", or "suppress --help": several sentences begin so.  What else
 * the word is has been said in r->err. */
static int read_group(struct reading *r)
{
	const char *word = r->argv[r->at++], *next = next_word(r);
	bool asks = next != NULL &&
	            (strcmp(next, "--help") == 0 || strcmp(next, "-h") == 0);

	if (!cli_is_group(word) || !(asks || (r->args->help && next == NULL)))
		return ERR_PARSE;
	r->args->help = true;
	r->args->group = word;
	return 0;
}

static int read_command(struct reading *r)
{
	int used;

	if (next_word(r) != NULL && strcmp(next_word(r), "help") == 0) {
		r->args->help = true;
		r->at++;
	}
	if (next_word(r) == NULL)
		return r->args->help || r->args->version
		               ? 0
		               : err_set(r->err, ERR_PARSE,
		                         "no command specified: `tlstally "
		                         "--help` lists the commands");
	r->sentence = cli_sentence_find(r->argv + r->at, r->argc - r->at, &used,
	                                r->err);
	if (r->sentence == NULL)
		return read_group(r);
	r->at += used;
	return 0;
}

/* The word just read joins those before it, over words that are done with. */
static void keep_word(struct reading *r, struct cli_words *words)
{
	if (words->count == 0)
		words->at = &r->argv[r->at - 1];
	words->at[words->count++] = r->argv[r->at - 1];
}

static int read_operand(struct reading *r)
{
	struct cli_args *args = r->args;
	const char *text = r->argv[r->at++];
	const struct cli_operand *operand =
		cli_sentence_operand(r->sentence, args->operand_count);
	const struct cli_operand *last =
		args->operand_count > 0
			? cli_sentence_operand(r->sentence,
	                                       args->operand_count - 1)
			: NULL;

	if (operand == NULL && last != NULL && cli_operand_repeats(last)) {
		operand = last;
		args->operand_count--;
	}
	if (operand == NULL)
		return err_set(r->err, ERR_PARSE,
		               "%s: unexpected argument '%.40s'",
		               r->sentence->words, text);
	args->operand_count++;
	if (operand->value == VALUE_IDS)
		keep_word(r, (void *)((char *)args + operand->at));
	if (cli_value_read(operand->value, text, (char *)args + operand->at,
	                   r->err) == 0)
		return 0;
	err_prefix(r->err, "%s", r->sentence->words);
	return ERR_PARSE;
}

/* --- what must and what must not be there --- */

static const struct {
	const char *one, *other;
} apart[] = {
	{"--json", "--csv"},
	{"--json", "--nagios"},
	{"--csv", "--nagios"},
	{"--day", "--days"},
	{"-n", "-d"},
	{"--check", "-n"},
	{"--check", "-d"},
	{"--check", "--force"},
	{"--apply", "--undo"},
	{"--undo", "--feed"},
	{"--undo", "--milter"},
	{"--undo", "--security-level"},
	{"--file", "--stdin"},
	{"--count", "--csv"},
	{"--count", "--json"},
	{"--count", "--fields"},
	{"--state", "--count"},
	{"--state", "--json"},
	{"--state", "--csv"},
	{"--state", "--fields"},
	{"--state", "--where"},
	{"--limit", "--ids"},
	{"--api-key", "--api-key-file"},
};

static bool is_given(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < cli_flags_count; i++)
		if ((r->given >> i & 1) != 0 &&
		    strcmp(cli_flags[i].name, name) == 0)
			return true;
	return false;
}

static int check_together(const struct reading *r)
{
	const struct cli_operand *operand =
		cli_sentence_operand(r->sentence, r->args->operand_count);
	const char *required = r->sentence->required;

	if (operand != NULL && operand->name[0] != '[')
		return err_set(r->err, ERR_PARSE, "%s: missing argument: %s",
		               r->sentence->words, operand->name);
	if (required != NULL && !is_given(r, required))
		return err_set(r->err, ERR_PARSE, "%s: missing option: %s",
		               r->sentence->words, required);
	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		if (is_given(r, apart[i].one) && is_given(r, apart[i].other))
			return err_set(r->err, ERR_PARSE,
			               "specify only one of %s and %s",
			               apart[i].one, apart[i].other);
	return 0;
}

static int read_rest(struct reading *r)
{
	bool flags_ended = false;
	int rc = 0;

	while (rc == 0 && next_word(r) != NULL) {
		if (!flags_ended && strcmp(next_word(r), "--") == 0) {
			flags_ended = true;
			r->at++;
		} else if (!flags_ended && is_flag_like(next_word(r))) {
			rc = read_flag(r);
		} else {
			rc = read_operand(r);
		}
	}
	return rc < 0 || r->args->help ? rc : check_together(r);
}

int cli_args_read(int argc, char **argv, struct cli_args *args,
                  const struct cli_sentence **sentence, struct err *err)
{
	struct reading r = {
		.argc = argc, .argv = argv, .at = 1, .args = args, .err = err};
	int rc = 0;

	memset(args, 0, sizeof(*args));
	while (rc == 0 && next_word(&r) != NULL && is_flag_like(next_word(&r)))
		rc = read_flag(&r);
	if (rc == 0)
		rc = read_command(&r);
	if (rc == 0 && r.sentence != NULL)
		rc = read_rest(&r);
	*sentence = r.sentence;
	return rc;
}
