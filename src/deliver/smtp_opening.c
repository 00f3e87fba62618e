#include "deliver/smtp_opening.h"

#include <string.h>
#include <strings.h>

#include "base/curl_handle.h"
#include "base/span.h"
#include "base/utf8.h"
#include "deliver/answer.h"
#include "deliver/verdict.h"

/* What the commands that curl sends are about. */
static const struct {
	const char *verb;
	enum delivery_stage stage;
	bool is_starting_tls;
} verbs[] = {
	{"EHLO", STAGE_GREETING, false},
	{"HELO", STAGE_GREETING, false},
	{"STARTTLS", STAGE_GREETING, true},
	{"AUTH", STAGE_AUTH, false},
};

void smtp_opening_sent(struct smtp_opening *opening, const char *data,
                       size_t len)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		size_t verb_len = strlen(verbs[i].verb);

		if (len < verb_len ||
		    memcmp(data, verbs[i].verb, verb_len) != 0)
			continue;
		opening->stage = verbs[i].stage;
		opening->is_starting_tls = verbs[i].is_starting_tls;
		if (opening->stage == STAGE_GREETING)
			opening->auth[0] = '\0';
	}
}

/* "AUTH PLAIN LOGIN" of the reply to EHLO, or "AUTH=PLAIN" as some write. */
static void follow_auth(struct smtp_opening *opening, const char *line,
                        size_t len)
{
	struct span words = {line + 4, len - 4};

	if (words.len < 5 || strncasecmp(words.at, "AUTH", 4) != 0 ||
	    (words.at[4] != ' ' && words.at[4] != '='))
		return;
	span_drop(&words, 5);
	while (words.len > 0 && (words.at[words.len - 1] == '\n' ||
	                         words.at[words.len - 1] == '\r'))
		words.len--;
	utf8_show(opening->auth, sizeof(opening->auth), words.at, words.len);
}

/* Each line as if it were the whole reply. */
void smtp_opening_got(struct smtp_opening *opening, const char *data,
                      size_t len)
{
	struct smtp_reply reply;
	char line[SMTP_LINE_MAX];
	size_t used;

	if (len < 4 || len >= sizeof(line))
		return;
	memcpy(line, data, len);
	line[3] = ' ';
	if (opening->stage == STAGE_CONNECT)
		opening->stage = STAGE_GREETING;
	follow_auth(opening, line, len);
	if (smtp_wire_read_reply(line, len, &reply, &used, NULL) == 1)
		opening->said = reply;
}

static int follow(CURL *easy, curl_infotype type, char *data, size_t len,
                  void *arg)
{
	(void)easy;
	if (type == CURLINFO_HEADER_OUT)
		smtp_opening_sent(arg, data, len);
	else if (type == CURLINFO_HEADER_IN)
		smtp_opening_got(arg, data, len);
	return 0;
}

void smtp_opening_begin(struct smtp_opening *opening)
{
	memset(opening, 0, sizeof(*opening));
	opening->stage = STAGE_CONNECT;
}

void smtp_opening_follow(struct smtp_opening *opening, CURL *easy)
{
	smtp_opening_begin(opening);
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, follow);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, opening);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, opening->curl_said);
}

bool smtp_opening_failed(const struct smtp_opening *opening, CURLcode result,
                         const char *relay, struct delivery_answer *why)
{
	bool was_tls = result == CURLE_SSL_CONNECT_ERROR ||
	               result == CURLE_PEER_FAILED_VERIFICATION ||
	               (opening->is_starting_tls && opening->said.code == 220);
	char words[CURL_ERROR_SIZE];

	if (!was_tls && opening->said.code >= 400)
		verdict_smtp(opening->stage, &opening->said, why);
	else if (result == CURLE_LOGIN_DENIED && opening->auth[0] != '\0')
		answer_our_fault(why, STAGE_AUTH,
		                 "mail relay %s: no supported AUTH mechanism; "
		                 "it offers: %s",
		                 relay, opening->auth);
	else
		answer_our_fault(why, opening->stage, "mail relay %s: %s%s",
		                 relay, was_tls ? "TLS: " : "",
		                 curl_handle_words(opening->curl_said, result,
		                                   words, sizeof(words)));
	return was_tls;
}
