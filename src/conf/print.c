#include "conf/conf.h"

#include <string.h>

#include "base/auto.h"
#include "conf/settings.h"
#include "conf/value.h"

/* "name = value", a list with a line an item so that none gets too long. */
static void print_setting(const struct setting *row, const struct conf *conf,
                          struct strbuf *out)
{
	const struct conf_list *list = value_list(row, conf);

	if (row->type == SETTING_LIST && list->count > 0) {
		for (size_t i = 0; i < list->count; i++)
			strbuf_printf(out, "%s = %s\n", row->name,
			              list->items[i]);
		return;
	}
	strbuf_printf(out, "%s =", row->name);
	strbuf_putc(out, ' ');
	value_write(row, conf, out);
	if (out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	strbuf_putc(out, '\n');
}

static bool is_changed(const struct setting *row, const struct conf *conf,
                       const struct conf *defaults)
{
	auto_(strbuf_clear) struct strbuf got = {0};
	auto_(strbuf_clear) struct strbuf standard = {0};

	value_write(row, conf, &got);
	value_write(row, defaults, &standard);
	return strcmp(strbuf_text(&got), strbuf_text(&standard)) != 0;
}

static void print_section(const char *section, const struct conf *conf,
                          const struct conf *defaults, bool only_changed,
                          struct strbuf *out)
{
	bool begun = false;

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *row = &settings[i];

		if (strcmp(row->section, section) != 0 ||
		    (only_changed && !is_changed(row, conf, defaults)))
			continue;
		if (!begun)
			strbuf_printf(out, "%s[%s]\n", out->len > 0 ? "\n" : "",
			              section);
		begun = true;
		print_setting(row, conf, out);
	}
}

void conf_print(const struct conf *conf, enum conf_print what,
                struct strbuf *out)
{
	auto_(conf_clear) struct conf defaults;

	conf_init(&defaults);
	for (size_t i = 0; i < settings_sections_count; i++)
		print_section(settings_sections[i].name,
		              what == CONF_PRINT_DEFAULTS ? &defaults : conf,
		              &defaults, what == CONF_PRINT_CHANGED, out);
}

static void print_sample_section(const struct settings_section *section,
                                 struct strbuf *out)
{
	strbuf_printf(out, "\n# %s\n[%s]\n", section->comment, section->name);
	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *row = &settings[i];
		bool required = strcmp(row->name, "contact_info") == 0;

		if (strcmp(row->section, section->name) != 0)
			continue;
		strbuf_printf(out, "# %s\n%s%s =%s%s\n", row->comment,
		              required ? "" : "#", row->name,
		              row->standard[0] != '\0' ? " " : "",
		              row->standard);
	}
}

void conf_print_sample(struct strbuf *out)
{
	strbuf_puts(out,
	            "# tlstally.conf - see tlstally.conf(5)\n"
	            "#\n"
	            "# Fill in contact_info; \"tlstally conf --check\" says "
	            "what else is amiss.\n"
	            "# All other settings stand here at their defaults: take "
	            "the # away to change one.\n"
	            "# Spans take s, m, h, d; sizes K, M, G.\n");
	for (size_t i = 0; i < settings_sections_count; i++)
		print_sample_section(&settings_sections[i], out);
}
