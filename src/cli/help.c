/* Help, out of the tables. */
#include "cli/cli.h"

#include <string.h>

#include "base/auto.h"
#include "jmap/permission.h"

enum { LEFT_WIDTH = 26 };

static void flag_lines(unsigned flags, struct strbuf *out)
{
	for (size_t i = 0; i < cli_flags_count; i++) {
		const struct cli_flag_row *row = &cli_flags[i];
		auto_(strbuf_clear) struct strbuf left = {0};

		if ((row->flag & flags) == 0 || row->help == NULL)
			continue;
		strbuf_printf(&left, "%s%s%s", row->name, row->value ? " " : "",
		              row->value ? row->value : "");
		strbuf_printf(out, "  %-*s %s\n", LEFT_WIDTH,
		              strbuf_text(&left), row->help);
	}
}

void cli_help(struct strbuf *out)
{
	strbuf_puts(out,
	            "usage: tlstally [option]... command [option]...\n"
	            "Make, send and inspect reports on SMTP TLS (RFC 8460).\n\n"
	            "commands:\n");
	for (size_t i = 0; i < cli_sentences_count; i++) {
		auto_(strbuf_clear) struct strbuf left = {0};

		cli_sentence_write(&cli_sentences[i], &left);
		strbuf_printf(out, "  %-*s %s\n", LEFT_WIDTH,
		              strbuf_text(&left), cli_sentences[i].help);
	}
	strbuf_puts(out, "\noptions:\n");
	flag_lines(FLAGS_ALWAYS, out);
	strbuf_printf(out,
	              "\n"
	              "For details: `tlstally help COMMAND`.  Settings file: "
	              "%s, or TLSTALLY_CONF.\n"
	              "Exit status: 0 success, 1 failure, 2 usage error.  See "
	              "tlstally(1).\n",
	              settings_file_default());
}

void cli_help_group(const char *word, struct strbuf *out)
{
	size_t len = strlen(word);
	const char *blank = "";

	for (size_t i = 0; i < cli_sentences_count; i++) {
		const char *words = cli_sentences[i].words;

		if (strncmp(words, word, len) != 0 || words[len] != ' ')
			continue;
		strbuf_puts(out, blank);
		cli_help_sentence(&cli_sentences[i], out);
		blank = "\n";
	}
}

void cli_help_sentence(const struct cli_sentence *sentence, struct strbuf *out)
{
	strbuf_puts(out, "usage: tlstally ");
	cli_sentence_write(sentence, out);
	for (size_t i = 0; i < cli_flags_count && sentence->required; i++)
		if (strcmp(cli_flags[i].name, sentence->required) == 0)
			strbuf_printf(out, " %s %s", cli_flags[i].name,
			              cli_flags[i].value);
	strbuf_printf(out, "%s\n%s\n", sentence->flags ? " [option]..." : "",
	              sentence->help);
	if (sentence->flags != 0) {
		strbuf_puts(out, "\n");
		flag_lines(sentence->flags, out);
	}
	if (sentence->flags & FLAG_TOKEN) {
		strbuf_puts(out, "\npermissions: all, or ");
		jmap_permission_list(PERMIT_ALL, ", ", out);
		strbuf_puts(out, "\n");
	}
	if (sentence->example != NULL)
		strbuf_printf(out, "\nexample: tlstally %s\n",
		              sentence->example);
}
