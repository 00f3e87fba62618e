/*
 * fault - the words for what is wrong with one setting
 */
#ifndef TLSTALLY_CONF_FAULT_H
#define TLSTALLY_CONF_FAULT_H

#include "base/err.h"
#include "conf/conf.h"

/* "FILE:LINE: [section] name: words", as the parser says it; without the line
 * when it was not given there.  ERR_PARSE. */
int conf_fault(const struct conf *conf, const char *section, const char *name,
               struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* One more line of the list. */
void conf_fault_add(struct conf_list *faults, const struct err *err);

/* What conf_check() and conf_check_contact(), and conf_check_secrets(), find:
 * not the first of it, but all. */
void conf_check_all(const struct conf *conf, struct conf_list *faults);
void conf_check_all_secrets(const struct conf *conf, struct conf_list *faults);

#endif
