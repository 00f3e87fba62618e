#include "cli/completion.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/object_pointer.h"
#include "cli/object_type.h"
#include "conf/settings.h"
#include "jmap/jmap_types.h"

/* --- the tables --- */

static void add_word(struct strbuf *out, const char *word)
{
	char last = out->len > 0 ? out->data[out->len - 1] : '\'';

	strbuf_printf(out, "%s%s", last == '\'' || last == '\n' ? "" : " ",
	              word);
}

static size_t first_len(const struct cli_sentence *sentence)
{
	return strcspn(sentence->words, " ");
}

static bool same_first(const struct cli_sentence *a,
                       const struct cli_sentence *b)
{
	return first_len(a) == first_len(b) &&
	       memcmp(a->words, b->words, first_len(a)) == 0;
}

/* Is it the first of those that begin with its first word? */
static bool begins(size_t i)
{
	return i == 0 || !same_first(&cli_sentences[i], &cli_sentences[i - 1]);
}

static bool has_second(const struct cli_sentence *sentence)
{
	return sentence->words[first_len(sentence)] != '\0';
}

/* The second words of those that have one; the first word may be a sentence,
 * too, which comes last then. */
static void write_second(struct strbuf *out)
{
	strbuf_puts(out, "_tlstally_second()\n{\n\tcase $1 in\n");
	for (size_t i = 0; i < cli_sentences_count; i++) {
		if (!has_second(&cli_sentences[i]) || !begins(i))
			continue;
		strbuf_printf(out, "\t%.*s) echo '",
		              (int)first_len(&cli_sentences[i]),
		              cli_sentences[i].words);
		for (size_t j = i; j < cli_sentences_count; j++)
			if (same_first(&cli_sentences[i], &cli_sentences[j]) &&
			    has_second(&cli_sentences[j]))
				add_word(out,
				         cli_sentences[j].words +
				                 first_len(&cli_sentences[j]) +
				                 1);
		strbuf_puts(out, "' ;;\n");
	}
	strbuf_puts(out, "\tesac\n}\n");
}

static void write_flags(unsigned flags, struct strbuf *out)
{
	for (size_t i = 0; i < cli_flags_count; i++)
		if (cli_flags[i].flag & flags)
			add_word(out, cli_flags[i].name);
}

static void options_of(const struct cli_sentence *sentence, struct strbuf *out)
{
	write_flags(sentence->flags, out);
}

/* What is offered for each operand: "file", "type", "id..." of objects, or what
 * `tlstally complete` is asked for; "-": nothing. */
static void operands_of(const struct cli_sentence *sentence, struct strbuf *out)
{
	const struct cli_operand *operand;

	for (size_t i = 0;
	     (operand = cli_sentence_operand(sentence, i)) != NULL; i++)
		add_word(out, operand->offer != NULL         ? operand->offer
		              : operand->value == VALUE_FILE ? "file"
		              : operand->value == VALUE_LIST ? "file..."
		              : operand->value == VALUE_TYPE ? "type"
		              : operand->value == VALUE_IDS  ? "id..."
		                                             : "-");
}

static void write_sentences(const char *name,
                            void (*words)(const struct cli_sentence *sentence,
                                          struct strbuf *out),
                            struct strbuf *out)
{
	strbuf_printf(out, "_tlstally_%s()\n{\n\tcase $1 in\n", name);
	for (size_t i = 0; i < cli_sentences_count; i++) {
		strbuf_printf(out, "\t'%s') echo '", cli_sentences[i].words);
		words(&cli_sentences[i], out);
		strbuf_puts(out, "' ;;\n");
	}
	strbuf_puts(out, "\tesac\n}\n");
}

/* Options with a value, which may not be left out; those that want a file. */
static void write_valued(struct strbuf *out)
{
	strbuf_puts(out, "_tlstally_valued='");
	for (size_t i = 0; i < cli_flags_count; i++)
		if (cli_flags[i].value != NULL &&
		    cli_flags[i].value[0] != '[' &&
		    cli_flags[i].flag != FLAG_NOW)
			add_word(out, cli_flags[i].name);
	strbuf_puts(out, "'\n_tlstally_files='");
	for (size_t i = 0; i < cli_flags_count; i++)
		if (cli_flags[i].value != NULL &&
		    cli_flags[i].type == VALUE_FILE)
			add_word(out, cli_flags[i].name);
	strbuf_puts(out, "'\n_tlstally_always='");
	write_flags(FLAGS_ALWAYS, out);
	strbuf_puts(out, "'\n_tlstally_permissions='");
	jmap_permission_list(PERMIT_ALL, " ", out);
	strbuf_puts(out, " all'\n");
}

/* --- settings, and options with few values --- */

static void write_settings(struct strbuf *out)
{
	strbuf_puts(out, "_tlstally_settings='");
	for (size_t i = 0; i < settings_count; i++) {
		add_word(out, settings[i].section);
		strbuf_printf(out, ".%s", settings[i].name);
	}
	strbuf_puts(out, "'\n_tlstally_setting_words()\n{\n\tcase $2 in\n");
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *row = &settings[i];
		bool is_on = strcmp(row->standard, "on") == 0 ||
		             strcmp(row->standard, "off") == 0;

		if (row->type != SETTING_ENUM && row->type != SETTING_BOOL)
			continue;
		strbuf_printf(out, "\t%s.%s) echo '", row->section, row->name);
		if (row->type == SETTING_BOOL)
			strbuf_puts(out, is_on ? "on off" : "yes no");
		for (int v = 0;
		     row->type == SETTING_ENUM && v < row->words->count; v++)
			add_word(out, word_api(row->words, v));
		strbuf_puts(out, "' ;;\n");
	}
	strbuf_puts(out, "\tesac\n}\n");
}

