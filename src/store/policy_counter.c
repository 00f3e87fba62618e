#include "store/policy_counter.h"

#include <stdio.h>

#define FOLDER "policyd/"

const char *policy_counter_word(unsigned what)
{
	static const char *const others[POLICY_COUNTS] = {
		[COUNT_COLD] = "cold",           [COUNT_STALE] = "stale",
		[COUNT_TIMEOUTS] = "timeouts",   [COUNT_PLAIN] = "plain",
		[COUNT_BAD] = "bad-requests",    [COUNT_LOOKUPS] = "lookups",
		[COUNT_REFRESHES] = "refreshes", [COUNT_FAILURES] = "failures",
	};

	return what < TOLD_KINDS ? word_api(&words_told, (int)what)
	                         : others[what];
}

void policy_counter_name(unsigned what, char name[COUNTER_NAME_TEXT])
{
	snprintf(name, COUNTER_NAME_TEXT, FOLDER "%s%s",
	         what < TOLD_KINDS ? "answers/" : "",
	         policy_counter_word(what));
}
