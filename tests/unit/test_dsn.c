#include "unit/test.h"

#include <pthread.h>

#include "base/auto.h"
#include "base/strbuf.h"
#include "inmail/dsn.h"
#include "inmail/dsn_kept.h"

#define HEAD                                                                   \
	"Return-Path: <>\r\n"                                                  \
	"From: MAILER-DAEMON@mx.example.com (Mail Delivery System)\r\n"        \
	"To: tlsrpt@sender.example\r\n"                                        \
	"Subject: Undelivered Mail Returned to Sender\r\n"                     \
	"MIME-Version: 1.0\r\n"
#define TEXT                                                                   \
	"--b\r\nContent-Type: text/plain\r\n\r\n"                              \
	"I'm sorry to have to inform you. Status: 5.9.9\r\n\r\n"
#define RETURNED                                                               \
	"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"                      \
	"From: tlsrpt@sender.example\r\nSubject: Report Domain: a\r\n\r\n"     \
	"report\r\n--b--\r\n"
#define AS(type, part_head, fields)                                            \
	HEAD "Content-Type: " type "; boundary=\"b\"\r\n\r\n" TEXT             \
	     "--b\r\n" part_head "\r\n" fields RETURNED
#define REPORT_TYPE "multipart/report; report-type=delivery-status"
#define STATUS_TYPE "Content-Type: message/delivery-status\r\n"
#define REPORT(fields) AS(REPORT_TYPE, STATUS_TYPE, fields)
#define MTA "Reporting-MTA: dns; mx.example.com\r\n"
#define TO "Final-Recipient: rfc822; tls@example.com\r\n"
#define FAILED TO "Action: failed\r\n"

struct want {
	const char *address;
	enum dsn_action action;
	int status[3];
	const char *diagnostic;
};

static void check_recipient(const struct dsn_recipient *got,
                            const struct want *want)
{
	assert_string_equal(got->address, want->address);
	assert_int_equal(got->action, want->action);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(got->status[i], want->status[i]);
	assert_string_equal(got->diagnostic,
	                    want->diagnostic != NULL ? want->diagnostic : "");
}

