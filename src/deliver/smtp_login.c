#include "deliver/smtp_login.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/curl_handle.h"
#include "base/xalloc.h"
#include "reply/smtp_time.h"

enum { PASSWORD_MAX = 1024 };

/* The first line of the file. */
static int read_password(const char *path, char **password, struct err *err)
{
	char text[PASSWORD_MAX + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int rc = 0;

	if (len < 0) {
		rc = err_errno(err, ERR_IO, "[deliver] mail_password_file %s",
		               path);
	} else {
		text[len] = '\0';
		text[strcspn(text, "\r\n")] = '\0';
		if (strlen(text) > PASSWORD_MAX)
			rc = err_set(err, ERR_LIMIT,
			             "[deliver] mail_password_file %s: the "
			             "first line is longer than %d bytes",
			             path, PASSWORD_MAX);
		else
			*password = xstrdup(text);
	}
	if (fd >= 0)
		close(fd);
	explicit_bzero(text, sizeof(text));
	return rc;
}

/* The name in EHLO.  curl itself would cut the host name at its first dot. */
static void our_name(char *name, size_t room)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-.";

	if (gethostname(name, room - 1) < 0)
		name[0] = '\0';
	name[room - 1] = '\0';
	if (name[0] == '\0' || name[strspn(name, allowed)] != '\0')
		strcpy(name, "localhost");
}

static int read_url(struct smtp_login *login, const char *mail, struct err *err)
{
	char *scheme = NULL, *url = NULL, path[256] = "/";
	CURLU *parts = curl_url();
	int rc = 0;

	our_name(path + 1, sizeof(path) - 1);
	if (curl_url_set(parts, CURLUPART_URL, mail, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    (strcmp(scheme, "smtp") != 0 && strcmp(scheme, "smtps") != 0) ||
	    curl_url_set(parts, CURLUPART_PATH, path, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_URL, &url, 0) != CURLUE_OK) {
		rc = err_set(err, ERR_PARSE,
		             "[deliver] mail: '%s' is not an smtp:// or "
		             "smtps:// URL",
		             mail);
	} else {
		login->url = xstrdup(url);
		login->name = xstrdup(strstr(mail, "//") + 2);
		login->use_ssl =
			scheme[4] == 's' ? CURLUSESSL_ALL : CURLUSESSL_TRY;
	}
	curl_free(scheme);
	curl_free(url);
	curl_url_cleanup(parts);
	return rc;
}

static bool is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

int smtp_login_read(struct smtp_login *login, const struct conf *conf,
                    struct err *err)
{
	int rc = read_url(login, conf->deliver.mail, err);

	if (rc < 0)
		return rc;
	login->dot_secs = conf->deliver.mail_timeout;
	login->verify = conf->deliver.mail_verify;
	if (is_set(conf->deliver.mail_ca_file))
		login->ca_file = xstrdup(conf->deliver.mail_ca_file);
	if (login->verify)
		login->use_ssl = CURLUSESSL_ALL;
	if (!is_set(conf->deliver.mail_user))
		return 0;
	login->use_ssl = CURLUSESSL_ALL; /* no credentials in the clear */
	login->user = xstrdup(conf->deliver.mail_user);
	if (!is_set(conf->deliver.mail_password_file))
		return err_set(
			err, ERR_PARSE,
			"[deliver] mail_user requires mail_password_file");
	return read_password(conf->deliver.mail_password_file, &login->password,
	                     err);
}

void smtp_login_apply(const struct smtp_login *login, CURL *easy)
{
	long whole = (long)smtp_time_opening_secs(login->dot_secs);

	curl_easy_setopt(easy, CURLOPT_URL, login->url);
	curl_easy_setopt(easy, CURLOPT_USE_SSL, login->use_ssl);
	curl_handle_verify(easy, login->verify, login->ca_file);
	if (login->user != NULL) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, login->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, login->password);
	}
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, whole);
	/* curl means by this all until the connection can be used, too */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, whole);
	curl_easy_setopt(
		easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
		(long)smtp_time_step_secs(SMTP_STEP_GREETING, login->dot_secs));
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
}

void smtp_login_clear(struct smtp_login *login)
{
	if (login->password != NULL)
		explicit_bzero(login->password, strlen(login->password));
	free(login->url);
	free(login->name);
	free(login->user);
	free(login->password);
	free(login->ca_file);
	memset(login, 0, sizeof(*login));
}
