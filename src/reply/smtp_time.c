#include "reply/smtp_time.h"

int64_t smtp_time_step_secs(enum smtp_step step, int64_t dot_secs)
{
	static const int64_t secs[SMTP_STEPS] = {
		[SMTP_STEP_CONNECT] = 30, [SMTP_STEP_GREETING] = 300,
		[SMTP_STEP_MAIL] = 300,   [SMTP_STEP_RCPT] = 300,
		[SMTP_STEP_DATA] = 120,   [SMTP_STEP_TEXT] = 180,
	};

	if (step == SMTP_STEP_DOT || secs[step] > dot_secs)
		return dot_secs;
	return secs[step];
}

int64_t smtp_time_opening_secs(int64_t dot_secs)
{
	return dot_secs + (dot_secs + 1) / 2;
}

int64_t smtp_time_message_secs(int64_t dot_secs)
{
	return 3 * dot_secs;
}