/* clang-format off */
static const struct {
	const char *name, *message;
	struct want want[3]; /* up to one without an address */
} good[] = {
	{"a bounce of Postfix",
	 REPORT(MTA
		"X-Postfix-Queue-ID: 4XyZ1234\r\n"
		"X-Postfix-Sender: rfc822; tlsrpt@sender.example\r\n"
		"Arrival-Date: Wed,  1 Apr 2026 00:10:00 +0000 (UTC)\r\n\r\n"
		TO "Original-Recipient: rfc822;alias@example.com\r\n"
		"Action: failed\r\nStatus: 5.1.1\r\n"
		"Remote-MTA: dns; in.example.com\r\n"
		"Diagnostic-Code: smtp; 550 5.1.1 <tls@example.com>:\r\n"
		"    Recipient address rejected:\r\n\tUser unknown\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1},
	   "smtp; 550 5.1.1 <tls@example.com>: Recipient address rejected: "
	   "User unknown"}}},
	{"a delay warning of Postfix",
	 REPORT(MTA "\r\n" TO "Action: delayed\r\nStatus: 4.4.1\r\n"
		"Diagnostic-Code: X-Postfix; connect to a[192.0.2.1]:25: "
		"Connection timed out\r\n"
		"Will-Retry-Until: Mon,  6 Apr 2026 00:10:00 +0000 (UTC)\r\n"),
	 {{"tls@example.com", DSN_DELAYED, {4, 4, 1},
	   "X-Postfix; connect to a[192.0.2.1]:25: Connection timed out"}}},
	{"Exchange Online",
	 REPORT("Reporting-MTA: dns;AM0PR01MB1234.eurprd01.prod.exchange"
		"labs.com\r\n"
		"Received-From-MTA: dns;sender.example\r\n\r\n"
		"Final-Recipient: rfc822;tls@example.com\r\n"
		"Action: failed\r\nStatus: 5.1.10\r\n"
		"Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR."
		"RecipientNotFound; Recipient not found by SMTP lookup\r\n"
		"X-Display-Name: tls\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 10},
	   "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not "
	   "found by SMTP lookup"}}},
	{"Gmail",
	 REPORT("Reporting-MTA: dns; googlemail.com\r\n"
		"X-Original-Message-ID: <a@sender.example>\r\n\r\n" FAILED
		"Status: 5.2.1\r\nRemote-MTA: dns; mx. (192.0.2.1, the server "
		"for the domain example.com.)\r\n"
		"Diagnostic-Code: smtp; 550-5.2.1 The email account is\r\n"
		" 550 5.2.1 disabled.\r\n"
		"Last-Attempt-Date: Wed, 01 Apr 2026 00:10:00 -0700 (PDT)\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 2, 1},
	   "smtp; 550-5.2.1 The email account is 550 5.2.1 disabled."}}},
	{"Sendmail: capitals and no space",
	 REPORT("Reporting-MTA: dns; mx.example.com\r\n\r\n"
		"Original-Recipient: rfc822;alias@example.com\r\n"
		"Final-Recipient: RFC822; tls@example.com\r\n"
		"Action: FAILED\r\nStatus: 5.7.1\r\n"
		"Diagnostic-Code: SMTP; 550 5.7.1 denied\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 7, 1},
	   "SMTP; 550 5.7.1 denied"}}},
	{"Exim",
	 REPORT("Reporting-MTA: dns; mx.example.com\r\n\r\n"
		"Action: failed\r\nFinal-Recipient: rfc822;tls@example.com\r\n"
		"Status: 5.0.0\r\nRemote-MTA: dns; in.example.com\r\n"
		"Diagnostic-Code: smtp; 550 no such user\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 0, 0},
	   "smtp; 550 no such user"}}},
	{"Exim: Action first in each block",
	 REPORT("Action: failed\r\nFinal-Recipient: rfc822;a@example.com\r\n"
		"Status: 5.0.0\r\n\r\n"
		"Action: delayed\r\nFinal-Recipient: rfc822;b@example.com\r\n"
		"Status: 4.0.0\r\n"),
	 {{"a@example.com", DSN_FAILED, {5, 0, 0}, NULL},
	  {"b@example.com", DSN_DELAYED, {4, 0, 0}, NULL}}},
	{"the status in base64",
	 AS(REPORT_TYPE, STATUS_TYPE "Content-Transfer-Encoding: base64\r\n",
	    "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IHRsc0BleGFtcGxlLmNvbQ0KQWN0aW9u\r\n"
	    "OiBmYWlsZWQNClN0YXR1czogNS4xLjENCg==\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"the status in quoted-printable",
	 AS(REPORT_TYPE,
	    STATUS_TYPE "Content-Transfer-Encoding: quoted-printable\r\n",
	    "Final-Recipient: rfc822; tls=40example.c=\r\nom\r\n"
	    "Action: failed\r\nStatus: 5=2E1.1\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"LF alone",
	 "Content-Type: multipart/report; boundary=b\n\n--b\n\nhello\n\n--b\n"
	 "Content-Type: message/delivery-status\n\n"
	 "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@example.com\n"
	 "Action: failed\nStatus: 5.1.1\n\n"
	 "Final-Recipient: rfc822; b@example.com\nAction: failed\n"
	 "Status: 5.2.2\n--b--\n",
	 {{"a@example.com", DSN_FAILED, {5, 1, 1}, NULL},
	  {"b@example.com", DSN_FAILED, {5, 2, 2}, NULL}}},
	{"no empty line anywhere",
	 REPORT(MTA FAILED "Status: 5.1.1\r\n"
		"Final-Recipient: rfc822; b@example.com\r\n"
		"Action: delayed\r\nStatus: 4.2.2\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL},
	  {"b@example.com", DSN_DELAYED, {4, 2, 2}, NULL}}},
	{"no empty line, Original-Recipient first",
	 REPORT(MTA "Original-Recipient: rfc822;x@example.com\r\n" FAILED
		"Original-Recipient: rfc822;y@example.com\r\n"
		"Final-Recipient: rfc822;b@example.com\r\nStatus: 5.1.2\r\n"),
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, NULL},
	  {"b@example.com", DSN_FAILED, {5, 1, 2}, NULL}}},
	{"empty lines within a block",
	 REPORT(MTA "\r\n" TO "\r\nAction: failed\r\n\r\nStatus: 5.1.1\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"the first of a repeated field counts",
	 REPORT(FAILED "Action: delayed\r\nStatus: 5.1.1\r\n"
		"Status: 4.0.0\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"Action: relayed", REPORT(TO "Action: relayed\r\nStatus: 2.0.0\r\n"),
	 {{"tls@example.com", DSN_OTHER, {2, 0, 0}, NULL}}},
	{"Action: expanded", REPORT(TO "Action: expanded\r\nStatus: 2.0.0\r\n"),
	 {{"tls@example.com", DSN_OTHER, {2, 0, 0}, NULL}}},
	{"Action: delivered", REPORT(TO "Action: delivered (ok)\r\n"),
	 {{"tls@example.com", DSN_OTHER, {0, 0, 0}, NULL}}},
	{"a comment before the action",
	 REPORT(TO "Action: (not (so) \\) delayed) Failed\r\nStatus: 5.1.1\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"no Action, Status 5", REPORT(TO "Status: 5.1.1\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"no Action, Status 4", REPORT(TO "Status: 4.1.1\r\n"),
	 {{"tls@example.com", DSN_DELAYED, {4, 1, 1}, NULL}}},
	{"Status with a comment",
	 REPORT(FAILED "Status: 5.1.1 (bad destination 4.4.4)\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"Status after a comment",
	 REPORT(FAILED "Status: (4.4.4) 5.1.1\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"Status with text",
	 REPORT(FAILED "status : 5.2.2 Mailbox full.\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 2, 2}, NULL}}},
	{"no Status: the enhanced code of the reply",
	 REPORT(FAILED "Diagnostic-Code: smtp; 550 #5.1.1 who?\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, "smtp; 550 #5.1.1 who?"}}},
	{"no Status: the reply",
	 REPORT(FAILED "Diagnostic-Code: smtp; 554 go away\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 0, 0}, "smtp; 554 go away"}}},
	{"no Status: a reply told by a host",
	 REPORT(FAILED "Diagnostic-Code: X; mx said: 451 later\r\n"),
	 {{"tls@example.com", DSN_FAILED, {4, 0, 0}, "X; mx said: 451 later"}}},
	{"no Status: an IP address is none",
	 REPORT(FAILED "Diagnostic-Code: smtp; 550 5.1.2.3 listed\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 0, 0},
	   "smtp; 550 5.1.2.3 listed"}}},
	{"no Status: a code of another class than the reply's",
	 REPORT(FAILED "Diagnostic-Code: smtp; 550 of mailer 4.2.1\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 0, 0},
	   "smtp; 550 of mailer 4.2.1"}}},
	{"a Status that is none",
	 REPORT(FAILED "Status: 5.1\r\n"),
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, NULL}}},
	{"a Status of four digits",
	 REPORT(FAILED "Status: 5.1.1234\r\n"),
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, NULL}}},
	{"global-delivery-status",
	 AS("multipart/report; report-type=global-delivery-status",
	    "Content-Type: message/global-delivery-status\r\n",
	    "Final-Recipient: utf-8; j\xc3\xbcrgen@example.com\r\n"
	    "Action: failed\r\nStatus: 5.1.1\r\n"),
	 {{"j\xc3\xbcrgen@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"no report-type",
	 AS("multipart/report", STATUS_TYPE, FAILED),
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, NULL}}},
	{"in a multipart/mixed", AS("multipart/mixed", STATUS_TYPE, FAILED),
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, NULL}}},
	{"types in capitals",
	 AS("MULTIPART/REPORT", "content-TYPE: Message/Delivery-STATUS\r\n",
	    FAILED),
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, NULL}}},
	{"the report in a mailing list's multipart/mixed",
	 HEAD "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n"
	 "Content-Type: multipart/report; boundary=\"b\"\r\n\r\n" TEXT
	 "--b\r\n" STATUS_TYPE "\r\n" FAILED RETURNED "\r\n--o--\r\n",
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, NULL}}},
	{"the whole message is the status",
	 HEAD STATUS_TYPE "\r\n" MTA "\r\n" FAILED "Status: 5.1.1\r\n",
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"the message ends within the status",
	 HEAD "Content-Type: " REPORT_TYPE "; boundary=\"b\"\r\n\r\n" TEXT
	 "--b\r\n" STATUS_TYPE "\r\n" FAILED "Status: 5.1.1",
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}}},
	{"brackets around the address",
	 REPORT("Final-Recipient: rfc822 ; <tls@example.com>\r\n"),
	 {{"tls@example.com", DSN_OTHER, {0, 0, 0}, NULL}}},
	{"no type before the address",
	 REPORT("Final-Recipient: tls@example.com\r\n"),
	 {{"tls@example.com", DSN_OTHER, {0, 0, 0}, NULL}}},
	{"Original-Recipient alone",
	 REPORT("Original-Recipient: rfc822;tls@example.com\r\n"),
	 {{"tls@example.com", DSN_OTHER, {0, 0, 0}, NULL}}},
	{"Original-Recipient where Final-Recipient is empty",
	 REPORT("Original-Recipient: rfc822;tls@example.com\r\n"
		"Final-Recipient: rfc822;\r\n"),
	 {{"tls@example.com", DSN_OTHER, {0, 0, 0}, NULL}}},
	{"control characters and bytes that are no UTF-8",
	 REPORT(TO "Diagnostic-Code: smtp;\x1b[31m a\xff" "b\r\n"),
	 {{"tls@example.com", DSN_OTHER, {0, 0, 0},
	   "smtp;[31m a\xef\xbf\xbd" "b"}}},
	{"an address that cannot be printed is left out",
	 REPORT("Final-Recipient: rfc822; a\x1b@example.com\r\n"
		"Action: failed\r\n\r\n" TO),
	 {{"tls@example.com", DSN_OTHER, {0, 0, 0}, NULL}}},
};
/* With what each says about the address. */
static const struct judged {
	const char *name, *message;
	struct want want[3];
	enum refusal_kind refusal[2];
} judged[] = {
	{"Amazon SES: Action before the recipient, behind a group of its own",
	 REPORT(MTA "\r\nAction: failed\r\n" TO
		"Diagnostic-Code: smtp; 554 4.4.7 Message expired\r\n"
		"Status: 4.4.7\r\n"),
	 {{"tls@example.com", DSN_FAILED, {4, 4, 7},
	   "smtp; 554 4.4.7 Message expired"}},
	 {REFUSAL_OTHER}},
	{"Exim behind a group of its own; its Status says nothing",
	 REPORT(MTA "\r\nAction: failed\r\n"
		"Final-Recipient: rfc822;tls@example.com\r\n"
		"Status: 5.0.0\r\nRemote-MTA: dns; in.example.com\r\n"
		"Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1},
	   "smtp; 550 5.1.1 User unknown"}},
	 {REFUSAL_NO_SUCH_ADDRESS}},
	{"Status first, several recipients",
	 REPORT(MTA "\r\nStatus: 5.1.1\r\nAction: failed\r\n"
		"Final-Recipient: rfc822;a@example.com\r\n\r\n"
		"Status: 4.4.1\r\nAction: delayed\r\n"
		"Final-Recipient: rfc822;b@example.com\r\n"),
	 {{"a@example.com", DSN_FAILED, {5, 1, 1}, NULL},
	  {"b@example.com", DSN_DELAYED, {4, 4, 1}, NULL}},
	 {REFUSAL_NO_SUCH_ADDRESS, REFUSAL_OTHER}},
	{"Action first, and no empty line between recipients",
	 REPORT(MTA "Action: failed\r\nFinal-Recipient: rfc822;a@example.com"
		"\r\nStatus: 5.1.1\r\nAction: delayed\r\n"
		"Final-Recipient: rfc822;b@example.com\r\nStatus: 4.4.1\r\n"),
	 {{"a@example.com", DSN_FAILED, {5, 1, 1}, NULL},
	  {"b@example.com", DSN_DELAYED, {4, 4, 1}, NULL}},
	 {REFUSAL_NO_SUCH_ADDRESS, REFUSAL_OTHER}},
	{"Action first, and an empty line behind it",
	 REPORT("Action: failed\r\n\r\n" TO "Status: 5.1.1\r\n\r\n"
		"Action: delayed\r\n\r\n"
		"Final-Recipient: rfc822;b@example.com\r\nStatus: 4.4.1\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL},
	  {"b@example.com", DSN_DELAYED, {4, 4, 1}, NULL}},
	 {REFUSAL_NO_SUCH_ADDRESS, REFUSAL_OTHER}},
	{"one that lacks its Action does not take the next one's",
	 REPORT(TO "Status: 4.1.1\r\n\r\nAction: failed\r\n"
		"Final-Recipient: rfc822;b@example.com\r\nStatus: 5.4.1\r\n"),
	 {{"tls@example.com", DSN_DELAYED, {4, 1, 1}, NULL},
	  {"b@example.com", DSN_FAILED, {5, 4, 1}, NULL}},
	 {REFUSAL_OTHER, REFUSAL_OTHER}},
	{"Messaging Server: Diagnostic-code last",
	 REPORT(MTA "\r\nOriginal-recipient: rfc822;tls@example.com\r\n"
		"Final-recipient: rfc822;tls@example.com\r\nAction: failed\r\n"
		"Status: 5.1.1 (Remote SMTP server has rejected address)\r\n"
		"Remote-MTA: dns;mx.example.com\r\n (TCP|192.0.2.1|25)\r\n"
		"Diagnostic-code: smtp; 550 5.1.1 User unknown\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1},
	   "smtp; 550 5.1.1 User unknown"}},
	 {REFUSAL_NO_SUCH_ADDRESS}},
	{"SendGrid: expired, and an empty Status",
	 REPORT(MTA "Arrival-Date: 2026-10-01\r\n\r\n" TO
		"Original-Recipient: rfc822; tls@example.com\r\n"
		"Action: expired\r\nStatus: \r\n"
		"Diagnostic-Code: Connection timed out\r\n"),
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, "Connection timed out"}},
	 {REFUSAL_PASSING}},
	{"the reply contradicts the Status",
	 REPORT(FAILED "Status: 5.1.1\r\n"
		"Diagnostic-Code: smtp; 552 5.2.2 Over quota\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 2, 2},
	   "smtp; 552 5.2.2 Over quota"}},
	 {REFUSAL_PASSING}},
	{"the words for people do: a full mailbox",
	 HEAD "Content-Type: " REPORT_TYPE "; boundary=\"b\"\r\n\r\n"
	 "--b\r\n\r\nYour message to <tls> was automatically rejected:\r\n"
	 "Not enough disk space\r\n--b\r\n" STATUS_TYPE "\r\n" FAILED
	 "Status: 5.1.1\r\n--b--\r\n",
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, NULL}},
	 {REFUSAL_PASSING}},
	{"Google: an empty status, and X-Failed-Recipients",
	 "X-Failed-Recipients: tls@example.com\r\n" REPORT("\r\n"),
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, NULL}},
	 {REFUSAL_OTHER}},
	{"a status counts before X-Failed-Recipients",
	 "X-Failed-Recipients: other@example.com\r\n"
	 REPORT(FAILED "Status: 5.7.1\r\n"),
	 {{"tls@example.com", DSN_FAILED, {5, 7, 1}, NULL}},
	 {REFUSAL_OURS}},
	{"Exim before 4.85: plain text",
	 "X-Failed-Recipients: tls@example.com,\r\n  b@example.com\r\n" HEAD
	 "\r\nThis message was created automatically.\r\n\r\n"
	 "A message that you sent could not be delivered to all of its\r\n"
	 "recipients. The following address(es) failed:\r\n\r\n"
	 "  tls@example.com:\r\n"
	 "    SMTP error from remote mailer after RCPT TO:\r\n"
	 "    <tls@example.com>:\r\n    host mx.example.com [192.0.2.82]:\r\n"
	 "    553 5.1.1 unknown or illegal user:\r\n    tls@example.com\r\n"
	 "  b@example.com\r\n"
	 "    mailbox is full: 552 5.2.2\r\n\r\n"
	 "------ This is a copy of the message. ------\r\n\r\n"
	 "From: us@sender.example\r\n\r\n550 5.7.1 in the report\r\n",
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1},
	   "SMTP error from remote mailer after RCPT TO: <tls@example.com>: "
	   "host mx.example.com [192.0.2.82]: 553 5.1.1 unknown or illegal user:"},
	  {"b@example.com", DSN_FAILED, {5, 2, 2},
	   "mailbox is full: 552 5.2.2"}},
	 {REFUSAL_NO_SUCH_ADDRESS, REFUSAL_PASSING}},
	{"Google: the answer comes some paragraphs later",
	 "X-Failed-Recipients: tls@example.com\r\n" HEAD
	 "\r\nDelivery to the following recipient failed permanently:\r\n\r\n"
	 "     tls@example.com\r\n\r\n"
	 "Technical details of permanent failure:\r\n"
	 "Google tried to deliver your message.\r\n\r\n"
	 "The error that the other server returned was:\r\n"
	 "550 5.1.1 <tls@example.com>: no such user\r\n\r\n"
	 "----- Original message -----\r\n\r\n550 5.7.1 x\r\n",
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1},
	   "Technical details of permanent failure: Google tried to deliver your "
	   "message. The error that the other server returned was: 550 5.1.1 "
	   "<tls@example.com>: no such user"}},
	 {REFUSAL_NO_SUCH_ADDRESS}},
	{"Google: it is delayed, and the header says failed",
	 "X-Failed-Recipients: tls@example.com\r\n" HEAD
	 "\r\n**********************************************\r\n"
	 "**      THIS IS A WARNING MESSAGE ONLY      **\r\n"
	 "**  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\r\n\r\n"
	 "Delivery to the following recipient has been delayed:\r\n\r\n"
	 "     tls@example.com\r\n\r\n"
	 "Message will be retried for 2 more day(s)\r\n\r\n"
	 "----- Original message -----\r\n",
	 {{"tls@example.com", DSN_DELAYED, {0, 0, 0},
	   "Message will be retried for 2 more day(s)"}},
	 {REFUSAL_OTHER}},
	{"what is returned is not the notice",
	 "X-Failed-Recipients: tls@example.com\r\n" HEAD
	 "\r\nIt failed.\r\n\r\n  tls@example.com\r\n    550 5.1.1 who?\r\n"
	 "\r\n------ This is a copy ------\r\n\r\nmail has been delayed\r\n",
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1}, "550 5.1.1 who?"}},
	 {REFUSAL_NO_SUCH_ADDRESS}},
	{"X-Failed-Recipients, and nothing about them",
	 "X-Failed-Recipients: tls@example.com\r\n" HEAD "\r\nSorry.\r\n",
	 {{"tls@example.com", DSN_FAILED, {0, 0, 0}, NULL}},
	 {REFUSAL_OTHER}},
	{"qmail",
	 HEAD "\r\nHi. This is the qmail-send program at mx.example.net.\r\n"
	 "I'm afraid I wasn't able to deliver your message.\r\n\r\n"
	 "<tls@example.com>:\r\n"
	 "Sorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
	 "<b@example.com>:\r\n192.0.2.1 does not like recipient.\r\n"
	 "Remote host said: 550 5.2.2 full\r\nGiving up on 192.0.2.1.\r\n\r\n"
	 "--- Below this line is a copy of the message.\r\n\r\n"
	 "<c@example.com>:\r\nin the report\r\n",
	 {{"tls@example.com", DSN_FAILED, {5, 1, 1},
	   "Sorry, no mailbox here by that name. (#5.1.1)"},
	  {"b@example.com", DSN_FAILED, {5, 2, 2},
	   "192.0.2.1 does not like recipient. Remote host said: 550 5.2.2 full "
	   "Giving up on 192.0.2.1."}},
	 {REFUSAL_NO_SUCH_ADDRESS, REFUSAL_PASSING}},
};
/* clang-format on */

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct dsn dsn;
		struct err err = {0};
		size_t count = 0;

		ROW(&good[i]);
		assert_int_equal(dsn_read(good[i].message,
		                          strlen(good[i].message), &dsn, &err),
		                 0);
		while (good[i].want[count].address != NULL)
			count++;
		assert_int_equal(dsn.count, count);
		for (size_t j = 0; j < count; j++)
			check_recipient(&dsn.recipients[j], &good[i].want[j]);
	}
}

