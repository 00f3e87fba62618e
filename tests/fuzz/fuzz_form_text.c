/* A form: what was read and is written again is read the same.  As HTML it has
 * no tag, and as a page it keeps all but a <base>. */
#include <stdint.h>
#include <string.h>

#include "api/base_href.h"
#include "api/form_text.h"
#include "base/auto.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct form_text *form)
{
	auto_(strbuf_clear) struct strbuf text = {0}, html = {0};
	auto_(form_text_clear) struct form_text again = {0};
	struct err err;

	for (size_t i = 0; i < form->count; i++) {
		strbuf_putc(&text, '&');
		form_text_escape(form->fields[i].name, &text);
		strbuf_putc(&text, '=');
		form_text_escape(form->fields[i].value, &text);
		form_text_html(form->fields[i].value, &html);
	}
	check(strpbrk(strbuf_text(&html), "<>\"") == NULL);
	if (text.len > FORM_TEXT_MAX)
		return;
	check(form_text_read(text.data, text.len, &again, &err) == 0);
	for (size_t i = 0; i < form->count; i++)
		check(strcmp(form_text_get(&again, form->fields[i].name),
		             form->fields[i].value) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(form_text_clear) struct form_text form = {0};
	auto_(strbuf_clear) struct strbuf page = {0};
	struct err err = {0};

	if (form_text_read((const char *)data, size, &form, &err) == 0)
		check_again(&form);
	else
		check(err.text[0] != '\0');
	base_href_write((const char *)data, size, "/x/", &page);
	check(page.len <= size + sizeof("<base href=\"/x/\">"));
	return 0;
}
