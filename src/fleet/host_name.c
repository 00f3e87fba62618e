#include "fleet/host_name.h"

#include <string.h>
#include <unistd.h>

int fleet_host_name(const struct conf *conf, char out[DOMAIN_TEXT],
                    struct err *err)
{
	char system[DOMAIN_TEXT] = "";
	const char *name = conf->fleet.name;

	if (name[0] == '\0') {
		gethostname(system, sizeof(system) - 1);
		name = system;
	}
	if (domain_canonical(name, strlen(name), out, NULL) < 0)
		return err_set(err, ERR_IO,
		               "the host name '%.80s' of this system cannot "
		               "be used: set [fleet] name",
		               name);
	return 0;
}