static void test_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(judged); i++) {
		const struct judged *row = &judged[i];
		struct dsn dsn;

		ROW(row);
		assert_int_equal(dsn_read(row->message, strlen(row->message),
		                          &dsn, NULL),
		                 0);
		for (size_t j = 0; j < dsn.count; j++) {
			check_recipient(&dsn.recipients[j], &row->want[j]);
			assert_int_equal(dsn.recipients[j].refusal,
			                 row->refusal[j]);
		}
		assert_null(row->want[dsn.count].address);
	}
}

static void test_bad(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *message;
		int want;
		const char *words;
	} rows[] = {
		{"an auto-reply",
		 HEAD "Auto-Submitted: auto-replied\r\n"
		 "Content-Type: text/plain\r\n\r\nI am on holiday.\r\n"
		 FAILED "Status: 5.1.1\r\n",
		 ERR_NOTFOUND, "no delivery status"},
		{"a person's answer in two forms",
		 HEAD "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
		 TEXT "--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n",
		 ERR_NOTFOUND, "no delivery status"},
		{"a DSN that somebody forwards",
		 HEAD "Content-Type: multipart/mixed; boundary=o\r\n\r\n"
		 "--o\r\n\r\nlook at this\r\n--o\r\n"
		 "Content-Type: message/rfc822\r\n\r\n" REPORT(FAILED)
		 "\r\n--o--\r\n",
		 ERR_NOTFOUND, "no delivery status"},
		{"a DSN as the whole of another message",
		 HEAD "Content-Type: message/rfc822\r\n\r\n" REPORT(FAILED),
		 ERR_NOTFOUND, "no delivery status"},
		{"a disposition notification",
		 AS("multipart/report; report-type=disposition-notification",
		    "Content-Type: message/disposition-notification\r\n", TO),
		 ERR_NOTFOUND, "no delivery status"},
		{"nothing", "", ERR_NOTFOUND, "no delivery status"},
		{"a header alone", HEAD, ERR_NOTFOUND, "no delivery status"},
		{"no recipient", REPORT(MTA "\r\nAction: failed\r\n"),
		 ERR_PARSE, "has no recipient"},
		{"an empty status", REPORT(""), ERR_PARSE,
		 "has no recipient"},
		{"an empty recipient", REPORT("Final-Recipient: rfc822; <>\r\n"),
		 ERR_PARSE, "has no recipient"},
		{"an empty X-Failed-Recipients",
		 "X-Failed-Recipients: , ,\r\n" HEAD "\r\nSorry.\r\n",
		 ERR_NOTFOUND, "no delivery status"},
		{"a person who quotes qmail",
		 HEAD "\r\nLook:\r\nHi. This is the qmail-send program\r\n"
		 "\r\n<tls@example.com>:\r\nno such user (#5.1.1)\r\n",
		 ERR_NOTFOUND, "no delivery status"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dsn dsn;
		struct err err = {0};

		ROW(&rows[i]);
		assert_int_equal(dsn_read(rows[i].message,
		                          strlen(rows[i].message), &dsn, &err),
		                 rows[i].want);
		assert_int_equal(dsn.count, 0);
		assert_non_null(strstr(err.text, rows[i].words));
	}
}

