#include "intake/milter.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <libmilter/mfapi.h>

#include "base/auto.h"
#include "base/endpoint.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "intake/milter_session.h"

enum {
	BACKLOG = 1024,
	STOP_PAUSE_MS = 10,
	LINGER_MS = 100,
};

/* Before MAIL Postfix tells about TLS at HELO only; asked for at MAIL, it
 * saves us that step, and is what is true then.  libmilter wants char *. */
static char mail_macros[] = "{tls_version} {cipher} {cipher_bits} "
			    "{cert_subject} {verify} {auth_type} {auth_authen}";
static char rcpt_macros[] = "{rcpt_addr} {rcpt_host} {rcpt_mailer}";
static char end_macros[] = "i";

static struct {
	struct milter_site site;
	struct milter_feed *feed;
	struct milter_inbox *inbox; /* or NULL */
	struct milter_clients *clients;
	pthread_t thread;
	atomic_bool ended, failed, stopping;
	atomic_size_t sessions;  /* open */
	atomic_size_t messages;  /* between MAIL and their end */
	atomic_ulong last_steps; /* of the last negotiation */
} milter;

static const unsigned long never_used =
	SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NOEOH;
static const unsigned long without_answer = SMFIP_NR_CONN | SMFIP_NR_HELO |
                                            SMFIP_NR_MAIL | SMFIP_NR_RCPT |
                                            SMFIP_NR_HDR;

static struct milter_session *session_of(SMFICTX *ctx)
{
	return smfi_getpriv(ctx);
}

/* The answer to a step that the MTA may not be waiting for. */
static sfsistat go_on(SMFICTX *ctx, unsigned long step)
{
	const struct milter_session *session = session_of(ctx);
	unsigned long steps = session != NULL ? session->steps
	                                      : atomic_load(&milter.last_steps);

	return steps & step ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

/* A session of ours for the connection; without it, past the bound, each step
 * is only answered. */
static struct milter_session *make_session(SMFICTX *ctx, unsigned long steps)
{
	struct milter_session *session;

	if (atomic_fetch_add(&milter.sessions, 1) >= MILTER_SESSIONS_MAX) {
		atomic_fetch_sub(&milter.sessions, 1);
		return NULL;
	}
	session = milter_session_new(&milter.site, steps);
	if (smfi_setpriv(ctx, session) == MI_SUCCESS)
		return session;
	milter_session_free(&session);
	atomic_fetch_sub(&milter.sessions, 1);
	return NULL;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
                             unsigned long f2, unsigned long f3,
                             unsigned long *pf0, unsigned long *pf1,
                             unsigned long *pf2, unsigned long *pf3)
{
	unsigned long wanted = never_used | without_answer | SMFIP_SKIP;

	(void)f2;
	(void)f3;
	*pf0 = *pf2 = *pf3 = 0;
	if (f0 & SMFIF_SETSYMLIST &&
	    smfi_setsymlist(ctx, SMFIM_ENVFROM, mail_macros) == MI_SUCCESS &&
	    smfi_setsymlist(ctx, SMFIM_ENVRCPT, rcpt_macros) == MI_SUCCESS &&
	    smfi_setsymlist(ctx, SMFIM_EOM, end_macros) == MI_SUCCESS) {
		*pf0 = SMFIF_SETSYMLIST;
		wanted |= SMFIP_NOHELO;
	}
	*pf1 = f1 & wanted;
	atomic_store(&milter.last_steps, *pf1);
	make_session(ctx, *pf1);
	return SMFIS_CONTINUE;
}

static const char *macro(SMFICTX *ctx, const char *name)
{
	/* libmilter's argument is char *, and it does not write to it */
	return smfi_getsymval(ctx, (char *)(uintptr_t)name);
}

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *address)
{
	struct milter_session *session = session_of(ctx);

	(void)host;
	/* a connection used again (QUIT_NC) has had its session closed, or
	 * there were too many a moment ago */
	if (session == NULL)
		session = make_session(ctx, atomic_load(&milter.last_steps));
	if (session != NULL)
		session->client = milter_clients_look_up(
			milter.clients, address, macro(ctx, "{daemon_addr}"));
	else
		milter_feed_unread(milter.feed);
	return go_on(ctx, SMFIP_NR_CONN);
}

