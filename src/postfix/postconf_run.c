#include "postfix/postconf_run.h"

#include "base/auto.h"
#include "base/command.h"

enum { TIMEOUT_MS = 5000, NAMES_MAX = 64, ARGS = NAMES_MAX + 5 };

int postconf_run(const char *directory, const char *what,
                 const char *const *names, struct strbuf *out, struct err *err)
{
	const char *argv[ARGS] = {"postconf", what};
	auto_(strbuf_clear) struct strbuf errors = {0};
	struct command command = {
		.argv = argv, .timeout_ms = TIMEOUT_MS, .errors = &errors};
	size_t n = 2;
	int status;

	if (directory[0] != '\0') {
		argv[n++] = "-c";
		argv[n++] = directory;
	}
	for (size_t i = 0; names != NULL && names[i] != NULL && i < NAMES_MAX;
	     i++)
		argv[n++] = names[i];
	status = command_run(&command, out, err);
	if (status > 0)
		return err_set(err, ERR_IO,
		               "postconf failed (exit status %d)%s%.300s",
		               status, errors.len > 0 ? ": " : "",
		               command_last_line(&errors));
	return status;
}
