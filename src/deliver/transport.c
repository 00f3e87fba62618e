#include "deliver/transport.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "deliver/answer.h"
#include "deliver/curl_pool.h"
#include "deliver/deliver_dir.h"
#include "deliver/deliver_https.h"
#include "deliver/deliver_sendmail.h"
#include "deliver/deliver_smtp.h"

struct all {
	struct transport transport; /* first: what outsiders hold */
	struct clock *clock;
	struct curl_pool *pool;
	struct answer_queue *answers;
	/* NULL: switched off */
	struct deliver_https *https;
	struct deliver_smtp *smtp;
	struct deliver_sendmail *sendmail;
};

static void submit(struct transport *self, struct delivery_job *job)
{
	struct all *all = (struct all *)self;
	enum rua_kind kind = job->rua->kind;
	struct delivery_answer answer;

	if (kind == RUA_HTTPS && all->https != NULL) {
		deliver_https_submit(all->https, job);
	} else if (kind == RUA_MAIL && all->smtp != NULL) {
		deliver_smtp_submit(all->smtp, job);
	} else if (kind == RUA_MAIL && all->sendmail != NULL) {
		deliver_sendmail_submit(all->sendmail, job);
	} else {
		if (kind != RUA_DIRECTORY)
			answer_set(&answer, EVENT_REFUSED, STAGE_LOCAL,
			           "[deliver] %s = off",
			           kind == RUA_HTTPS ? "https" : "mail");
		else if (!answer_too_late(&answer, job, all->clock))
			deliver_dir(job, &answer);
		answer_queue_put(all->answers, job, &answer);
	}
}

static void wait_for_some(struct transport *self, int timeout_ms,
                          delivery_done_fn *done, void *arg)
{
	struct all *all = (struct all *)self;
	int64_t until = clock_host_ms() + timeout_ms;

	curl_pool_work(all->pool);
	while (answer_queue_waiting(all->answers) == 0) {
		int64_t left = until - clock_host_ms();

		if (left <= 0)
			break;
		curl_pool_wait(all->pool, (int)left);
	}
	answer_queue_hand_out(all->answers, done, arg);
}

static void close_all(struct transport **self)
{
	struct all *all = (struct all *)*self;

	if (all == NULL)
		return;
	deliver_https_free(&all->https);
	deliver_smtp_free(&all->smtp);
	deliver_sendmail_free(&all->sendmail);
	answer_queue_free(&all->answers);
	curl_pool_close(&all->pool);
	free(all);
	*self = NULL;
}

/* [deliver] mail = smtp://..., smtps://..., sendmail:PATH or off. */
static int open_mail(struct all *all, const struct conf *conf, struct err *err)
{
	const char *mail = conf->deliver.mail;

	if (strcmp(mail, "off") == 0)
		return 0;
	if (strncmp(mail, "sendmail:", 9) == 0) {
		all->sendmail = deliver_sendmail_new(
			conf, all->clock, all->pool, all->answers, err);
		return all->sendmail == NULL ? ERR_IO : 0;
	}
	all->smtp = deliver_smtp_new(conf, all->clock, all->pool, all->answers,
	                             err);
	return all->smtp == NULL ? ERR_IO : 0;
}

int transport_open(const struct conf *conf, struct clock *clock,
                   struct transport **transport, struct err *err)
{
	struct all *all = xcalloc(1, sizeof(*all));

	signal(SIGPIPE, SIG_IGN);
	all->transport.submit = submit;
	all->transport.wait = wait_for_some;
	all->transport.free = close_all;
	*transport = &all->transport;
	all->clock = clock;
	all->answers = answer_queue_new();
	all->pool = curl_pool_open(conf->deliver.concurrency, err);
	if (all->pool != NULL && conf->deliver.https)
		all->https = deliver_https_new(conf, clock, all->pool,
		                               all->answers, err);
	if (all->pool == NULL || (conf->deliver.https && all->https == NULL) ||
	    open_mail(all, conf, err) < 0) {
		close_all(transport);
		return ERR_IO;
	}
	return 0;
}
