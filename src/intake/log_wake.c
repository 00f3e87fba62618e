#include "intake/log_wake.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int log_wake_open(struct log_wake *wake, struct err *err)
{
	wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake->fd < 0)
		return err_errno(err, ERR_IO, "eventfd");
	return 0;
}

void log_wake_close(struct log_wake *wake)
{
	if (wake->fd >= 0)
		close(wake->fd);
	wake->fd = -1;
}

bool log_wake_wait(struct log_wake *wake, int fd, int timeout_ms)
{
	struct pollfd fds[] = {{.fd = wake->fd, .events = POLLIN},
	                       {.fd = fd, .events = POLLIN}};
	eventfd_t value;

	/* poll(2) passes over a negative descriptor */
	if (poll(fds, 2, timeout_ms) <= 0)
		return false;
	if (fds[0].revents != 0)
		eventfd_read(wake->fd, &value);
	return fds[1].revents != 0;
}

void log_wake_now(struct log_wake *wake)
{
	eventfd_write(wake->fd, 1);
}