/* Those that milter_stop() waits for; not what begins while it does. */
static void note_message(struct milter_session *session, bool begun)
{
	if (begun && !session->awaited && !atomic_load(&milter.stopping)) {
		atomic_fetch_add(&milter.messages, 1);
		session->awaited = true;
	} else if (!begun && session->awaited) {
		atomic_fetch_sub(&milter.messages, 1);
		session->awaited = false;
	}
}

static sfsistat on_mail(SMFICTX *ctx, char **args)
{
	struct milter_session *session = session_of(ctx);
	const struct inbound_macros macros = {
		.tls_version = macro(ctx, "{tls_version}"),
		.cipher = macro(ctx, "{cipher}"),
		.cipher_bits = macro(ctx, "{cipher_bits}"),
		.cert_subject = macro(ctx, "{cert_subject}"),
		.verify = macro(ctx, "{verify}"),
		.auth_type = macro(ctx, "{auth_type}"),
		.auth_authen = macro(ctx, "{auth_authen}"),
	};

	if (session != NULL) {
		note_message(session, true);
		milter_message_begin(&session->message, args[0], &macros,
		                     session->client);
	}
	return go_on(ctx, SMFIP_NR_MAIL);
}

static sfsistat on_rcpt(SMFICTX *ctx, char **args)
{
	struct milter_session *session = session_of(ctx);
	const struct milter_rcpt_macros macros = {
		.addr = macro(ctx, "{rcpt_addr}"),
		.host = macro(ctx, "{rcpt_host}"),
		.mailer = macro(ctx, "{rcpt_mailer}"),
	};

	if (session != NULL)
		milter_message_recipient(&session->message, args[0], &macros);
	return go_on(ctx, SMFIP_NR_RCPT);
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct milter_session *session = session_of(ctx);

	if (session != NULL)
		milter_message_header(&session->message, name, value);
	return go_on(ctx, SMFIP_NR_HDR);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
	struct milter_session *session = session_of(ctx);
	unsigned long steps = session != NULL ? session->steps
	                                      : atomic_load(&milter.last_steps);

	if (session != NULL &&
	    milter_message_body(&session->message, data, len))
		return SMFIS_CONTINUE;
	return steps & SMFIP_SKIP ? SMFIS_SKIP : SMFIS_CONTINUE;
}

static void forget(struct milter_session *session)
{
	note_message(session, false);
	milter_message_forget(&session->message);
}

static sfsistat on_end(SMFICTX *ctx)
{
	struct milter_session *session = session_of(ctx);

	if (session != NULL && session->message.begun) {
		if (milter_message_is_for_inbox(&session->message))
			milter_inbox_add(milter.inbox, &session->message);
		milter_feed_take(milter.feed, &session->message,
		                 macro(ctx, "i"));
		forget(session);
	}
	return SMFIS_CONTINUE;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct milter_session *session = session_of(ctx);

	if (session != NULL)
		forget(session);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct milter_session *session = session_of(ctx);

	if (session == NULL)
		return SMFIS_CONTINUE;
	note_message(session, false);
	smfi_setpriv(ctx, NULL);
	milter_session_free(&session);
	atomic_fetch_sub(&milter.sessions, 1);
	return SMFIS_CONTINUE;
}

static int refuse(struct err *err, const char *what)
{
	return err_set(err, ERR_IO, "libmilter: %s failed", what);
}

/* libmilter wants the port before the host. */
static char *libmilter_socket(const char *socket)
{
	const char *host = socket + strlen("inet:");
	const char *port = strrchr(socket, ':') + 1;
	bool v6 = host[0] == '[';

	if (endpoint_path(socket) != NULL)
		return xstrdup(socket);
	return xasprintf("inet%s:%s@%.*s", v6 ? "6" : "", port,
	                 (int)(port - 1 - host) - 2 * v6, host + v6);
}

