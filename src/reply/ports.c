#include "reply/ports.h"

const char *delivery_stage_word(enum delivery_stage stage)
{
	static const char *const words[] = {
		[STAGE_CONNECT] = "connect", [STAGE_GREETING] = "greeting",
		[STAGE_AUTH] = "auth",       [STAGE_MAIL] = "mail",
		[STAGE_RCPT] = "rcpt",       [STAGE_DATA] = "data",
		[STAGE_HTTP] = "http",       [STAGE_LOCAL] = "local",
	};

	return (unsigned)stage < sizeof(words) / sizeof(words[0]) ? words[stage]
	                                                          : "unknown";
}
