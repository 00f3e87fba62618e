/* Any bytes as a delivery status notification: what is read of it can be
 * printed and fits the limits; what is not read is refused in words.  GLib's
 * complaints are bugs. */
#include <glib.h>

#include "base/err.h"
#include "inmail/dsn.h"
#include "session/detail_text.h"
#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_recipient(const struct dsn_recipient *recipient)
{
	int class = recipient->status[0];

	check(detail_text_is_plain(recipient->address));
	check(recipient->diagnostic[0] == '\0' ||
	      detail_text_is_plain(recipient->diagnostic));
	check(recipient->action <= DSN_OTHER);
	check(class == 0 || class == 2 || class == 4 || class == 5);
	check(recipient->refusal <= REFUSAL_NO_SUCH_ADDRESS);
	check(recipient->refusal < REFUSAL_IN_DOUBT || class == 5);
	for (size_t i = 1; i < 3; i++)
		check(recipient->status[i] >= 0 && recipient->status[i] <= 999);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dsn dsn;
	struct err err = {0};

	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING |
	                       G_LOG_FATAL_MASK);
	if (dsn_read(data, size, &dsn, &err) != 0) {
		check(dsn.count == 0);
		check_words(err.text);
		return 0;
	}
	check(dsn.count > 0 && dsn.count <= DSN_RECIPIENTS_MAX);
	for (size_t i = 0; i < dsn.count; i++)
		check_recipient(&dsn.recipients[i]);
	return 0;
}
