/* Any bytes as the settings and the three maps of a tlsrpt-reporter, with a NUL
 * between: whatever is taken, our own settings read the result. */
#include <string.h>

#include "base/auto.h"
#include "base/err.h"
#include "conf/conf.h"
#include "rollup/lists.h"
#include "setup/tlsrpt_import.h"
#include "check.h"

static const char head[] = "[tlsrpt_reportd]\n"
			   "tlsrpt_record_map = 0\n"
			   "mail_destination_map = 1\n"
			   "http_upload_map = 2\n";

struct parts {
	const char *at[4];
	size_t len[4];
};

static int read_map(void *arg, const char *named_in, const char *path,
                    struct strbuf *out, struct err *err)
{
	const struct parts *parts = arg;

	(void)named_in;
	if (path[0] < '0' || path[0] > '2' || path[1] != '\0')
		return err_set(err, ERR_NOTFOUND, "not there");
	strbuf_add(out, parts->at[path[0] - '0' + 1],
	           parts->len[path[0] - '0' + 1]);
	return 0;
}

static void split(const char *data, size_t size, struct parts *parts)
{
	memset(parts, 0, sizeof(*parts));
	for (int i = 0; i < 4; i++) {
		const char *end = size > 0 ? memchr(data, '\0', size) : NULL;

		parts->at[i] = data;
		parts->len[i] = end != NULL ? (size_t)(end - data) : size;
		if (end == NULL || i == 3) {
			size = 0;
			data = "";
			continue;
		}
		size -= parts->len[i] + 1;
		data = end + 1;
	}
}

static void check_result(const struct strbuf *out)
{
	auto_(lists_free) struct lists *lists = NULL;
	struct conf conf;
	struct err err = {0};

	conf_init(&conf);
	check(conf_read_text(&conf, "result", out->data, out->len, &err) == 0);
	check(lists_new(&lists, &conf, &err) == 0);
	conf_clear(&conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts;
	const struct tlsrpt_import_options options = {read_map, &parts};
	auto_(conf_list_clear) struct conf_list remarks = {0};
	auto_(strbuf_clear) struct strbuf ini = {0}, out = {0};
	struct tlsrpt_file file = {.name = "x.cfg"};
	struct err err = {0};

	split((const char *)data, size, &parts);
	strbuf_puts(&ini, head);
	strbuf_add(&ini, parts.at[0], parts.len[0]);
	file.text = strbuf_text(&ini);
	file.len = ini.len;
	if (tlsrpt_import(&file, 1, &options, &out, &remarks, &err) < 0) {
		check_words(err.text);
		return 0;
	}
	check_result(&out);
	for (size_t i = 0; i < remarks.count; i++)
		check(remarks.items[i][0] != '\0');
	return 0;
}
