/*
 * confgen - writes, when tlstally is built, what is made from the table of
 * settings
 *
 *     confgen sample > conf/tlstally.conf
 *     confgen manual > doc/tlstally.conf.5
 *     confgen names             "section name" a line, for tests/lint
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "conf/conf.h"
#include "conf/settings.h"

static void print_names(struct strbuf *out)
{
	for (size_t i = 0; i < settings_count; i++)
		strbuf_printf(out, "%s %s\n", settings[i].section,
		              settings[i].name);
}

static const struct {
	const char *word;
	void (*print)(struct strbuf *out);
} outputs[] = {
	{"sample", conf_print_sample},
	{"manual", conf_print_manual},
	{"names", print_names},
};

int main(int argc, char **argv)
{
	auto_(strbuf_clear) struct strbuf out = {0};

	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
		if (argc == 2 && strcmp(argv[1], outputs[i].word) == 0)
			outputs[i].print(&out);
	if (out.len == 0) {
		fprintf(stderr, "usage: confgen sample | manual | names\n");
		return 2;
	}
	if (fwrite(out.data, 1, out.len, stdout) != out.len ||
	    fflush(stdout) != 0) {
		perror("confgen");
		return 1;
	}
	return 0;
}
