#include "setup/tlsrpt_import.h"

#include "test.h"

#include "base/auto.h"

struct maps {
	const char *record, *mail, *http; /* NULL: not there */
};

static int read_map(void *arg, const char *named_in, const char *path,
                    struct strbuf *out, struct err *err)
{
	const struct maps *maps = arg;
	const char *text = strcmp(path, "record") == 0 ? maps->record
	                   : strcmp(path, "mail") == 0 ? maps->mail
	                                               : maps->http;

	assert_string_equal(named_in, "x.cfg");
	if (text == NULL)
		return err_set(err, ERR_NOTFOUND, "No such file or directory");
	strbuf_puts(out, text);
	return 0;
}

/* What stands in the result, without comments, and with "; " for a newline. */
static void settings_of(const char *text, struct strbuf *out)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (len > 0 && *text != ';')
			strbuf_printf(out, "%s%.*s", out->len > 0 ? "; " : "",
			              (int)len, text);
		text += len + (text[len] != '\0');
	}
}

/* The first remark with the text in it. */
static bool has_remark(const struct conf_list *remarks, const char *text)
{
	for (size_t i = 0; i < remarks->count; i++)
		if (strstr(remarks->items[i], text) != NULL)
			return true;
	return false;
}

static void show_remarks(const struct conf_list *remarks)
{
	for (size_t i = 0; i < remarks->count; i++)
		print_message("    %s\n", remarks->items[i]);
}

static int import(const char *text, const struct maps *maps, struct strbuf *out,
                  struct conf_list *remarks, struct err *err)
{
	const struct tlsrpt_import_options options = {read_map,
	                                              (void *)(uintptr_t)maps};
	const struct tlsrpt_file file = {"x.cfg", text, strlen(text)};

	return tlsrpt_import(&file, 1, &options, out, remarks, err);
}

#define R "[tlsrpt_reportd]\n"
#define REPORT "[report]; mode = preview"

