/* What comes back to the envelope sender of a report. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "inmail/dsn.h"
#include "domain/own_address.h"
#include "outbox/bounce.h"
#include "scenario/look.h"
#include "scenario/world.h"

/* As Postfix would write it; "none": a person's answer. */
static void write_message(const char *action, const char *status,
                          const struct outbox_destination *dest,
                          struct strbuf *out)
{
	strbuf_printf(out,
	              "From: MAILER-DAEMON@mx.example\r\nTo: %s\r\n"
	              "MIME-Version: 1.0\r\n",
	              dest->envelope);
	if (strcmp(action, "none") == 0) {
		strbuf_puts(out, "\r\nI am away.\r\n");
		return;
	}
	strbuf_printf(out,
	              "Content-Type: multipart/report; boundary=b;\r\n"
	              "\treport-type=delivery-status\r\n\r\n--b\r\n\r\n"
	              "Sorry.\r\n--b\r\n"
	              "Content-Type: message/delivery-status\r\n\r\n"
	              "Reporting-MTA: dns; mx.example\r\n\r\n"
	              "Final-Recipient: rfc822; %s\r\nAction: %s\r\n"
	              "Status: %s\r\n--b--\r\n",
	              dest->rua.address, action, status);
}

static int take_in(struct world *world, const struct outbox_destination *dest,
                   const struct strbuf *message, struct bounce_outcome *outcome,
                   struct err *err)
{
	char token[OWN_TOKEN_TEXT];
	struct dsn dsn;
	int rc;

	if (!own_address_is(conf_sender(&world->conf), dest->envelope,
	                    strlen(dest->envelope), token) ||
	    token[0] == '\0')
		return err_set(err, ERR_PARSE, "%s has no token",
		               dest->envelope);
	outcome->result = BOUNCE_IGNORED;
	rc = dsn_read(message->data, message->len, &dsn, err);
	if (rc < 0)
		return rc == ERR_NOTFOUND ? 0 : rc;
	return bounce_apply(world->db, token, &dsn, clock_secs(&world->clock),
	                    outcome, err);
}

static int last_destination(struct world *world, const char *domain,
                            struct outbox_destination *dest, struct err *err)
{
	auto_(db_abort) struct db_txn *txn = db_begin_read(world->db);
	struct look look;

	if (look_report(txn, domain, 0, &look, err) < 0)
		return err->class;
	return look_destination(&look, 0, dest, err);
}

int act_bounce(struct world *world, struct words *words, struct err *err)
{
	auto_(strbuf_clear) struct strbuf message = {0};
	const char *domain, *action, *status = "", *want;
	struct bounce_outcome outcome = {0};
	struct outbox_destination dest;

	if (words_need(words, "a domain", &domain, err) < 0 ||
	    words_need(words, "failed, delayed or none", &action, err) < 0)
		return err->class;
	if (strcmp(action, "none") != 0 &&
	    words_need(words, "a status", &status, err) < 0)
		return err->class;
	if (!words_flag(words, "=") ||
	    words_need(words, "what it does", &want, err) < 0)
		return err_set(err, ERR_PARSE, "= what?");
	if (last_destination(world, domain, &dest, err) < 0)
		return err->class;
	write_message(action, status, &dest, &message);
	if (take_in(world, &dest, &message, &outcome, err) < 0)
		return err->class;
	if (strcmp(word_api(&words_bounces, outcome.result), want) != 0)
		return err_set(err, ERR_PARSE, "it is %s",
		               word_api(&words_bounces, outcome.result));
	return 0;
}
