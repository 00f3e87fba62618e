/* Does the relay of [deliver] mail take mail, and how fast? */
#include "doctor/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/curl_handle.h"
#include "deliver/smtp_login.h"
#include "deliver/smtp_opening.h"

enum { RELAY_SECS = 15, SLOW_MS = 5000 };

/* Connects, and goes on up to the end of AUTH, as a delivery would. */
static void ask_relay(struct look *look, const struct smtp_login *login)
{
	CURL *easy = curl_handle_new();
	struct smtp_opening opening = {0};
	struct delivery_answer why = {0};
	int64_t began = clock_host_ms(), took;
	CURLcode result;

	smtp_login_apply(login, easy);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)RELAY_SECS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)RELAY_SECS);
	smtp_opening_follow(&opening, easy);
	result = curl_easy_perform(easy);
	took = clock_host_ms() - began;
	if (result != CURLE_OK) {
		smtp_opening_failed(&opening, result, login->name, &why);
		CHECK_TELL(look, RELAY_REFUSES, why.text,
		           check_settings_file(look));
	} else if (took >= SLOW_MS) {
		CHECK_TELL(look, RELAY_SLOW, login->name,
		           check_number(look, (uint64_t)took / 1000));
	} else {
		CHECK_TELL(look, RELAY_WELL, login->name);
	}
	curl_easy_cleanup(easy);
}

/* A file of the settings that another may read, and we may not, says nothing
 * about the relay.  True when that was told. */
static bool is_hidden(struct look *look, const char *path, int mode)
{
	struct stat st;

	if (path[0] == '\0' || access(path, mode) == 0 || errno != EACCES ||
	    (stat(look->of->conf->store.directory, &st) == 0 &&
	     st.st_uid == geteuid()))
		return false;
	CHECK_TELL(look, RELAY_NOT_SEEN, path);
	return true;
}

void check_relay(struct look *look)
{
	const struct conf *conf = look->of->conf;
	const char *mail = conf->deliver.mail;
	static const char sendmail[] = "sendmail:";
	auto_(smtp_login_clear) struct smtp_login login = {0};
	struct err err = {0};

	if (strcmp(mail, "off") == 0) {
		CHECK_TELL(look, RELAY_OFF);
	} else if (strncmp(mail, sendmail, strlen(sendmail)) == 0) {
		const char *path = mail + strlen(sendmail);

		if (access(path, X_OK) == 0)
			CHECK_TELL(look, RELAY_SENDMAIL, path);
		else if (!is_hidden(look, path, X_OK))
			CHECK_TELL(look, RELAY_NO_SENDMAIL, path,
			           strerror(errno), check_settings_file(look));
	} else if (is_hidden(look, conf->deliver.mail_password_file, R_OK) ||
	           is_hidden(look, conf->deliver.mail_ca_file, R_OK)) {
		return;
	} else if (smtp_login_read(&login, conf, &err) < 0) {
		CHECK_TELL(look, RELAY_REFUSES, err.text,
		           check_settings_file(look));
	} else {
		ask_relay(look, &login);
	}
}
