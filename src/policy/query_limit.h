/*
 * query_limit - so many queries a second, and no more
 *
 * A bucket: it fills at the rate, each query takes one out, and it holds as
 * many as may be sent at once after a pause, a twentieth of a second's.
 */
#ifndef TLSTALLY_POLICY_QUERY_LIMIT_H
#define TLSTALLY_POLICY_QUERY_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct query_limit {
	uint64_t per_sec; /* 0: no limit */
	/* query_limit.c's */
	int64_t thousandths; /* in the bucket */
	int64_t filled_ms;
	bool begun;
};

/* May one be sent?  Then it counts as sent. */
bool query_limit_take(struct query_limit *limit, int64_t now_ms);

/* When the next one may be sent, after query_limit_take() said no. */
int64_t query_limit_next_ms(const struct query_limit *limit);

#endif
