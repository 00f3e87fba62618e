#include "policyd/outage.h"

void outage_note(struct outage *outage, bool answered, uint64_t domain,
                 int64_t now_ms)
{
	if (answered) {
		*outage = (struct outage){0};
		return;
	}
	if (outage->failing_since_ms == 0) {
		outage->failing_since_ms = now_ms > 0 ? now_ms : 1;
		outage->first_domain = domain;
	}
	outage->of_several |= domain != outage->first_domain;
}

void outage_begin(struct outage *outage, int64_t now_ms)
{
	*outage = (struct outage){
		.failing_since_ms = now_ms - OUTAGE_AFTER_MS,
		.of_several = true,
	};
	if (outage->failing_since_ms == 0)
		outage->failing_since_ms = -1;
}

int64_t outage_from_ms(const struct outage *outage)
{
	return outage->failing_since_ms != 0 && outage->of_several
	               ? outage->failing_since_ms + OUTAGE_AFTER_MS
	               : INT64_MAX;
}

bool outage_is_on(const struct outage *outage, int64_t now_ms)
{
	return now_ms >= outage_from_ms(outage);
}

bool outage_is_suspected(const struct outage *outage)
{
	return outage->failing_since_ms != 0;
}