int milter_listen(const char *socket, struct err *err)
{
	static char name[] = "tlstally-milter";
	const struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_NONE,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};
	auto_(xfree_str) char *copy = libmilter_socket(socket);

	if (smfi_register(description) != MI_SUCCESS)
		return refuse(err, "smfi_register");
	if (smfi_setconn(copy) != MI_SUCCESS)
		return refuse(err, "smfi_setconn");
	if (smfi_setbacklog(BACKLOG) != MI_SUCCESS)
		return refuse(err, "smfi_setbacklog");
	errno = 0;
	if (smfi_opensocket(false) != MI_SUCCESS)
		return err_errno(err, ERR_IO, "cannot listen on %s", socket);
	return 0;
}

static const char *const *copy_list(const struct conf_list *list)
{
	char **copy = xcalloc(list->count + 1, sizeof(*copy));

	for (size_t i = 0; i < list->count; i++)
		copy[i] = xstrdup(list->items[i]);
	return (const char *const *)copy;
}

static void copy_site(const struct conf *conf, struct milter_inbox *inbox)
{
	static const char *const standard[] = {"smtp"};
	const struct conf_list *mailers = &conf->milter.remote_mailers;

	milter.site = (struct milter_site){
		.sender = xstrdup(conf_sender(conf)),
		.submitter = xstrdup(conf_submitter(conf)),
		.remote_mailers = copy_list(mailers),
		.remote_mailer_count = mailers->count,
	};
	if (inbox != NULL) {
		milter.site.inbox = copy_list(&conf->received.addresses);
		milter.site.inbox_count = conf->received.addresses.count;
		milter.site.inbox_max = conf->received.max_size;
		milter.site.room = milter_inbox_room(inbox);
	}
	if (mailers->count > 0)
		return;
	free((void *)(uintptr_t)milter.site.remote_mailers);
	milter.site.remote_mailers = standard;
	milter.site.remote_mailer_count = 1;
}

static void *main_thread(void *arg)
{
	sigset_t set;

	(void)arg;
	/* these are the main thread's, which may hear them already */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	atomic_store(&milter.failed, smfi_main() != MI_SUCCESS);
	atomic_store(&milter.ended, true);
	return NULL;
}

int milter_start(const struct conf *conf, struct milter_feed *feed,
                 struct milter_inbox *inbox, struct milter_clients *clients,
                 struct err *err)
{
	int rc;

	copy_site(conf, inbox);
	milter.feed = feed;
	milter.inbox = inbox;
	milter.clients = clients;
	rc = pthread_create(&milter.thread, NULL, main_thread, NULL);
	if (rc == 0)
		return 0;
	errno = rc;
	return err_errno(err, ERR_IO, "cannot start the libmilter thread");
}

int milter_ended(struct err *err)
{
	if (!atomic_load(&milter.ended))
		return 0;
	if (!atomic_load(&milter.failed))
		return 1;
	return err_set(err, ERR_IO,
	               "libmilter terminated: see its messages in syslog");
}

size_t milter_stop(int64_t deadline_ms)
{
	/* not smfi_stop(): it would cut sessions off in the middle of their
	 * messages, and waits for a main loop that looks round every five
	 * seconds.  The process is about to end. */
	atomic_store(&milter.stopping, true);
	/* the answer to a message's end is sent after our callback */
	for (int64_t ms = 0, quiet = 0; ms < deadline_ms && quiet < LINGER_MS &&
	                                atomic_load(&milter.sessions) > 0;
	     ms += STOP_PAUSE_MS) {
		wait_ms(STOP_PAUSE_MS);
		quiet = atomic_load(&milter.messages) > 0
		                ? 0
		                : quiet + STOP_PAUSE_MS;
	}
	return atomic_load(&milter.sessions);
}
