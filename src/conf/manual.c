/* tlstally.conf(5) in mdoc(7): the frame stands here, the settings in their
 * table. */
#include "conf/conf.h"

#include <string.h>

#include "conf/settings.h"
#include "conf/value.h"

static const char head[] =
	".\\\" Made from the table of settings; changes belong there.\n"
	".Dd March 1, 2026\n"
	".Dt TLSTALLY.CONF 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm tlstally.conf\n"
	".Nd settings of tlstally\n"
	".Sh DESCRIPTION\n"
	"All programs of\n"
	".Xr tlstally 1\n"
	"read this file when they start.\n"
	"It consists of sections with one setting per line:\n"
	".Bd -literal -offset indent\n"
	"[section]\n"
	"name = value    ; a comment\n"
	".Ed\n"
	".Pp\n"
	"White space at the beginning and the end of a line and around the "
	"equals\n"
	"sign is ignored.\n"
	"A line that begins with\n"
	".Ql #\n"
	"or\n"
	".Ql \\&;\n"
	"is a comment; so is the rest of a line after a space and a\n"
	"semicolon.\n"
	"Names and words are in lower case.\n"
	"A value is not quoted and does not continue on the next line.\n"
	"A line has at most 4093 characters, the file at most 1 MiB.\n"
	".Pp\n"
	"A setting may appear only once, except for lists: their values are\n"
	"separated by commas, and each line adds to the list.\n"
	"A section may appear more than once.\n"
	".Pp\n"
	"A time span is a number followed by\n"
	".Cm s , m , h\n"
	"or\n"
	".Cm d\n"
	"for seconds, minutes, hours or days.\n"
	"This release reads a number without a unit as seconds, and logs a\n"
	"warning; a later release will not accept it.\n"
	"A size is a number of bytes, or a number followed by\n"
	".Cm K , M\n"
	"or\n"
	".Cm G\n"
	"for units of 1024 bytes, 1024 times 1024 bytes and so on.\n"
	"A switch is\n"
	".Cm yes\n"
	"or\n"
	".Cm no ,\n"
	"also written\n"
	".Cm on\n"
	"or\n"
	".Cm off .\n"
	".Pp\n"
	"An unknown section or setting, or a value that is not valid, is an "
	"error\n"
	"that names the line; no program starts with such a file.\n"
	".Ql tlstally conf --check\n"
	"checks the file, and\n"
	".Ql tlstally conf -n\n"
	"prints the settings that differ from the defaults.\n";

static const char tail[] =
	".Sh FILES\n"
	".Bl -tag -width Ds\n"
	".It Pa " CONF_FILE "\n"
	"Read unless\n"
	".Fl c\n"
	"or the environment's\n"
	".Ev TLSTALLY_CONF\n"
	"names another.\n"
	".El\n"
	".Sh EXAMPLES\n"
	"The least there can be.\n"
	"Reports are built, and can be looked at with\n"
	".Ql tlstally preview ,\n"
	"but none is sent:\n"
	".Bd -literal -offset indent\n"
	"[report]\n"
	"contact_info = tls-reports@example.com\n"
	".Ed\n"
	".Pp\n"
	"A site that sends them, through a mail server elsewhere, and leaves\n"
	"out a receiver that is broken:\n"
	".Bd -literal -offset indent\n"
	"[report]\n"
	"organization_name = Example Mail\n"
	"contact_info = tls-reports@example.com\n"
	"mode = all\n"
	"deny = @broken.example.net\n"
	"\n"
	"[deliver]\n"
	"mail = smtps://mail.example.com:465\n"
	"mail_verify = yes\n"
	"mail_user = tls-reports\n"
	"mail_password_file = /etc/tlstally/mail-password\n"
	".Ed\n"
	".Sh SEE ALSO\n"
	".Xr tlstally 1 ,\n"
	".Xr postconf 5 ,\n"
	".Xr tlstallyd 8\n"
	".Rs\n"
	".%A D. Margolis\n"
	".%A A. Brotman\n"
	".%A B. Ramakrishnan\n"
	".%A J. Jones\n"
	".%A M. Risher\n"
	".%T SMTP TLS Reporting\n"
	".%R RFC 8460\n"
	".%D September 2018\n"
	".Re\n"
	"@license@\n";

static void print_row(const struct setting *row, struct strbuf *out)
{
	strbuf_printf(out, ".It Cm %s\n%s", row->name, row->manual);
	if (row->type == SETTING_ENUM)
		strbuf_puts(out, "One of\n");
	for (int i = 0; row->type == SETTING_ENUM && i < row->words->count; i++)
		strbuf_printf(out, ".Cm %s%s\n", word_api(row->words, i),
		              i + 1 < row->words->count ? " ," : " .");
	if (row->type == SETTING_LIST)
		strbuf_puts(out, "A list.\n");
	else if (row->type == SETTING_SPAN_MS)
		strbuf_puts(out, "Also accepts\n.Cm ms\nfor milliseconds.\n");
	if (strcmp(row->name, "contact_info") == 0)
		return;
	if (row->standard[0] != '\0')
		strbuf_printf(out, "Default:\n.Ql %s .\n", row->standard);
	else
		strbuf_puts(out, "Default: empty.\n");
}

void conf_print_manual(struct strbuf *out)
{
	strbuf_puts(out, head);
	strbuf_puts(out, ".Sh SETTINGS\n");
	for (size_t s = 0; s < settings_sections_count; s++) {
		const struct settings_section *section = &settings_sections[s];

		strbuf_printf(out, ".Ss The section [%s]\n%s", section->name,
		              section->manual);
		strbuf_puts(out, ".Bl -tag -width Ds\n");
		for (size_t i = 0; i < settings_count; i++)
			if (strcmp(settings[i].section, section->name) == 0)
				print_row(&settings[i], out);
		strbuf_puts(out, ".El\n");
	}
	strbuf_puts(out, tail);
}
