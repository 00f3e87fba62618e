/* tlstally doctor: the findings (show/doctor.h).  The command fails when one is
 * bad, so a monitoring system can call it. */
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "cli/answers.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "show/doc.h"
#include "show/doctor.h"

static void print(const json_t *doc, struct strbuf *out)
{
	static const struct table_column columns[] = {
		TABLE_TEXT("grade", "grade"),
		TABLE_TEXT("check", "check"),
		TABLE_TEXT("finding", "words"),
	};

	table_print(doc_get(doc, "checks"), columns, 3, "", out);
}

int cli_doctor(struct cli *cli, struct err *err)
{
	auto_(json_free) json_t *doc = NULL;
	const json_t *item;
	size_t bad = 0, i;

	if (cli_view(cli, "tally:Doctor", "singleton", NULL, &doc, err) < 0)
		return err->class;
	json_array_foreach (doc_get(doc, "checks"), i, item)
		bad += strcmp(doc_text(item, "grade"),
		              doctor_grade_word(BAD)) == 0;
	cli_print(cli, doc, print);
	return bad == 0 ? 0
	                : err_set(err, ERR_IO, "%zu of %zu checks failed", bad,
	                          i);
}
