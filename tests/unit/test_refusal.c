#include "unit/test.h"

#include "reply/refusal.h"

/* What was said, as an answer to RCPT or as a Diagnostic-Code; Status beside
 * it, "" when there is none. */
static const struct row {
	const char *name, *text, *beside;
	enum refusal_kind want;
	int reply;
	int status[3];
} rows[] = {
	/* beyond doubt */
	{"Postfix",
         "550 5.1.1 <dmarc@b.example>: Recipient address rejected: User "
         "unknown in local recipient table",
         "",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},
	{"Gmail",
         "550-5.1.1 The email account that you tried to reach does not exist. "
         "Please try\r\n550-5.1.1 double-checking the recipient's email "
         "address for typos or\r\n550 5.1.1 unnecessary spaces. - gsmtp\r\n",
         "",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},
	{"Exchange Online",
         "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found "
         "by SMTP address lookup",
         "5.1.10",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 10}},
	{"null MX",
         "556 5.1.10 null MX",
         "",
         REFUSAL_NO_SUCH_ADDRESS,
         556,
         {5, 1, 10}},
	{"it has moved",
         "551 5.1.6 moved",
         "",
         REFUSAL_NO_SUCH_ADDRESS,
         551,
         {5, 1, 6}},
	{"qmail: the code at the end",
         "550 sorry, no mailbox here by that name. (#5.1.1)",
         "",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},
	{"only in the last line",
         "550-sorry\r\n550 5.1.1 nobody here\r\n",
         "",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},
	{"a host said it",
         "X-Postfix; host mx.b.example[192.0.2.1] said: 550 5.1.1 <a@b>: who?",
         "5.1.1",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},
	{"an IronPort in between",
         "smtp; 5.1.0 - Unknown address error 550-'5.1.1 <a@b>... User "
         "unknown' (delivery attempts: 0)",
         "5.1.0",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},
	{"Exim's Status says nothing",
         "smtp; 550 5.1.1 <a@b>: User unknown in virtual mailbox table",
         "5.0.0",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},
	{"a Status alone", "", "5.1.1", REFUSAL_NO_SUCH_ADDRESS, 0, {5, 1, 1}},
	{"a Status, and a reply whose words say it",
         "SMTP; 550 <a@b>... User unknown",
         "5.1.1",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},
	{"a Status, and a reply without a subject",
         "smtp; 550 5.0.0 who",
         "5.1.2",
         REFUSAL_IN_DOUBT,
         550,
         {5, 1, 2}},
	{"the local part is a word",
         "550 5.1.1 <spam>: User unknown",
         "",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},
	{"a quoted one",
         "X-Postfix; unknown user: \"dmarc\"",
         "5.1.1",
         REFUSAL_NO_SUCH_ADDRESS,
         0,
         {5, 1, 1}},
	{"a host's name is a word",
         "550 5.1.1 no such user - spam.filter.b.example",
         "",
         REFUSAL_NO_SUCH_ADDRESS,
         550,
         {5, 1, 1}},

	/* in doubt */
	{"disabled",
         "550 5.2.1 The email account is disabled.",
         "",
         REFUSAL_IN_DOUBT,
         550,
         {5, 2, 1}},
	{"Cisco ESA",
         "550 #5.1.0 Address rejected.",
         "",
         REFUSAL_IN_DOUBT,
         550,
         {5, 1, 0}},
	{"Cisco ESA in a bounce",
         "smtp; 550 #5.1.0 Address rejected.",
         "5.1.0",
         REFUSAL_IN_DOUBT,
         550,
         {5, 1, 0}},
	{"Exchange about somebody else's answer",
         "smtp;550 5.1.351 Remote server returned unknown recipient or "
         "mailbox unavailable -> 550 User unknown",
         "5.1.351",
         REFUSAL_IN_DOUBT,
         550,
         {5, 1, 351}},
	{"sendmail's Status of any 550",
         "SMTP; 550 we do not like it",
         "5.1.1",
         REFUSAL_IN_DOUBT,
         550,
         {5, 1, 1}},
	{"what a local program said",
         "x-unix; procmail: Couldn't create \"/var/spool/mail/a\" id: No such "
         "user",
         "5.1.1",
         REFUSAL_IN_DOUBT,
         0,
         {5, 1, 1}},
	{"reply and Status of two minds",
         "smtp; 550 5.1.1 who?",
         "5.4.4",
         REFUSAL_IN_DOUBT,
         550,
         {5, 1, 1}},
	{"the reply of two minds",
         "550-5.1.1 who?\r\n550 5.5.1 what?\r\n",
         "",
         REFUSAL_IN_DOUBT,
         550,
         {5, 1, 1}},

	/* it passes */
	{"Gmail: rate",
         "550-5.2.1 The user you are trying to contact is receiving mail at a "
         "rate that\r\n550-5.2.1 prevents additional messages from being "
         "delivered.\r\n550 5.2.1 https://support.example/?p=x\r\n",
         "",
         REFUSAL_PASSING,
         550,
         {5, 2, 1}},
	{"the same, folded in a bounce",
         "smtp; 550-5.2.1 The user you are trying to contact is receiving mail "
         "at a rate that 550-5.2.1 prevents additional messages",
         "5.2.1",
         REFUSAL_PASSING,
         550,
         {5, 2, 1}},
	{"GoDaddy: rate",
         "smtp; 550 5.1.1 <a@b> - 192.0.2.0 has sent to too many recipients "
         "this hour. IB607 <http://x.example/rlbounce>",
         "5.1.1",
         REFUSAL_PASSING,
         550,
         {5, 1, 1}},
	{"full", "552 5.2.2 Mailbox full", "", REFUSAL_PASSING, 552, {5, 2, 2}},
	{"full without a code",
         "550 mailbox is full",
         "",
         REFUSAL_PASSING,
         550,
         {5, 0, 0}},
	{"full, and another Status",
         "smtp; 552 5.2.2 Over quota",
         "5.1.1",
         REFUSAL_PASSING,
         552,
         {5, 2, 2}},
	{"full by the reply alone",
         "552 5.1.1 no",
         "",
         REFUSAL_PASSING,
         552,
         {5, 1, 1}},
	{"try later",
         "550 5.1.1 user unavailable, please try again later",
         "",
         REFUSAL_PASSING,
         550,
         {5, 1, 1}},
	{"temporarily",
         "550 5.2.1 temporarily disabled",
         "",
         REFUSAL_PASSING,
         550,
         {5, 2, 1}},

	/* it is ours */
	{"Charter: the sender",
         "550 5.1.0 <us@sender.example> sender rejected. Please see "
         "https://www.b.example/support for more information. AUP#In-1310",
         "",
         REFUSAL_OURS,
         550,
         {5, 1, 0}},
	{"the sender's domain",
         "550 5.1.8 domain not found",
         "",
         REFUSAL_OURS,
         550,
         {5, 1, 8}},
	{"the sender's mailbox",
         "553 5.1.7 bad",
         "",
         REFUSAL_OURS,
         553,
         {5, 1, 7}},
	{"policy", "554 5.7.1 no", "", REFUSAL_OURS, 554, {5, 7, 1}},
	{"policy, and another Status",
         "smtp; 550 5.7.1 IP address blacklisted",
         "5.1.1",
         REFUSAL_OURS,
         550,
         {5, 7, 1}},
	{"another reply, and policy by Status",
         "smtp; 550 5.1.1 no",
         "5.7.1",
         REFUSAL_OURS,
         550,
         {5, 1, 1}},
	{"SPF under 5.1.0",
         "550 5.1.0 192.0.2.222 is not allowed to send from <a.example> per "
         "its SPF Record.",
         "",
         REFUSAL_OURS,
         550,
         {5, 1, 0}},
	{"Exim: after MAIL",
         "host mx.b.example [192.0.2.2] SMTP error from remote mail server "
         "after MAIL FROM:<us@a.example> SIZE=10: 553 5.1.0 a.example does not "
         "exist",
         "",
         REFUSAL_OURS,
         553,
         {5, 1, 0}},
	{"a list of networks",
         "550-5.1.0 MailFrom domain is listed in Spamhaus.",
         "",
         REFUSAL_OURS,
         550,
         {5, 1, 0}},
	{"only an URL says it",
         "SMTP; 553 http://www.spamhaus.example/query/bl?ip=192.0.2.222",
         "5.1.3",
         REFUSAL_OURS,
         553,
         {5, 1, 3}},
	{"its domain, of which DNS may know tomorrow",
         "550 5.1.2 <a@b.example>... Host unknown (Name server: b.example: "
         "host not found)",
         "",
         REFUSAL_IN_DOUBT,
         550,
         {5, 1, 2}},
	{"their preferences",
         "550 5.1.1 Refused due to recipient preferences",
         "",
         REFUSAL_OURS,
         550,
         {5, 1, 1}},
	{"spam",
         "550 5.1.1 message looks like spam",
         "",
         REFUSAL_OURS,
         550,
         {5, 1, 1}},
	{"a relay",
         "550 5.1.2 Relaying denied",
         "",
         REFUSAL_OURS,
         550,
         {5, 1, 2}},
	{"without a code",
         "554 Blocked - see https://b.example/",
         "",
         REFUSAL_OURS,
         554,
         {5, 0, 0}},

	/* other */
	{"no words for it", "550 no", "", REFUSAL_OTHER, 550, {5, 0, 0}},
	{"Yahoo: words alone are no proof",
         "554 delivery error: dd This user doesn't have a b.example account",
         "",
         REFUSAL_OTHER,
         554,
         {5, 0, 0}},
	{"routing, whatever it says",
         "550 5.4.1 Recipient address rejected: Access denied.",
         "",
         REFUSAL_OTHER,
         550,
         {5, 4, 1}},
	{"given up",
         "450 4.1.1 <a@b>: unknown",
         "5.1.1",
         REFUSAL_OTHER,
         450,
         {4, 1, 1}},
	{"Amazon SES: expired",
         "smtp; 554 4.4.7 Message expired: unable to deliver in 840 "
         "minutes.<421 4.4.2 Connection timed out>",
         "4.4.7",
         REFUSAL_OTHER,
         554,
         {4, 4, 7}},
	{"an IP address is no code",
         "554 5.1.1.3 is no friend",
         "",
         REFUSAL_OTHER,
         554,
         {5, 0, 0}},
	{"a version is no code",
         "554 by mailer v5.1.1",
         "",
         REFUSAL_OTHER,
         554,
         {5, 0, 0}},
	{"a code in the middle of a text is none",
         "554 see paragraph 5.1.1 of our terms",
         "",
         REFUSAL_OTHER,
         554,
         {5, 0, 0}},
	{"nothing", "", "", REFUSAL_OTHER, 0, {0, 0, 0}},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct refusal got;
		int beside[3] = {0};

		ROW(row);
		if (row->beside[0] != '\0')
			assert_true(refusal_status_here(span_of(row->beside),
			                                beside));
		refusal_read(span_of(row->text), beside, &got);
		assert_int_equal(got.kind, row->want);
		assert_int_equal(got.reply, row->reply);
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(got.status[j], row->status[j]);
	}
}

/* In an answer to RCPT and in a bounce that quotes it. */
static void test_alike(void **state)
{
	static const char *const replies[] = {
		"550 #5.1.0 Address rejected.",
		"550 5.1.1 <a@b>: User unknown",
		"550 sorry, no mailbox here by that name (#5.1.1)",
		"550-5.2.1 receiving mail at a rate that\r\n550 5.2.1 prevents",
		"550 5.1.0 sender rejected",
		"550 5.4.1 no route",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(replies); i++) {
		char quoted[200];
		struct refusal answer, bounce;

		snprintf(quoted, sizeof(quoted), "smtp; %s", replies[i]);
		for (char *c = quoted; *c != '\0'; c++)
			if (*c == '\r' || *c == '\n')
				*c = ' ';
		refusal_read(span_of(replies[i]), NULL, &answer);
		refusal_read(span_of(quoted), NULL, &bounce);
		assert_memory_equal(&answer, &bounce, sizeof(answer));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