static int read_text(const struct strbuf *text, struct dsn *dsn,
                     struct err *err)
{
	return dsn_read(text->data, text->len, dsn, err);
}

static void test_too_large(void **state)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct dsn dsn;
	struct err err = {0};

	(void)state;
	strbuf_puts(&text, HEAD STATUS_TYPE "\r\n" FAILED);
	while (text.len < 256 * 1024)
		strbuf_putc(&text, 'x');
	assert_int_equal(read_text(&text, &dsn, &err), 0);
	assert_int_equal(dsn.count, 1);
	strbuf_putc(&text, 'x');
	assert_int_equal(read_text(&text, &dsn, &err), ERR_LIMIT);
	assert_non_null(strstr(err.text, "262144 bytes"));
	assert_int_equal(dsn.count, 0);
}

static void put_nested(struct strbuf *text, int depth)
{
	strbuf_reset(text);
	for (int i = 0; i < depth; i++)
		strbuf_printf(text,
		              "Content-Type: multipart/mixed; boundary=%d\r\n"
		              "\r\n--%d\r\n",
		              i, i);
	strbuf_puts(text, STATUS_TYPE "\r\n" FAILED);
}

static void test_nesting(void **state)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct dsn dsn;
	struct err err = {0};

	(void)state;
	put_nested(&text, 8);
	assert_int_equal(read_text(&text, &dsn, &err), 0);
	put_nested(&text, 9);
	assert_int_equal(read_text(&text, &dsn, &err), ERR_LIMIT);
	put_nested(&text, 2000);
	assert_int_equal(read_text(&text, &dsn, &err), ERR_LIMIT);
	assert_non_null(strstr(err.text, "8 levels"));
}

