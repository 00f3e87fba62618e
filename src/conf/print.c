/* Settings as text: `tlstally conf`, and the sample file. */
#include "conf/conf.h"

#include <string.h>

#include "base/auto.h"
#include "conf/settings.h"
#include "conf/value.h"

static bool is_changed(const struct setting *row, const struct conf *conf,
                       const struct conf *defaults)
{
	auto_(strbuf_clear) struct strbuf got = {0};
	auto_(strbuf_clear) struct strbuf standard = {0};

	value_write(row, conf, &got);
	value_write(row, defaults, &standard);
	return strcmp(strbuf_text(&got), strbuf_text(&standard)) != 0;
}

static void print_line(const char *name, const char *text, struct strbuf *out)
{
	strbuf_printf(out, "%s =%s%s\n", name, text[0] != '\0' ? " " : "",
	              text);
}

/* A list with a line an item so that none gets too long; a default in the
 * words of the manual ("48h", not "2d"). */
static void print_setting(const struct setting *row, const struct conf *conf,
                          bool changed, struct strbuf *out)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	const struct conf_list *list;

	if (!changed) {
		print_line(row->name, row->standard, out);
	} else if (row->type == SETTING_LIST) {
		list = value_list(row, conf);
		for (size_t i = 0; i < list->count; i++)
			print_line(row->name, list->items[i], out);
	} else {
		value_write(row, conf, &text);
		print_line(row->name, strbuf_text(&text), out);
	}
}

static void print_section(const char *section, const struct conf *conf,
                          const struct conf *defaults, bool only_changed,
                          struct strbuf *out)
{
	bool begun = false;

	for (size_t i = 0; i < settings_count; i++) {
		const struct setting *row = &settings[i];
		bool changed = is_changed(row, conf, defaults);

		if (strcmp(row->section, section) != 0 ||
		    (only_changed && !changed))
			continue;
		if (!begun)
			strbuf_printf(out, "%s[%s]\n", out->len > 0 ? "\n" : "",
			              section);
		begun = true;
		print_setting(row, conf, changed, out);
	}
}

void conf_print(const struct conf *conf, enum conf_print what,
                struct strbuf *out)
{
	auto_(conf_clear) struct conf defaults;
	auto_(strbuf_clear) struct strbuf text = {0};

	conf_init(&defaults);
	for (size_t i = 0; i < settings_sections_count; i++)
		print_section(settings_sections[i].name,
		              what == CONF_PRINT_DEFAULTS ? &defaults : conf,
		              &defaults, what == CONF_PRINT_CHANGED, &text);
	strbuf_puts(out, strbuf_text(&text));
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
	            "# Set contact_info, then run \"tlstally conf --check\".\n"
	            "# All other settings are shown with their defaults: "
	            "remove the # to change one.\n"
	            "# Time spans take s, m, h, d; sizes K, M, G.\n");
	for (size_t i = 0; i < settings_sections_count; i++)
		print_sample_section(&settings_sections[i], out);
}
