/* Writes bash completion to standard output; make does it. */
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/io.h"
#include "cli/completion.h"

int main(void)
{
	auto_(strbuf_clear) struct strbuf out = {0};

	completion_write(&out);
	return io_write_all(STDOUT_FILENO, out.data, out.len) == 0
	               ? EXIT_SUCCESS
	               : EXIT_FAILURE;
}
