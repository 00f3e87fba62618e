/* Any bytes as a packed answer: unpacked or refused, within bounds.  And as a
 * text: it comes back as it was. */
#include "base/auto.h"
#include "domain/policy_text.h"
#include "policyd/answer_text.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(strbuf_clear) struct strbuf packed = {0}, text = {0};

	if (answer_text_unpack((const char *)data, size, POLICY_TEXT_MAX,
	                       &text))
		check(text.len <= POLICY_TEXT_MAX);
	strbuf_reset(&text);
	for (size_t i = 0; i < size && i < POLICY_TEXT_MAX; i++)
		strbuf_putc(&text,
		            (char)(data[i] < 0x20 ? data[i] + 0x20 : data[i]));
	answer_text_pack(strbuf_text(&text), text.len, &packed);
	check(packed.len <= text.len);
	{
		auto_(strbuf_clear) struct strbuf again = {0};

		check(answer_text_unpack(strbuf_text(&packed), packed.len,
		                         text.len, &again));
		check(again.len == text.len &&
		      (text.len == 0 ||
		       memcmp(again.data, text.data, text.len) == 0));
	}
	return 0;
}
