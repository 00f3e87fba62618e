#include "deliver/verdict.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "deliver/answer.h"
#include "reply/doubt.h"
#include "reply/program_words.h"
#include "reply/refusal.h"

enum { ANY = -1, SYSTEM = -2, FULL = -3 };

#define AT(stage) (1u << (stage))
#define BEFORE_RCPT                                                            \
	(AT(STAGE_CONNECT) | AT(STAGE_GREETING) | AT(STAGE_AUTH) |             \
	 AT(STAGE_MAIL))
#define ANYWHERE (BEFORE_RCPT | AT(STAGE_RCPT) | AT(STAGE_DATA))

struct smtp_row {
	unsigned stages;
	int from, to; /* codes */
	int refusal;  /* what it says about the address; ANY and its like */
	enum delivery_event event;
	bool our_fault;
};

static const struct smtp_row smtp_rows[] = {
	{AT(STAGE_DATA), 200, 299, ANY, EVENT_ACCEPTED, false},
	{ANYWHERE, 400, 499, ANY, EVENT_TEMPORARY, false},
	{BEFORE_RCPT, 500, 599, ANY, EVENT_TEMPORARY, true},
	{AT(STAGE_RCPT), 500, 599, REFUSAL_NO_SUCH_ADDRESS, EVENT_BAD_ADDRESS,
         false},
	{AT(STAGE_RCPT), 500, 599, REFUSAL_IN_DOUBT, EVENT_REFUSED, false},
	{AT(STAGE_RCPT) | AT(STAGE_DATA), 500, 599, REFUSAL_OURS,
         EVENT_TEMPORARY, true},
	/* a full mailbox gets emptied ("persistent transient", RFC 3463 X.2.2),
         * and a 552 at RCPT is to be read as 452 (RFC 5321 4.5.3.1.10) */
	{AT(STAGE_DATA), 552, 552, FULL, EVENT_TEMPORARY, false},
	/* any other 552 to the text is our server's limit of size */
	{AT(STAGE_DATA), 552, 552, ANY, EVENT_TEMPORARY, true},
	{AT(STAGE_RCPT) | AT(STAGE_DATA), 500, 599, REFUSAL_PASSING,
         EVENT_TEMPORARY, false},
	/* x.3.x is the mail system: of the server that speaks, which is ours */
	{AT(STAGE_RCPT) | AT(STAGE_DATA), 500, 599, SYSTEM, EVENT_TEMPORARY,
         true},
	{AT(STAGE_RCPT), 552, 552, ANY, EVENT_TEMPORARY, false},
	/* 530, 534, 535, 538: log in first (RFC 4954) */
	{AT(STAGE_RCPT), 530, 538, ANY, EVENT_TEMPORARY, true},
	{AT(STAGE_RCPT) | AT(STAGE_DATA), 500, 599, ANY, EVENT_REFUSED, false},
	/* 2xx where 354 was due and the like: a server that is out of step */
	{ANYWHERE, 0, 999, ANY, EVENT_TEMPORARY, true},
};

static bool smtp_row_fits(const struct smtp_row *row, enum delivery_stage stage,
                          const struct smtp_reply *reply)
{
	if ((row->stages & AT(stage)) == 0 || reply->code < row->from ||
	    reply->code > row->to)
		return false;
	if (row->refusal == FULL)
		return reply->is_enhanced && reply->subject == 2 &&
		       reply->detail == 2;
	if (row->refusal == SYSTEM)
		return reply->is_enhanced && reply->subject == 3;
	return row->refusal == ANY || (int)reply->refusal == row->refusal;
}

void verdict_smtp(enum delivery_stage stage, const struct smtp_reply *reply,
                  struct delivery_answer *answer)
{
	const struct smtp_row *row = smtp_rows;

	while (!smtp_row_fits(row, stage, reply))
		row++;
	answer_set(answer, row->event, stage, "%s", reply->text);
	answer->our_fault = row->our_fault;
	answer->code = reply->code;
	if (row->refusal == REFUSAL_IN_DOUBT)
		answer->doubt = doubt_code(reply->subject, reply->detail);
}

/* RFC 8460 section 5.4: any other code "could indicate a delivery failure"
 * and is ours to judge. */
static const struct http_row {
	int from, to;
	enum delivery_event event;
	enum delivery_event with_retry_after;
	const char *words;
} http_rows[] = {
	{200, 299, EVENT_ACCEPTED, EVENT_ACCEPTED, ""},
	/* a redirect could lead anywhere; the rua names the place */
	{300, 399, EVENT_REFUSED, EVENT_REFUSED,
         ", and redirects are not followed"},
	{408, 408, EVENT_TEMPORARY, EVENT_TEMPORARY, ""}, /* request timeout */
	{421, 421, EVENT_TEMPORARY, EVENT_TEMPORARY, ""}, /* misdirected */
	{425, 425, EVENT_TEMPORARY, EVENT_TEMPORARY, ""}, /* too early */
	{429, 429, EVENT_TEMPORARY, EVENT_TEMPORARY, ""}, /* too many */
	{400, 499, EVENT_REFUSED, EVENT_TEMPORARY, ""},
	{0, 999, EVENT_TEMPORARY, EVENT_TEMPORARY, ""},
};

