#include "conf/fault.h"

#include <stdarg.h>

#include "base/xalloc.h"
#include "conf/settings.h"
#include "conf/value.h"

int conf_fault(const struct conf *conf, const char *section, const char *name,
               struct err *err, const char *fmt, ...)
{
	const struct setting *row = settings_find(section, name);
	unsigned line = row != NULL ? conf->given[row - settings] : 0;
	va_list ap;

	va_start(ap, fmt);
	err_vset(err, ERR_PARSE, fmt, ap);
	va_end(ap);
	err_prefix(err, "[%s] %s", section, name);
	if (conf->file != NULL && line > 0)
		err_prefix(err, "%.200s:%u", conf->file, line);
	else if (conf->file != NULL)
		err_prefix(err, "%.200s", conf->file);
	return ERR_PARSE;
}

void conf_fault_add(struct conf_list *faults, const struct err *err)
{
	value_list_add(faults, xstrdup(err->text));
}

void conf_add_fault(struct conf *conf, const char *words)
{
	value_list_add(&conf->faults, xstrdup(words));
}