static void test_many_parts(void **state)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct dsn dsn;
	struct err err = {0};

	(void)state;
	strbuf_puts(&text, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (int i = 0; i < 5000; i++)
		strbuf_puts(&text, "--b\r\n\r\nx\r\n");
	strbuf_puts(&text, "--b\r\n" STATUS_TYPE "\r\n" FAILED "--b--\r\n");
	assert_int_equal(read_text(&text, &dsn, &err), ERR_LIMIT);
	assert_non_null(strstr(err.text, "the first 64 parts"));
}

/* Groups of addresses within groups: each was a call deeper in GMime. */
static void test_address_groups(void **state)
{
	static const char *const starts[] = {
		"To: ",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
		"Content-Type: message/rfc822\r\n\r\nFrom: ",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(starts); i++) {
		auto_(strbuf_clear) struct strbuf text = {0};
		struct dsn dsn;

		strbuf_puts(&text, starts[i]);
		while (text.len < 250 * 1024)
			strbuf_puts(&text, text.len % 2 ? "a:" : "b:\r\n ");
		strbuf_puts(&text, "\r\n\r\nhello\r\n");
		assert_int_equal(read_text(&text, &dsn, NULL), ERR_NOTFOUND);
	}
}

static void test_nuls(void **state)
{
	static const char text[] = HEAD STATUS_TYPE
		"\r\n\0\r\n" FAILED
		"Status: 5.1.1\0\r\nDiagnostic-Code: smtp;\0 no\0where\r\n\0";
	struct dsn dsn;

	(void)state;
	assert_int_equal(dsn_read(text, sizeof(text) - 1, &dsn, NULL), 0);
	assert_int_equal(dsn.count, 1);
	check_recipient(&dsn.recipients[0], &(struct want){"tls@example.com",
	                                                   DSN_FAILED,
	                                                   {5, 1, 1},
	                                                   "smtp; no where"});
}

