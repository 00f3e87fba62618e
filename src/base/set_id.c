#include "base/set_id.h"

#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/io.h"

enum { PROGRAM_MAX = 4 * 1024 * 1024 }; /* Postfix's sendmail has 30 KiB */

const char *set_id_program(const char *path)
{
	/* how it is named in Postfix's sendmail, "%s/postdrop -r" */
	static const char postdrop[] = "/postdrop";
	auto_(strbuf_clear) struct strbuf program = {.cap = PROGRAM_MAX};
	struct err ignored;
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	if ((st.st_mode & (S_ISUID | S_ISGID)) != 0)
		return path;
	if (io_read_file(path, &program, &ignored) < 0)
		return NULL;
	return memmem(program.data, program.len, postdrop,
	              sizeof(postdrop) - 1) != NULL
	               ? "postdrop"
	               : NULL;
}

bool set_id_is_refused(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}
