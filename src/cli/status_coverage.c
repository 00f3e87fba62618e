/* Mail without TLS sessions, told to people. */
#include "cli/status.h"

#include <inttypes.h>

#include "cli/table.h"
#include "show/doc.h"

static void print_list(const json_t *day, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("domain", "domain"),
		TABLE_NUMBER("messages", "messages"),
		TABLE_TEXT("next hop", "nextHop"),
	};
	const json_t *list = doc_get(day, "uncoveredDomains");

	strbuf_printf(out,
	              "\ndomains with mail on %s, but no TLS session counted\n",
	              doc_text(day, "day"));
	table_print(list, columns, 3, "  ", out);
	table_print_more(list, doc_number(day, "uncovered"), "  ", out);
	if (doc_number(day, "unjudged") > 0)
		strbuf_printf(out,
		              "  for %" PRIu64
		              " more domains it is not known whether sessions "
		              "should be counted\n",
		              doc_number(day, "unjudged"));
}

void cli_status_print_coverage(const json_t *doc, struct strbuf *out)
{
	const json_t *day;
	size_t i;

	json_array_foreach (doc_get(doc, "coverage"), i, day) {
		if (json_is_true(json_object_get(day, "broken")))
			strbuf_printf(
				out,
				"\n"
				"The event feed is broken: on %s Postfix "
				"accepted %" PRIu64 " messages for %" PRIu64
				"\n"
				"domains whose sessions should be counted, but "
				"no TLS session was counted.\n"
				"Run `tlstally doctor` to find the problem.\n",
				doc_text(day, "day"),
				doc_number(day, "messages"),
				doc_number(day, "domains"));
		if (doc_number(day, "uncovered") > 0)
			print_list(day, out);
	}
}
