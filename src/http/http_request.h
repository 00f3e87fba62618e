/*
 * http_request - one HTTP request, from its header to its answer
 *
 * libmicrohttpd calls http_request_go_on() when the header is there, with each
 * piece of the body, and once more at its end; http_request_end() when the
 * answer has been sent or the connection was lost.  Who may not ask is told so
 * before his body is read.
 */
#ifndef TLSTALLY_HTTP_HTTP_REQUEST_H
#define TLSTALLY_HTTP_HTTP_REQUEST_H

#include "http/http_wire.h"

enum MHD_Result http_request_go_on(void *arg, struct MHD_Connection *connection,
                                   const char *url, const char *method,
                                   const char *version, const char *data,
                                   size_t *size, void **context);
void http_request_end(void *arg, struct MHD_Connection *connection,
                      void **context, enum MHD_RequestTerminationCode code);

#endif