static void test_settings(void **state)
{
	static const struct {
		const char *name, *text, *want, *remark; /* NULL: none */
	} rows[] = {
		{"who reports",
	         R "organization_name = X: Y\n"
	           "contact_info = tls@x.example\n"
	           "sender_address=no-reply@x.example\n",
	         REPORT
	         "; organization_name = X: Y; "
	         "contact_info = tls@x.example; sender = no-reply@x.example",
	         NULL},
		{"names in capitals, a colon, spaces",
	         R "CONTACT_INFO :  tls@x.example  \n",
	         REPORT "; contact_info = tls@x.example", NULL},
		{"a hash behind a value is part of it",
	         R "organization_name = X # Y\n",
	         REPORT "; organization_name = X # Y", NULL},
		{"a value that would be a comment here",
	         R "organization_name = X ; Y\n", REPORT,
	         "x.cfg:2: organization_name: left out: [report] "
	         "organization_name: a ; begins a comment"},
		{"a sender that nobody signs for",
	         R "contact_info = tls@x.example\n"
	           "sender_address = t@y.example\n",
	         REPORT "; contact_info = tls@x.example",
	         "x.cfg:3: sender_address: left out: its domain must be that "
	         "of "
	         "contact_info, x.example"},
		{"no address", R "contact_info = https://x.example/\n", REPORT,
	         "x.cfg:2: contact_info: left out: "},
		{"only a collector",
	         "[tlsrpt_collectd]\nsocketname=/run/x\n"
	         "socketuser=tlsrpt\nsocketgroup=postfix\n"
	         "socketmode=0220\nsockettimeout=5\n",
	         "[report]; mode = off; [events]; socket = unix:/run/x; "
	         "socket_owner = tlsrpt; socket_group = postfix; "
	         "socket_mode = 0220; commit_interval = 5s",
	         NULL},
		{"the store of a collector",
	         "[tlsrpt_fetcher]\n# "
	         "none\nstorage=sqlite:///var/x.db,dummy:\n",
	         REPORT, "x.cfg:3: storage: not needed: "},
		{"where its last day is",
	         "[tlsrpt_fetcher]\nstorage=sqlite:///var/x.db,dummy:\n",
	         REPORT, "tlstally import /var/x.db.yesterday"},
		{"days are kept", R "keep_days = 10\n",
	         REPORT "; [store]; keep_days = 10; archive_days = 10", NULL},
		{"days out of range", R "keep_days = 5000\n", REPORT,
	         "5000 is more than 3650"},
		{"delivery",
	         R "spread_out_delivery = 14400\nhttp_timeout = 20\n"
	           "sendmail_timeout=30\n",
	         REPORT "; [deliver]; spread = 14400s; timeout = 20s; "
	                "mail_timeout = 30s",
	         NULL},
		{"attempts", R "max_retries_delivery = 4\n",
	         REPORT "; [deliver]; retry_for = 7200s", NULL},
		{"attempts, and the time between them",
	         R "max_retries_delivery = 2\nmax_wait_delivery = 60\n",
	         REPORT "; [deliver]; retry_for = 120s", NULL},
		{"more attempts than a day has",
	         R "max_retries_delivery = 1000000000\n",
	         REPORT "; [deliver]; retry_for = 86400s", NULL},
		{"attempts that are no number", R "max_retries_delivery = x\n",
	         REPORT,
	         "x.cfg:2: max_retries_delivery: left out: 'x' is not a "
	         "number"},
		{"its sendmail", R "sendmail_script = sendmail -i -t\n", REPORT,
	         NULL},
		{"a sendmail", R "sendmail_script = /usr/lib/sendmail -t\n",
	         REPORT, "or set mail = sendmail:/usr/lib/sendmail"},
		{"another program", R "sendmail_script = msmtp -t\n", REPORT,
	         "x.cfg:2: sendmail_script: no counterpart: [deliver] mail "
	         "takes a program"},
		{"uploads", R "http_script = wget --post-file=-\n", REPORT,
	         "http_script: no counterpart: tlstally uploads reports "
	         "itself"},
		{"all to one place",
	         R "debug_send_mail_dest = a@b.example\n"
	           "debug_send_http_dest=https://b.example/\n"
	           "debug_send_file_dest=/var/x\n",
	         REPORT "; redirect = mailto:@. -> mailto:a@b.example; "
	                "redirect = https://. -> https://b.example/; "
	                "[deliver]; directory = /var/x",
	         NULL},
		{"its own fetcher",
	         R "fetchers = /usr/bin/tlsrpt-fetcher --storage x\n", REPORT,
	         "x.cfg:2: fetchers: '/usr/bin/tlsrpt-fetcher --storage x' is "
	         "left out: tlstallyd counts on this host itself"},
		{"an unknown setting", R "\n\nfetcher = x\n", REPORT,
	         "x.cfg:4: [tlsrpt_reportd] fetcher: tlsrpt-reporter 0.6 has "
	         "no "
	         "such setting"},
		{"a percent sign", R "organization_name = 50%% X\n",
	         REPORT "; organization_name = 50% X", NULL},
		{"an interpolation", R "organization_name = %(x)s\n", REPORT,
	         "write out what %(...)s stands for"},
		{"an empty value", R "contact_info =\n", REPORT,
	         "x.cfg:2: contact_info: left out: it is empty"},
		{"a value of two lines",
	         R "organization_name = X\n  # not this\n  Y\n\tZ\n"
	           "contact_info = a@x.example\n",
	         REPORT "; organization_name = X Y Z; contact_info = "
	                "a@x.example",
	         NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_list_clear) struct conf_list remarks = {0};
		auto_(strbuf_clear) struct strbuf out = {0}, got = {0};
		struct maps maps = {0};
		struct err err = {0};

		ROW(&rows[i]);
		if (import(rows[i].text, &maps, &out, &remarks, &err) < 0)
			fail_msg("%s", err.text);
		settings_of(strbuf_text(&out), &got);
		show_remarks(&remarks);
		assert_string_equal(strbuf_text(&got), rows[i].want);
		if (rows[i].remark == NULL)
			assert_int_equal(remarks.count, 0);
		else if (!has_remark(&remarks, rows[i].remark))
			fail_msg("no remark '%s'", rows[i].remark);
	}
}