static void test_long_texts(void **state)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct dsn dsn;

	(void)state;
	strbuf_puts(&text, HEAD STATUS_TYPE "\r\nFinal-Recipient: rfc822; ");
	for (int i = 0; i < 256; i++)
		strbuf_putc(&text, 'a');
	strbuf_puts(&text, "\r\n\r\n" TO "Diagnostic-Code: ");
	for (int i = 0; i < 200; i++)
		strbuf_puts(&text, "\xc3\xbc");
	assert_int_equal(read_text(&text, &dsn, NULL), 0);
	/* a cut address would be somebody else's */
	assert_int_equal(dsn.count, 1);
	assert_string_equal(dsn.recipients[0].address, "tls@example.com");
	assert_int_equal(strlen(dsn.recipients[0].diagnostic), 254);
}

static void test_more_recipients_than_are_kept(void **state)
{
	auto_(strbuf_clear) struct strbuf text = {0};
	struct dsn dsn;

	(void)state;
	strbuf_puts(&text, HEAD STATUS_TYPE "\r\n");
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&text, "Final-Recipient: rfc822; %d@a\r\n\r\n",
		              i);
	assert_int_equal(read_text(&text, &dsn, NULL), 0);
	assert_int_equal(dsn.count, DSN_RECIPIENTS_MAX);
	assert_string_equal(dsn.recipients[0].address, "0@a");
	assert_string_equal(dsn.recipients[15].address, "15@a");
}

