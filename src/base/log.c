#include "base/log.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 2048, LIMIT_MS = 60000 };

static enum log_target target = LOG_TO_STDERR;
static const char *ident = "tlstally";
static void (*capture)(void *arg, int priority, const char *line);
static void *capture_arg;

void log_open(const char *new_ident, enum log_target new_target)
{
	ident = new_ident;
	target = new_target;
	if (target == LOG_TO_SYSLOG)
		openlog(ident, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

/* systemd sets JOURNAL_STREAM=device:inode of the stream it connected. */
static bool stderr_is(const char *journal_stream)
{
	unsigned long long dev, ino;
	struct stat st;

	if (journal_stream == NULL ||
	    sscanf(journal_stream, "%llu:%llu", &dev, &ino) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
	       st.st_ino == ino;
}

enum log_target log_target_default(bool foreground, const char *journal_stream)
{
	if (stderr_is(journal_stream))
		return LOG_TO_JOURNAL;
	if (foreground || isatty(STDERR_FILENO))
		return LOG_TO_STDERR;
	return LOG_TO_SYSLOG;
}

bool log_is_kept(void)
{
	return target != LOG_TO_STDERR;
}

void log_capture(void (*sink)(void *arg, int priority, const char *line),
                 void *arg)
{
	capture = sink;
	capture_arg = arg;
}

static const char *level_word(int priority)
{
	return priority == LOG_ERR       ? "error: "
	       : priority == LOG_WARNING ? "warning: "
	                                 : "";
}

static void write_line(int priority, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void write_line(int priority, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES];

	vsnprintf(text, sizeof(text), fmt, ap);
	for (char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (capture != NULL)
		capture(capture_arg, priority, text);
	else if (target == LOG_TO_SYSLOG)
		syslog(priority, "%s%s", level_word(priority), text);
	else if (target == LOG_TO_JOURNAL)
		dprintf(STDERR_FILENO, "<%d>%s%s\n", priority,
		        level_word(priority), text);
	else
		dprintf(STDERR_FILENO, "%s: %s%s\n", ident,
		        level_word(priority), text);
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_ERR, fmt, ap);
	va_end(ap);
}

void log_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_WARNING, fmt, ap);
	va_end(ap);
}

void log_notice(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_NOTICE, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(LOG_INFO, fmt, ap);
	va_end(ap);
}

void log_last_words(const char *where, const char *what, const char *hint)
{
	const char *parts[] = {target == LOG_TO_JOURNAL ? "<3>" : ident,
	                       target == LOG_TO_JOURNAL ? "error: "
	                                                : ": error: ",
	                       where,
	                       ": ",
	                       what,
	                       "; ",
	                       hint};
	char line[LINE_MAX_BYTES];
	size_t len = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t room = LINE_MAX_BYTES - 1 - len, n = strlen(parts[i]);

		n = n < room ? n : room;
		memcpy(line + len, parts[i], n);
		len += n;
	}
	line[len] = '\n';
	if (write(STDERR_FILENO, line, len + 1) < 0)
		return;
	if (target != LOG_TO_SYSLOG)
		return;
	/* it may wait for a lock that this thread holds: then the alarm ends
	 * us, and standard error has it */
	signal(SIGALRM, SIG_DFL);
	alarm(2);
	line[len] = '\0';
	syslog(LOG_ERR, "%s", line);
}

const char *log_escape(char *out, size_t room, const void *text, size_t len)
{
	const unsigned char *p = text;
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		bool plain = p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\';
		size_t need = plain ? 1 : 4;

		if (used + need >= room)
			break;
		if (plain)
			out[used] = (char)p[i];
		else
			snprintf(out + used, room - used, "\\x%02x", p[i]);
		used += need;
	}
	if (room > 0)
		out[used] = '\0';
	return out;
}

bool log_allowed(struct log_limit *limit, int64_t monotonic_ms, uint64_t *held)
{
	if (limit->said && monotonic_ms - limit->said_ms < LIMIT_MS) {
		limit->held++;
		return false;
	}
	*held = limit->held;
	limit->held = 0;
	limit->said = true;
	limit->said_ms = monotonic_ms;
	return true;
}
