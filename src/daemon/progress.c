#include "daemon/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { BAR_WIDTH = 30, REDRAW_MS = 100 };

bool progress_is_watched(void)
{
	return isatty(STDERR_FILENO);
}

/* What is counted on the way can be more than was counted before. */
static uint64_t share_of(const struct progress *p, uint64_t whole)
{
	return p->done >= p->total ? whole : p->done * whole / p->total;
}

static void draw(const struct progress *p)
{
	int filled = (int)share_of(p, BAR_WIDTH);
	char bar[BAR_WIDTH + 1];

	if (p->total == 0) {
		dprintf(STDERR_FILENO, "\r%" PRIu64 " %s\033[K", p->done,
		        p->what);
		return;
	}
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', (size_t)filled);
	bar[BAR_WIDTH] = '\0';
	dprintf(STDERR_FILENO,
	        "\r[%s] %3" PRIu64 "%%  %" PRIu64 " of %" PRIu64 " %s\033[K",
	        bar, share_of(p, 100), p->done, p->total, p->what);
}

void progress_begin(struct progress *progress, const char *what, uint64_t total)
{
	*progress = (struct progress){
		.what = what,
		.total = total,
		.shown = progress_is_watched(),
	};
}

void progress_add(struct progress *progress, uint64_t n)
{
	int64_t now = clock_host_ms();

	progress->done += n;
	if (!progress->shown || now < progress->next_ms)
		return;
	progress->next_ms = now + REDRAW_MS;
	draw(progress);
}

void progress_end(struct progress *progress)
{
	if (progress->shown && progress->next_ms != 0)
		dprintf(STDERR_FILENO, "\r\033[K");
	progress->shown = false;
}