static void *read_often(void *failures)
{
	size_t *failed = failures;
	struct dsn dsn;

	for (size_t i = 0; i < 200; i++) {
		const char *text = good[i % COUNT(good)].message;

		*failed += dsn_read(text, strlen(text), &dsn, NULL) != 0;
	}
	return NULL;
}

/* Runs first: GMime is begun by whichever thread comes first. */
static void test_threads(void **state)
{
	pthread_t threads[4];
	size_t failures[COUNT(threads)] = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_often,
		                                &failures[i]),
		                 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(failures[i], 0);
	}
}

/* What another host of the fleet gets is what the bounce said. */
static void test_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		auto_(strbuf_clear) struct strbuf first = {0}, again = {0};
		const char *text = good[i].message;
		struct dsn dsn, kept;
		struct err err;

		ROW(&good[i]);
		assert_int_equal(dsn_read(text, strlen(text), &dsn, &err), 0);
		dsn_kept_write(&dsn, &first);
		assert_int_equal(
			dsn_kept_read(strbuf_text(&first), &kept, &err), 0);
		assert_int_equal(kept.count, dsn.count);
		assert_string_equal(kept.recipients[0].diagnostic,
		                    dsn.recipients[0].diagnostic);
		assert_int_equal(kept.recipients[0].refusal,
		                 dsn.recipients[0].refusal);
		dsn_kept_write(&kept, &again);
		assert_string_equal(strbuf_text(&again), strbuf_text(&first));
	}
}

