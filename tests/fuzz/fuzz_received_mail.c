/* Any bytes as a mail with a report, and as a packed file.  GLib's complaints
 * are bugs. */
#include <glib.h>

#include "base/domain.h"
#include "base/err.h"
#include "received/received_mail.h"
#include "received/received_pack.h"
#include "received/received_report.h"
#include "session/detail_text.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int add_up(void *arg, const char *name, const void *data, size_t len)
{
	size_t *total = arg;

	(void)data;
	*total += len;
	check(name == NULL || name[0] == '\0' || detail_text_is_plain(name));
	check(*total <= RECEIVED_JSON_MAX);
	return 0;
}

static void check_text(const char *text)
{
	check(text == NULL || detail_text_is_plain(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct received_mail mail;
	struct err err = {0};
	size_t total = 0;

	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING |
	                       G_LOG_FATAL_MASK);
	if (received_unpack(data, size, add_up, &total, &err) < 0)
		check(err.text[0] != '\0');
	received_mail_init(&mail);
	if (received_mail_read(&mail, data, size, 0, &err) < 0)
		check_words(err.text);
	check_text(mail.from);
	check_text(mail.subject);
	check_text(mail.message_id);
	check_text(mail.report_domain);
	check_text(mail.submitter);
	check(mail.from_domain[0] == '\0' ||
	      domain_is_canonical(mail.from_domain));
	total = 0;
	if (mail.body.len > 0)
		received_unpack(mail.body.at, mail.body.len, add_up, &total,
		                &err);
	received_mail_clear(&mail);
	return 0;
}
