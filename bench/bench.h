/* bench - what the programs here share */
#ifndef TLSTALLY_BENCH_BENCH_H
#define TLSTALLY_BENCH_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static inline void die(const char *words)
{
	fprintf(stderr, "%.2000s\n", words);
	exit(1);
}

#endif
