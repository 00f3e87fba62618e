#include "deliver/deliver_smtp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "deliver/alike.h"
#include "deliver/smtp_conn.h"
#include "deliver/smtp_login.h"

struct place {
	struct smtp_conn *conn;
	enum { PLACE_OPENING, PLACE_IDLE, PLACE_BUSY } state;
};

struct deliver_smtp {
	struct smtp_conn_owner owner;
	struct curl_pool *pool;
	struct answer_queue *answers;
	struct alike *alike;
	struct smtp_login login;
	bool may_go_clear; /* TLS is welcome, not a must */
	struct smtp_mail_list waiting;
	struct place *places; /* of `room`, `count` are taken */
	size_t count;
	size_t opening;
	size_t limit; /* how many the relay lets us have */
	size_t room;
};

static struct deliver_smtp *smtp_of(struct smtp_conn_owner *owner)
{
	return (struct deliver_smtp *)((char *)owner -
	                               offsetof(struct deliver_smtp, owner));
}

static void answer_mail(struct deliver_smtp *smtp, struct smtp_mail *mail,
                        const struct delivery_answer *answer)
{
	alike_put(smtp->alike, mail->job, answer);
	free(mail);
}

static struct place *place_of(struct deliver_smtp *smtp,
                              const struct smtp_conn *conn)
{
	struct place *place = smtp->places;

	while (place->conn != conn)
		place++;
	return place;
}

/* Those that were given back stand first. */
static struct smtp_mail *next_for(const struct deliver_smtp *smtp,
                                  const struct place *place)
{
	struct smtp_mail *mail = TAILQ_FIRST(&smtp->waiting);

	while (mail != NULL && mail->was_given_back &&
	       smtp_conn_is_used(place->conn))
		mail = TAILQ_NEXT(mail, link);
	return mail;
}

static void send_next(struct deliver_smtp *smtp, struct place *place)
{
	struct delivery_answer answer;
	struct smtp_mail *mail;

	while ((mail = next_for(smtp, place)) != NULL) {
		TAILQ_REMOVE(&smtp->waiting, mail, link);
		if (answer_too_late(&answer, mail->job, smtp->owner.clock)) {
			answer_mail(smtp, mail, &answer);
			continue;
		}
		place->state = PLACE_BUSY;
		smtp_conn_send(place->conn, mail);
		return;
	}
}

/* A connection more for what waits, beyond those that are on their way. */
static void open_for_waiting(struct deliver_smtp *smtp)
{
	const struct smtp_mail *mail = TAILQ_FIRST(&smtp->waiting);
	struct place *place = &smtp->places[smtp->count];

	for (size_t i = 0; i < smtp->opening && mail != NULL; i++)
		mail = TAILQ_NEXT(mail, link);
	if (mail == NULL || smtp->count >= smtp->limit)
		return;
	place->conn = smtp_conn_new(smtp->pool, &smtp->login, &smtp->owner);
	place->state = PLACE_OPENING;
	smtp->count++;
	smtp->opening++;
}

/* What waits wants a fresh connection, and there may be no more: an idle one
 * gives way. */
static void make_room(struct deliver_smtp *smtp)
{
	if (TAILQ_EMPTY(&smtp->waiting) || smtp->opening > 0 ||
	    smtp->count < smtp->limit)
		return;
	for (size_t i = 0; i < smtp->count; i++) {
		if (smtp->places[i].state != PLACE_IDLE)
			continue;
		smtp_conn_free(&smtp->places[i].conn);
		smtp->places[i] = smtp->places[--smtp->count];
		return;
	}
}

static bool has_nothing(const struct deliver_smtp *smtp)
{
	for (size_t i = 0; i < smtp->count; i++)
		if (smtp->places[i].state == PLACE_BUSY)
			return false;
	return TAILQ_EMPTY(&smtp->waiting);
}

static void dispatch(struct deliver_smtp *smtp)
{
	for (size_t i = 0; i < smtp->count; i++)
		if (smtp->places[i].state == PLACE_IDLE)
			send_next(smtp, &smtp->places[i]);
	make_room(smtp);
	open_for_waiting(smtp);
	if (has_nothing(smtp))
		alike_decide(smtp->alike);
}

static void on_answered(struct smtp_conn_owner *owner, struct smtp_mail *mail,
                        const struct delivery_answer *answer)
{
	answer_mail(smtp_of(owner), mail, answer);
}

static void on_give_back(struct smtp_conn_owner *owner, struct smtp_mail *mail)
{
	TAILQ_INSERT_HEAD(&smtp_of(owner)->waiting, mail, link);
}

