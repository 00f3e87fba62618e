/*
 * smtp_opening - what happens while libcurl opens an SMTP connection
 *
 * Greeting, EHLO, STARTTLS and AUTH are curl's, and all it says afterwards is
 * one CURLcode and some words.  So its debug output is followed: the last
 * command, and what the server replied.  Commands that carry credentials pass
 * by and are not kept.
 */
#ifndef TLSTALLY_DELIVER_SMTP_OPENING_H
#define TLSTALLY_DELIVER_SMTP_OPENING_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "reply/ports.h"
#include "reply/smtp_wire.h"

struct smtp_opening {
	enum delivery_stage stage;
	bool is_starting_tls;
	struct smtp_reply said;
	char auth[100]; /* the mechanisms it offers: "GSSAPI XOAUTH2" */
	char curl_said[CURL_ERROR_SIZE];
};

/* Follows this handle until its CURLOPT_VERBOSE is set to 0. */
void smtp_opening_follow(struct smtp_opening *opening, CURL *easy);

/* The same for what somebody else has seen: a command that was sent, or a line
 * that the server sent, with its end. */
void smtp_opening_begin(struct smtp_opening *opening);
void smtp_opening_sent(struct smtp_opening *opening, const char *command,
                       size_t len);
void smtp_opening_got(struct smtp_opening *opening, const char *line,
                      size_t len);

/* Why it did not open, with the relay's name.  True when TLS was the trouble:
 * whatever goes wrong once the server has agreed to STARTTLS, be it no TLS at
 * all, a certificate, silence, or bytes of somebody else's in between. */
bool smtp_opening_failed(const struct smtp_opening *opening, CURLcode result,
                         const char *relay, struct delivery_answer *why);

#endif
