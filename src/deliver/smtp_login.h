/*
 * smtp_login - how to get into the mail relay, from the settings
 *
 * "smtp://relay.example.com:587", a user name, a file with the password.  The
 * password is read once, when delivery begins, so that a daemon that gives up
 * root afterwards still has it.
 */
#ifndef TLSTALLY_DELIVER_SMTP_LOGIN_H
#define TLSTALLY_DELIVER_SMTP_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/err.h"
#include "conf/conf.h"

struct smtp_login {
	char *url;  /* smtp://relay.example.com:587/name-for-EHLO */
	char *name; /* relay.example.com:587, for people */
	char *user; /* NULL: no AUTH */
	char *password;
	char *ca_file;    /* NULL: the system's */
	long use_ssl;     /* CURLUSESSL_TRY, CURLUSESSL_ALL */
	bool verify;      /* the relay's certificate */
	int64_t dot_secs; /* reply/smtp_time.h */
};

/* ERR_PARSE, ERR_IO, ERR_LIMIT name the setting.  Clear it in any case. */
int smtp_login_read(struct smtp_login *login, const struct conf *conf,
                    struct err *err);
void smtp_login_clear(struct smtp_login *login);

/* Tells a handle where to connect to and how: up to the end of AUTH. */
void smtp_login_apply(const struct smtp_login *login, CURL *easy);

#endif
