#include "reply/refusal.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"

enum {
	STATUS_DIGITS = 3, /* RFC 3463 section 2 */
	REPLY_DIGITS = 3,
	TEXT_MAX = 8192, /* of a reply; what is longer says no more */
	CODES_MAX = 8,   /* of one text; those after them are not compared */
	MAILBOX_FULL = 552,
	ANY = -1,
};

/* --- the codes of a text --- */

struct code {
	int status[3];
	bool behind_reply; /* "550 5.1.1", and not "(#5.1.1)" */
};

struct codes {
	int reply;
	struct code list[CODES_MAX];
	size_t count;
};

static bool is_word(char c)
{
	return ascii_is_alnum(c) || c == '-';
}

bool refusal_status_here(struct span text, int status[3])
{
	struct span rest = text;
	int64_t part[3];

	if (!span_number(&rest, 1, &part[0]) || !span_skip(&rest, ".") ||
	    !span_number(&rest, STATUS_DIGITS, &part[1]) ||
	    !span_skip(&rest, ".") ||
	    !span_number(&rest, STATUS_DIGITS, &part[2]))
		return false;
	if (part[0] != 2 && part[0] != 4 && part[0] != 5)
		return false;
	if ((rest.len > 0 && is_word(rest.at[0])) ||
	    (rest.len > 1 && rest.at[0] == '.' && is_word(rest.at[1])))
		return false;
	for (size_t i = 0; i < 3; i++)
		status[i] = (int)part[i];
	return true;
}

/* "550", and not a part of something else. */
static bool reply_here(struct span text, int *reply)
{
	if (text.len < REPLY_DIGITS ||
	    (text.at[0] != '4' && text.at[0] != '5') ||
	    !ascii_is_digit(text.at[1]) || !ascii_is_digit(text.at[2]))
		return false;
	if (text.len > REPLY_DIGITS && (ascii_is_alnum(text.at[REPLY_DIGITS]) ||
	                                text.at[REPLY_DIGITS] == '.'))
		return false;
	*reply = (text.at[0] - '0') * 100 + (text.at[1] - '0') * 10 +
	         (text.at[2] - '0');
	return true;
}

/* What stands before the i-th byte, blanks left out; '\n' before the first. */
static char before(struct span text, size_t i)
{
	while (i > 0 && (text.at[i - 1] == ' ' || text.at[i - 1] == '\t'))
		i--;
	return i > 0 ? text.at[i - 1] : '\n';
}

/* Where a reply may begin: a line, "smtp; 550", "said: 550", "<[550". */
static bool is_start(struct span text, size_t i)
{
	char c = before(text, i);

	return c != '\0' && strchr("\n;:<([", c) != NULL;
}

static void add_code(struct codes *codes, const int status[3],
                     bool behind_reply)
{
	struct code *code = &codes->list[codes->count];

	if (status[0] == 2 || codes->count == CODES_MAX)
		return;
	memcpy(code->status, status, sizeof(code->status));
	code->behind_reply = behind_reply;
	codes->count++;
}

/* A reply at the i-th byte, with its enhanced code or without; how many bytes
 * it takes, 0 when it is none. */
static size_t take_reply(struct codes *codes, struct span text, size_t i)
{
	struct span rest = {text.at + i, text.len - i};
	int reply, status[3];
	size_t skip = REPLY_DIGITS;
	bool has_status;

	if (!reply_here(rest, &reply))
		return 0;
	while (skip < rest.len && skip < REPLY_DIGITS + 4 &&
	       rest.at[skip] != '\0' &&
	       strchr(" -#('\"<[", rest.at[skip]) != NULL)
		skip++;
	span_drop(&rest, skip);
	has_status = refusal_status_here(rest, status);
	if (!has_status && !is_start(text, i))
		return 0;
	if (has_status)
		add_code(codes, status, true);
	if (codes->reply == 0)
		codes->reply = reply;
	/* past the code's first digit: the rest of it begins nothing */
	return has_status ? skip + 1 : REPLY_DIGITS;
}

/* "#5.1.1", "(5.1.1)", or at the beginning of what a host said. */
static size_t take_marked(struct codes *codes, struct span text, size_t i)
{
	struct span rest = {text.at + i, text.len - i};
	int status[3];

	if (!refusal_status_here(rest, status))
		return 0;
	if ((i > 0 && text.at[i - 1] == '#') || is_start(text, i))
		add_code(codes, status, false);
	return 1;
}

/* Not within a word, a number, a name or an address. */
static bool is_token_start(struct span text, size_t i)
{
	char last = i > 0 ? text.at[i - 1] : ' ';

	return ascii_is_digit(text.at[i]) && !is_word(last) && last != '.' &&
	       last != '@' && last != '/';
}

