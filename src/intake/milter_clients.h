/*
 * milter_clients - who hands a message in, as far as its address tells
 *
 * This host is more than loopback: a web application that connects to the
 * host's own name comes from one of the interfaces' addresses.  Interfaces come
 * and go, so they are asked again every some seconds.  Where Postfix runs on
 * another host than we, or in a container of its own, a client that has the
 * address that it called is that host itself.  Addresses that Postfix receives
 * mail on by way of a NAT (proxy_interfaces) are not: others come from there,
 * too.
 *
 * Behind a before-queue filter (inmail/milter_sight.h) nobody can tell this
 * host's own mail from what the filter hands back: all of it is the filter's.
 *
 * Callbacks ask while another thread sets.
 */
#ifndef TLSTALLY_INTAKE_MILTER_CLIENTS_H
#define TLSTALLY_INTAKE_MILTER_CLIENTS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"
#include "inmail/inbound.h"
#include "inmail/milter_sight.h"

struct milter_clients;

struct milter_clients *milter_clients_new(void);
void milter_clients_free(struct milter_clients **clients);

/* Asks the system for the addresses of its interfaces.  After a failure those
 * known before stay. */
int milter_clients_refresh(struct milter_clients *clients, struct err *err);

/* Copies what it needs. */
void milter_clients_set_sight(struct milter_clients *clients,
                              const struct milter_sight *sight);

/* INBOUND_MX, INBOUND_LOCAL or INBOUND_FILTERED; an address of NULL is
 * sendmail(1).  `called` is Postfix's {daemon_addr}, the address that the
 * client connected to; NULL: it did not say. */
enum inbound_client milter_clients_look_up(struct milter_clients *clients,
                                           const struct sockaddr *address,
                                           const char *called);

#endif
