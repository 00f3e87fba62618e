#include "daemon/host_clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "store/clock_watch.h"

/* A container without it has one boot; when its boot clock begins anew, that is
 * seen, too. */
static void read_boot_id(char id[BOOT_ID_TEXT])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	snprintf(id, BOOT_ID_TEXT, "unknown");
	if (file == NULL)
		return;
	if (fgets(id, BOOT_ID_TEXT, file) == NULL)
		snprintf(id, BOOT_ID_TEXT, "unknown");
	id[strcspn(id, "\n")] = '\0';
	fclose(file);
}

struct clock_look host_clock_look(struct clock *clock)
{
	struct timex state = {.modes = 0};
	struct clock_look look = {
		.wall_ms = clock->wall_ms(clock),
		.boot_ms = clock_boot_ms(clock),
	};

	/* where a sandbox forbids to ask, nobody says that it is */
	look.synchronised =
		adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
	read_boot_id(look.boot);
	return look;
}

int host_clock_watch(struct db *db, const struct conf *conf,
                     struct clock *clock, struct clock_record *record,
                     struct err *err)
{
	struct clock_look look;

	*record = (struct clock_record){.wall_ms = 0};
	if (clock->told || conf->store.rehearsal)
		return 0;
	look = host_clock_look(clock);
	return clock_watch(db, clock, &look, record, err);
}