#define RECIPIENT(address, action, status)                                     \
	"[{\"address\": \"" address "\", \"action\": \"" action                \
	"\", \"status\": " status                                              \
	", \"refusal\": \"other\", \"diagnostic\": \"no\"}]"

static void test_not_kept(void **state)
{
	static const struct {
		const char *name, *text;
	} bad[] = {
		{"nothing", ""},
		{"no list", "{\"address\": \"x@y\"}"},
		{"nobody", "[]"},
		{"no object", "[1]"},
		{"another action", RECIPIENT("x@y", "lost", "[5, 1, 1]")},
		{"a status of two", RECIPIENT("x@y", "failed", "[5, 1]")},
		{"a status below 0", RECIPIENT("x@y", "failed", "[5, -1, 1]")},
		{"a status of text", RECIPIENT("x@y", "failed", "\"5.1.1\"")},
	};
	struct dsn dsn;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		ROW(&bad[i]);
		assert_int_equal(dsn_kept_read(bad[i].text, &dsn, &err),
		                 ERR_PARSE);
	}
	assert_int_equal(dsn_kept_read(RECIPIENT("x@y", "failed", "[5, 1, 1]"),
	                               &dsn, &err),
	                 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_judged),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_many_parts),
		cmocka_unit_test(test_address_groups),
		cmocka_unit_test(test_nuls),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_more_recipients_than_are_kept),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
