/*
 * bare_recv - a program that only receives: the limit for tlstallyd
 *
 *     bare_recv SOCKET COUNT
 *
 * Binds a unix datagram socket, receives COUNT datagrams with recv(2), one
 * after the other, and prints how long that took and what it cost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	static char buffer[65536];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	long count, got = 0;
	double start = 0, took;
	struct rusage usage;
	int fd;

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: bare_recv SOCKET COUNT\n");
		return 2;
	}
	strcpy(address.sun_path, argv[1]);
	count = atol(argv[2]);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(argv[1]);
		return 1;
	}
	while (got < count && recv(fd, buffer, sizeof(buffer), 0) >= 0)
		if (got++ == 0)
			start = now();
	took = now() - start;
	getrusage(RUSAGE_SELF, &usage);
	printf("got=%ld rate=%.0f/s cpu=%.3f\n", got, (double)got / took,
	       seconds(usage.ru_utime) + seconds(usage.ru_stime));
	unlink(argv[1]);
	return got == count ? 0 : 1;
}