static void on_idle(struct smtp_conn_owner *owner, struct smtp_conn *conn)
{
	struct deliver_smtp *smtp = smtp_of(owner);
	struct place *place = place_of(smtp, conn);

	if (place->state == PLACE_OPENING)
		smtp->opening--;
	place->state = PLACE_IDLE;
	send_next(smtp, place);
	/* what is left may want another one */
	if (place->state == PLACE_IDLE)
		dispatch(smtp);
}

/* It never became ready.  Decides what that means for what waits. */
static void not_opened(struct deliver_smtp *smtp, enum smtp_conn_end end,
                       const struct delivery_answer *why)
{
	struct smtp_mail *mail;

	if (smtp->may_go_clear && end == SMTP_CONN_NO_TLS) {
		if (smtp->login.use_ssl != CURLUSESSL_NONE)
			log_warning("%s; reports are sent there without TLS",
			            why->text);
		smtp->login.use_ssl = CURLUSESSL_NONE;
	} else if (smtp->count > 0) {
		smtp->limit = smtp->count;
	} else {
		while ((mail = TAILQ_FIRST(&smtp->waiting)) != NULL) {
			TAILQ_REMOVE(&smtp->waiting, mail, link);
			answer_mail(smtp, mail, why);
		}
		smtp->limit = smtp->room;
	}
}

static void on_gone(struct smtp_conn_owner *owner, struct smtp_conn *conn,
                    enum smtp_conn_end end, const struct delivery_answer *why)
{
	struct deliver_smtp *smtp = smtp_of(owner);
	struct place *place = place_of(smtp, conn);

	if (place->state == PLACE_OPENING)
		smtp->opening--;
	*place = smtp->places[--smtp->count];
	if (end != SMTP_CONN_CLOSED)
		not_opened(smtp, end, why);
	smtp_conn_free(&conn);
	dispatch(smtp);
}

/* These characters must never come from a destination: they would end the
 * address, or the command. */
static bool is_safe(const char *address)
{
	for (; *address != '\0'; address++)
		if (*address <= ' ' || *address >= 0x7f || *address == '<' ||
		    *address == '>')
			return false;
	return true;
}

void deliver_smtp_submit(struct deliver_smtp *smtp, struct delivery_job *job)
{
	struct delivery_answer answer;
	struct smtp_mail *mail;

	if (!is_safe(job->rua->address) || !is_safe(job->mail_from)) {
		answer_set(&answer, EVENT_REFUSED, STAGE_LOCAL,
		           "the address has characters that are not allowed in "
		           "SMTP");
		answer_queue_put(smtp->answers, job, &answer);
		return;
	}
	mail = xcalloc(1, sizeof(*mail));
	mail->job = job;
	TAILQ_INSERT_TAIL(&smtp->waiting, mail, link);
	dispatch(smtp);
}

struct deliver_smtp *deliver_smtp_new(const struct conf *conf,
                                      struct clock *clock,
                                      struct curl_pool *pool,
                                      struct answer_queue *answers,
                                      struct err *err)
{
	struct deliver_smtp *smtp = xcalloc(1, sizeof(*smtp));

	smtp->owner = (struct smtp_conn_owner){
		.clock = clock,
		.answered = on_answered,
		.give_back = on_give_back,
		.idle = on_idle,
		.gone = on_gone,
	};
	smtp->pool = pool;
	smtp->answers = answers;
	smtp->alike = alike_new(pool, answers);
	TAILQ_INIT(&smtp->waiting);
	smtp->room = conf->deliver.concurrency_per_host;
	smtp->limit = smtp->room;
	smtp->places = xcalloc(smtp->room, sizeof(*smtp->places));
	if (smtp_login_read(&smtp->login, conf, err) < 0)
		deliver_smtp_free(&smtp);
	else
		smtp->may_go_clear = smtp->login.use_ssl == CURLUSESSL_TRY &&
		                     !smtp->login.verify;
	return smtp;
}

void deliver_smtp_free(struct deliver_smtp **smtp)
{
	struct deliver_smtp *s = *smtp;
	struct smtp_mail *mail;

	if (s == NULL)
		return;
	while (s->count > 0)
		smtp_conn_free(&s->places[--s->count].conn);
	while ((mail = TAILQ_FIRST(&s->waiting)) != NULL) {
		TAILQ_REMOVE(&s->waiting, mail, link);
		free(mail);
	}
	alike_free(&s->alike);
	smtp_login_clear(&s->login);
	free(s->places);
	free(s);
	*smtp = NULL;
}
