/*
 * sandbox - what a unit of systemd keeps from the program that it starts
 *
 * The units of tlstally are shut in: no home directories, a /tmp of their own,
 * nothing written but the store, no rights gained.  A setting that would need
 * more works when one tries it in a shell, and not at night.
 *
 * What is asked is the unit as it is (systemctl show), so what an administrator
 * has opened with `systemctl edit` is open.
 */
#ifndef TLSTALLY_CONF_SANDBOX_H
#define TLSTALLY_CONF_SANDBOX_H

#include <stdbool.h>

#include "base/strbuf.h"

struct sandbox {
	const char *unit;    /* "tlstally.service" */
	bool is_used;        /* systemd runs it: it is enabled, or active */
	struct strbuf asked; /* what systemctl(1) said, "Name=value" lines */
};

/* Is it enabled, or active? */
bool sandbox_is_used(const char *unit);

/* What starts the unit, "tlstally.timer", or itself, says whether it is
 * used. */
void sandbox_ask(struct sandbox *sandbox, const char *unit,
                 const char *starter);
void sandbox_clear(struct sandbox *sandbox);

/* A property, "" when it is not there; the caller's to free. */
char *sandbox_get(const struct sandbox *sandbox, const char *name);

/* Appends why the program cannot use the path, to write below it or only to
 * look at it; false: it can. */
bool sandbox_keeps(const struct sandbox *sandbox, const char *path, bool writes,
                   struct strbuf *why);

/* Does what it starts get no rights (NoNewPrivileges=)? */
bool sandbox_refuses_rights(const struct sandbox *sandbox);

#endif