static void find_codes(struct span text, struct codes *codes)
{
	size_t i = 0;

	while (i < text.len) {
		size_t used = 0;

		if (is_token_start(text, i)) {
			used = take_reply(codes, text, i);
			if (used == 0)
				used = take_marked(codes, text, i);
		}
		i += used > 0 ? used : 1;
	}
}

/* --- what they mean --- */

/* The first row that fits counts. */
static const struct {
	int subject, detail;
	enum refusal_kind kind;
} meanings[] = {
	{1, 1, REFUSAL_NO_SUCH_ADDRESS},
	{1, 2, REFUSAL_IN_DOUBT},         /* its domain; DNS errs, too */
	{1, 3, REFUSAL_NO_SUCH_ADDRESS},  /* its syntax */
	{1, 6, REFUSAL_NO_SUCH_ADDRESS},  /* it has moved */
	{1, 10, REFUSAL_NO_SUCH_ADDRESS}, /* null MX (RFC 7505) */
	{1, 7, REFUSAL_OURS},             /* the sender's address */
	{1, 8, REFUSAL_OURS},
	{1, ANY, REFUSAL_IN_DOUBT},
	{2, 1, REFUSAL_IN_DOUBT}, /* disabled; of busy ones, too */
	{2, 2, REFUSAL_PASSING},  /* full */
	{7, ANY, REFUSAL_OURS},
};

static enum refusal_kind meaning_of(const int status[3])
{
	if (status[0] != 5)
		return REFUSAL_OTHER;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].subject == status[1] &&
		    (meanings[i].detail == ANY ||
		     meanings[i].detail == status[2]))
			return meanings[i].kind;
	return REFUSAL_OTHER;
}

/* Says `less` no more than `more` does: nothing at all, x.0.0, or the subject
 * alone? */
static bool says_less(const int less[3], const int more[3])
{
	if (less[0] == 0 || (less[1] == 0 && less[2] == 0))
		return true;
	return less[1] == more[1] && less[2] == 0;
}

/* That of the reply, else the first; false when there is none. */
static bool choose_status(const struct codes *codes, int status[3])
{
	const struct code *chosen = codes->list;

	if (codes->count == 0)
		return false;
	for (size_t i = codes->count; i-- > 0;)
		if (codes->list[i].behind_reply)
			chosen = &codes->list[i];
	memcpy(status, chosen->status, sizeof(chosen->status));
	return true;
}

static bool is_about_address(enum refusal_kind kind)
{
	return kind == REFUSAL_IN_DOUBT || kind == REFUSAL_NO_SUCH_ADDRESS;
}

/* What is left of a kind when another code stands beside it. */
static enum refusal_kind beside_it(enum refusal_kind kind, const int status[3],
                                   const int other[3])
{
	enum refusal_kind also = meaning_of(other);

	if (!is_about_address(kind) || says_less(other, status) || also == kind)
		return kind;
	return also == REFUSAL_OURS || also == REFUSAL_PASSING
	               ? also
	               : REFUSAL_IN_DOUBT;
}

/* By the code and, where it speaks of the address or of nothing, the words. */
static enum refusal_kind kind_of(const int status[3], struct span text)
{
	enum refusal_kind kind = meaning_of(status), words;

	if (!is_about_address(kind) && (status[1] != 0 || status[2] != 0))
		return kind;
	words = refusal_words(text);
	return words == REFUSAL_OTHER ? kind : words;
}

/* A Status alone is what our side made of the answer: sendmail makes 5.1.1 of
 * every 550 without a code of its own, and of what a local program said
 * ("X-Unix; 67"). */
static bool is_backed(struct span text, int reply)
{
	if (text.len >= 7 && strncasecmp(text.at, "x-unix;", 7) == 0)
		return false;
	return reply == 0 || refusal_words_deny(text);
}

void refusal_read(struct span text, const int beside[3],
                  struct refusal *refusal)
{
	int *status = refusal->status;
	struct codes codes = {0};
	bool by_reply;

	if (text.len > TEXT_MAX)
		text.len = TEXT_MAX;
	memset(refusal, 0, sizeof(*refusal));
	find_codes(text, &codes);
	refusal->reply = codes.reply;
	status[0] = codes.reply / 100;
	by_reply = choose_status(&codes, status);
	if (beside != NULL && beside[0] != 0 && says_less(status, beside)) {
		memcpy(status, beside, sizeof(refusal->status));
		by_reply = false;
	}
	refusal->kind = kind_of(status, text);
	if (beside != NULL)
		refusal->kind = beside_it(refusal->kind, status, beside);
	for (size_t i = 0; i < codes.count; i++)
		refusal->kind =
			beside_it(refusal->kind, status, codes.list[i].status);
	if (!is_about_address(refusal->kind))
		return;
	if (codes.reply == MAILBOX_FULL)
		refusal->kind = REFUSAL_PASSING;
	else if (!by_reply && !is_backed(text, codes.reply))
		refusal->kind = REFUSAL_IN_DOUBT;
}