static void write_choices(struct strbuf *out)
{
	strbuf_puts(out, "_tlstally_choices()\n{\n\tcase $1 in\n"
	                 "\t--day) echo 'today yesterday' ;;\n");
	for (size_t i = 0; i < SETUP_WISHES; i++) {
		strbuf_printf(out, "\t%s) echo '", setup_wishes[i].option);
		for (size_t w = 0;
		     w < SETUP_WISH_WORDS && setup_wishes[i].words[w] != NULL;
		     w++)
			add_word(out, setup_wishes[i].words[w]);
		strbuf_puts(out, "' ;;\n");
	}
	strbuf_puts(out, "\tesac\n}\n");
}

/* --- types --- */

static void write_given(const struct property_table *table, const char *before,
                        struct strbuf *out)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct property *row = &table->rows[i];

		if (row->kind->read == NULL)
			continue;
		strbuf_printf(out, "%s%s ", before, row->name);
		if (row->items != NULL && !property_is_list(row)) {
			struct strbuf path = {0};

			strbuf_printf(&path, "%s%s/", before, row->name);
			write_given(row->items, strbuf_text(&path), out);
			strbuf_clear(&path);
		}
	}
}

static void given_of(const struct jmap_type *type, struct strbuf *out)
{
	if (type->edit.plan_create != NULL)
		write_given(type->show.table, "", out);
	else if (type == &type_sent)
		add_word(out, "deliverAt");
}

static void fields_of(const struct jmap_type *type, struct strbuf *out)
{
	for (size_t i = 0; i < type->show.table->count; i++)
		add_word(out, type->show.table->rows[i].name);
}

static void where_of(const struct jmap_type *type, struct strbuf *out)
{
	for (const struct jmap_condition *row = type->walk.conditions;
	     row->name != NULL; row++)
		add_word(out, row->name);
}

static void sorts_of(const struct jmap_type *type, struct strbuf *out)
{
	for (const struct jmap_sort *row = type->walk.sorts;
	     row->property != NULL; row++)
		add_word(out, row->property);
}

static void write_case(const char *name,
                       void (*words)(const struct jmap_type *type,
                                     struct strbuf *out),
                       struct strbuf *out)
{
	const struct jmap_type *type;

	strbuf_printf(out, "_tlstally_%s()\n{\n\tcase $1 in\n", name);
	for (size_t i = 0; (type = jmap_type_at(i)) != NULL; i++) {
		strbuf_printf(out, "\t%s|%s|%s) echo '", type->show.word,
		              type->name, strchr(type->name, ':') + 1);
		words(type, out);
		strbuf_puts(out, "' ;;\n");
	}
	strbuf_puts(out, "\tesac\n}\n");
}

/* The values that a condition can have. */
static void write_words(struct strbuf *out)
{
	const struct jmap_type *type;

	strbuf_puts(out, "_tlstally_words()\n{\n\tcase ${1##*:}/$2 in\n");
	for (size_t i = 0; (type = jmap_type_at(i)) != NULL; i++) {
		for (const struct jmap_condition *row = type->walk.conditions;
		     row->name != NULL; row++) {
			if (row->match != MATCH_WORD &&
			    row->match != MATCH_LOOKED_UP &&
			    row->match != MATCH_HAS)
				continue;
			strbuf_printf(out, "\t%s/%s|%s/%s) echo '",
			              type->show.word, row->name,
			              strchr(type->name, ':') + 1, row->name);
			for (int v = 0;
			     row->match != MATCH_HAS && v < row->words->count;
			     v++)
				add_word(out, word_api(row->words, v));
			if (row->match == MATCH_HAS)
				strbuf_puts(out, "true false");
			strbuf_puts(out, "' ;;\n");
		}
	}
	strbuf_puts(out, "\tesac\n}\n");
}

/* Whose ids a person sees elsewhere. */
static void offer_of(const struct jmap_type *type, struct strbuf *out)
{
	add_word(out, type == &type_report ? COMPLETE_REPORTS
	              : type == &type_sent ? COMPLETE_SENT
	                                   : "-");
}

static void write_types(struct strbuf *out)
{
	const struct jmap_type *type;

	strbuf_puts(out, "_tlstally_types='");
	for (size_t i = 0; (type = jmap_type_at(i)) != NULL; i++)
		add_word(out, type->show.word);
	strbuf_puts(out, "'\n");
	write_case("ids", offer_of, out);
	write_case("given", given_of, out);
	write_case("fields", fields_of, out);
	write_case("where", where_of, out);
	write_case("sorts", sorts_of, out);
	write_words(out);
}

void completion_write(struct strbuf *out)
{
	strbuf_puts(out, "# bash completion of tlstally(1), made of its tables "
	                 "when it was built\n_tlstally_first='");
	for (size_t i = 0; i < cli_sentences_count; i++)
		if (begins(i))
			strbuf_printf(out, "%s%.*s", i > 0 ? " " : "",
			              (int)first_len(&cli_sentences[i]),
			              cli_sentences[i].words);
	strbuf_puts(out, "'\n");
	write_second(out);
	write_sentences("options", options_of, out);
	write_sentences("operands", operands_of, out);
	write_valued(out);
	write_settings(out);
	write_choices(out);
	write_types(out);
}