void verdict_http(int status, const char *said, bool comes_again,
                  struct delivery_answer *answer)
{
	const struct http_row *row = http_rows;

	while (status < row->from || status > row->to)
		row++;
	answer_set(answer, comes_again ? row->with_retry_after : row->event,
	           STAGE_HTTP, "HTTP %d%s%s%s", status, *said ? " " : "", said,
	           row->words);
	answer->code = status;
}

static const struct exit_row {
	int status;
	enum delivery_event event;
	bool our_fault;
	const char *words;
} exit_rows[] = {
	{EX_OK, EVENT_ACCEPTED, false, "accepted"},
	{EX_TEMPFAIL, EVENT_TEMPORARY, false, "not now"},
	{EX_DATAERR, EVENT_TEMPORARY, true, "it rejected the message data"},
	{EX_NOUSER, EVENT_REFUSED, false, "no such user"},
	{EX_NOHOST, EVENT_TEMPORARY, true, "no such host"},
	{EX_PROTOCOL, EVENT_TEMPORARY, true, "mail server unavailable"},
	{EX_USAGE, EVENT_TEMPORARY, true, "it rejected its arguments"},
	{EX_NOINPUT, EVENT_TEMPORARY, true, "it could not read the message"},
	{EX_UNAVAILABLE, EVENT_TEMPORARY, true, "unavailable"},
	{EX_SOFTWARE, EVENT_TEMPORARY, true, "internal error"},
	{EX_OSERR, EVENT_TEMPORARY, true, "system error"},
	{EX_OSFILE, EVENT_TEMPORARY, true, "a system file is missing"},
	{EX_CANTCREAT, EVENT_TEMPORARY, true, "it could not write"},
	{EX_IOERR, EVENT_TEMPORARY, true, "input or output error"},
	{EX_NOPERM, EVENT_TEMPORARY, true, "permission denied"},
	{EX_CONFIG, EVENT_TEMPORARY, true, "configuration error"},
	{127, EVENT_TEMPORARY, true, "it could not be started"},
};
static const struct exit_row exit_other = {
	0,
	EVENT_TEMPORARY,
	true,
	"an unknown exit status",
};

static const struct exit_row *exit_row(int status)
{
	for (size_t i = 0; i < sizeof(exit_rows) / sizeof(exit_rows[0]); i++)
		if (exit_rows[i].status == status)
			return &exit_rows[i];
	return &exit_other;
}

/* What a reply in the program's words says; false: there is none, or nothing
 * that the exit status does not. */
static bool judge_quoted(struct span said, struct delivery_answer *answer)
{
	static const struct {
		enum refusal_kind kind;
		enum delivery_event event;
		bool our_fault;
	} kinds[] = {
		{REFUSAL_NO_SUCH_ADDRESS, EVENT_BAD_ADDRESS, false},
		{REFUSAL_IN_DOUBT, EVENT_REFUSED, false},
		{REFUSAL_PASSING, EVENT_TEMPORARY, false},
		{REFUSAL_OURS, EVENT_TEMPORARY, true},
	};
	struct refusal refusal;

	refusal_read(said, NULL, &refusal);
	answer->doubt = 0;
	if (refusal.reply / 100 == 4) {
		answer->event = EVENT_TEMPORARY;
		answer->our_fault = false;
		return true;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind != refusal.kind || refusal.reply == 0)
			continue;
		answer->event = kinds[i].event;
		answer->our_fault = kinds[i].our_fault;
		if (refusal.kind == REFUSAL_IN_DOUBT)
			answer->doubt = doubt_code(refusal.status[1],
			                           refusal.status[2]);
		return true;
	}
	return false;
}

void verdict_exit(int status, struct span said, struct delivery_answer *answer)
{
	const struct exit_row *row;
	char words[sizeof(answer->text) - 48];

	program_words(said, words, sizeof(words));
	if (!WIFEXITED(status)) {
		/* it may have queued the message before it was killed */
		answer_set(answer, EVENT_UNCERTAIN, STAGE_LOCAL,
		           "sendmail was terminated by signal %d%s%s",
		           WTERMSIG(status), *words ? ": " : "", words);
		answer->our_fault = true;
		return;
	}
	row = exit_row(WEXITSTATUS(status));
	answer_set(answer, row->event, STAGE_LOCAL, "sendmail: %s%s%s",
	           row->words, *words ? ": " : "", words);
	answer->code = WEXITSTATUS(status);
	if (row->event == EVENT_ACCEPTED || judge_quoted(said, answer))
		return;
	answer->our_fault = row->our_fault;
	/* "no such user" without a reply that says so, too */
	answer->doubt = row->status == EX_NOUSER ? doubt_code(1, 0) : 0;
}