static void test_maps(void **state)
{
	static const struct {
		const char *name;
		const char *maps[3]; /* record, mail, http */
		const char *want;    /* behind [report] and mode */
		const char *remark;
	} rows[] = {
		{"the three of tlsrpt_record_map",
	         {"a.example DISCARD\n.b.example REPLACE mailto:x@c.example\n"
	          ". APPEND https://c.example/\n"},
	         "deny = a.example; bcc = !.b.example; redirect = .b.example "
	         "-> "
	         "mailto:x@c.example; bcc = . -> https://c.example/",
	         NULL},
		{"comments, tabs, and domain:",
	         {"# x\n\n  domain:a.example\tDISCARD  \r\n"},
	         "deny = a.example",
	         NULL},
		{"an exception first",
	         {"a.example ACCEPT\n.example DISCARD\n"},
	         "deny = !a.example; deny = .example",
	         NULL},
		{"an exception of nothing", {"a.example ACCEPT\n"}, "", NULL},
		{"an exception of what comes before it",
	         {".example DISCARD\na.example ACCEPT\n"},
	         "deny = .example",
	         NULL},
		{"an exception of something else",
	         {"a.example ACCEPT\n.other.example DISCARD\n"},
	         "deny = .other.example",
	         NULL},
		{"what is replaced is not discarded by a later line",
	         {"a.example REPLACE mailto:x@c.example\n. DISCARD\n"},
	         "deny = !a.example; redirect = a.example -> "
	         "mailto:x@c.example; deny = .",
	         NULL},
		{"what is discarded needs no exception",
	         {"a.example DISCARD\n. APPEND mailto:x@c.example\n"},
	         "deny = a.example; bcc = . -> mailto:x@c.example",
	         NULL},
		{"by mail host",
	         {NULL, "a.example DISCARD\n. REPLACE "
	                "mailto:x@c.example https://c.example\n"},
	         "deny = mailto:@a.example; redirect = mailto:@. -> "
	         "mailto:x@c.example https://c.example/",
	         NULL},
		{"by HTTPS host",
	         {NULL, NULL, ".a.example APPEND mailto:x@c.example\n"},
	         "bcc = https://.a.example -> mailto:x@c.example",
	         NULL},
		{"what one map names goes through the others",
	         {"a.example REPLACE mailto:x@c.example https://d.example/\n",
	          "c.example REPLACE mailto:y@e.example\n",
	          ".example APPEND mailto:z@e.example\n"},
	         "redirect = a.example -> mailto:y@e.example "
	         "https://d.example/ mailto:z@e.example; redirect = "
	         "mailto:@c.example -> mailto:y@e.example; bcc = "
	         "https://.example -> mailto:z@e.example",
	         NULL},
		{"all that is left is discarded",
	         {"a.example REPLACE mailto:x@c.example\n",
	          "c.example DISCARD\n"},
	         "deny = a.example; deny = mailto:@c.example",
	         "record:1: REPLACE: no URI is left: the same as DISCARD"},
		{"nothing is left, and a later line of the list does not match",
	         {".example APPEND mailto:x@c.test\nb.example APPEND "
	          "mailto:y@d.test\n",
	          "c.test DISCARD\n"},
	         "bcc = !.example; bcc = b.example -> mailto:y@d.test; deny = "
	         "mailto:@c.test",
	         "record:1: APPEND: no URI is left"},
		{"expressions that are patterns of ours",
	         {"regexp:^a\\.example$ DISCARD\nregexp:.*\\.b\\.example\\Z "
	          "DISCARD\nregexp:.* DISCARD\n",
	          "regexp:mailto:x@a\\.example$ DISCARD\n"
	          "regexp:.*@b\\.example$ DISCARD\n"
	          "regexp:mailto:.*\\.c\\.example$ DISCARD\n",
	          "regexp:https://a\\.example/.* DISCARD\n"},
	         "deny = a.example; deny = .b.example; deny = .; deny = "
	         "mailto:x@a.example; deny = mailto:@b.example; deny = "
	         "mailto:@.c.example; deny = https://a.example",
	         NULL},
		{"a point is taken for a dot",
	         {"regexp:a.example$ DISCARD\n"},
	         "deny = a.example",
	         "record:1: a '.' of the expression"},
		{"an expression that is open at its end",
	         {"regexp:a\\.example DISCARD\n"},
	         "",
	         "record:1: regexp:a\\.example DISCARD: no counterpart"},
		{"an expression without a dot first",
	         {"regexp:.*b\\.example$ DISCARD\n"},
	         "",
	         "write an item for each domain"},
		{"an expression of more",
	         {"regexp:(a|b)\\.example$ DISCARD\n"},
	         "",
	         "no counterpart: tlstally has no regular expressions"},
		{"an expression of a path",
	         {NULL, NULL, "regexp:https://a\\.example/x$ DISCARD\n"},
	         "",
	         "http:1: regexp:https://a\\.example/x$ DISCARD: no "
	         "counterpart"},
		{"a substitution",
	         {"a.example REGEXP x y\n. DISCARD\n"},
	         "deny = !a.example; deny = .",
	         "record:1: REGEXP: no counterpart: write [report] redirect"},
		{"a directory for all",
	         {". APPEND directory:/var/x\n"},
	         "[deliver]; directory = /var/x",
	         NULL},
		{"a directory for some",
	         {".a.example APPEND directory:/var/x\n"},
	         "",
	         "record:1: 'directory:/var/x' is left out: only a copy of "
	         "all reports"},
		{"what was never matched",
	         {"A.example DISCARD\nb.example. "
	          "DISCARD\n"},
	         "deny = A.example; deny = b.example.",
	         "record:2: 'b.example.' has a final dot: tlsrpt-reporter 0.6 "
	         "never matched it"},
		{"no domain",
	         {"localhost DISCARD\n"},
	         "",
	         "record:1: left out: [report] deny: 'localhost' is not a "
	         "domain"},
		{"another scheme",
	         {"a.example REPLACE ftp://x.example/\n"},
	         "deny = a.example",
	         "record:1: 'ftp://x.example/' is left out: "},
		{"a comma",
	         {"a.example REPLACE https://x.example/a,b\n"},
	         "redirect = a.example -> https://x.example/a%2Cb",
	         NULL},
	};
	static const char all[] = R "tlsrpt_record_map = record\n"
				    "mail_destination_map = mail\n"
				    "http_upload_map = http\n";

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_list_clear) struct conf_list remarks = {0};
		auto_(strbuf_clear) struct strbuf out = {0}, got = {0};
		struct maps maps = {rows[i].maps[0], rows[i].maps[1],
		                    rows[i].maps[2]};
		struct err err = {0};
		size_t skip = strlen(REPORT);

		ROW(&rows[i]);
		maps.record = maps.record != NULL ? maps.record : "";
		maps.mail = maps.mail != NULL ? maps.mail : "";
		maps.http = maps.http != NULL ? maps.http : "";
		if (import(all, &maps, &out, &remarks, &err) < 0)
			fail_msg("%s", err.text);
		settings_of(strbuf_text(&out), &got);
		show_remarks(&remarks);
		skip += strbuf_text(&got)[skip] == ';' ? 2 : 0;
		assert_string_equal(strbuf_text(&got) + skip, rows[i].want);
		if (rows[i].remark == NULL)
			assert_int_equal(remarks.count, 0);
		else if (!has_remark(&remarks, rows[i].remark))
			fail_msg("no remark '%s'", rows[i].remark);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *name, *text, *map;
		const char *want; /* the error, or a remark when it has none */
	} rows[] = {
		{"nothing", "", "", "x.cfg: no section [tlsrpt_collectd]"},
		{"of another program", "[x]\ny=z\n", "", "x.cfg: no section"},
		{"a section with nothing in it", R, "", "x.cfg: no section"},
		{"no section", "a=b\n", "",
	         "x.cfg:1: a setting before the first [section]"},
		{"no value", R "dbname\n", "",
	         "x.cfg:2: neither a [section] nor 'name = value'"},
		{"no name", R "= x\n", "", "x.cfg:2: a value without a name"},
		{"twice", R "dbname=x\nkeep_days=1\nDBNAME=y\n", "",
	         "x.cfg:4: 'dbname' is set twice; the first time on line 2"},
		{"a section that does not end", "[tlsrpt_reportd\n", "",
	         "x.cfg:1: '[' without a name and ']'"},
		{"a control character", R "dbname=\033[2J\n", "",
	         "x.cfg:2: a control character (0x1b)"},
		{"not UTF-8", R "dbname=\xff\n", "", "x.cfg: not UTF-8"},
		{"a map that is not there", R "tlsrpt_record_map=record\n",
	         NULL, "x.cfg:2: tlsrpt_record_map: record: No such file"},
		{"no action", R "tlsrpt_record_map=record\n", "x\n",
	         "record:1: no action"},
		{"an unknown action", R "tlsrpt_record_map=record\n",
	         "\nx REJECT\n", "record:2: unknown action 'REJECT'"},
		{"an unknown match", R "tlsrpt_record_map=record\n",
	         "ip:x DISCARD\n", "record:1: unknown match type 'ip:'"},
		{"too much", R "tlsrpt_record_map=record\n", "x DISCARD y\n",
	         "record:1: DISCARD with 1 parameters"},
		{"too little", R "tlsrpt_record_map=record\n", "x APPEND\n",
	         "record:1: APPEND with 0 parameters"},
		{"half a substitution", R "tlsrpt_record_map=record\n",
	         "x REGEXP y\n", "record:1: REGEXP with 1 parameters"},
		{"a map of rubbish", R "tlsrpt_record_map=record\n",
	         "x \001 y\n", "record:1: a control character (0x01)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_(conf_list_clear) struct conf_list remarks = {0};
		auto_(strbuf_clear) struct strbuf out = {0};
		struct maps maps = {.record = rows[i].map};
		struct err err = {0};

		ROW(&rows[i]);
		assert_true(import(rows[i].text, &maps, &out, &remarks, &err) <
		            0);
		assert_int_equal(out.len, 0);
		if (strstr(err.text, rows[i].want) == NULL &&
		    !has_remark(&remarks, rows[i].want))
			fail_msg("'%s' without '%s'", err.text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
