/* conf_find_faults(): all that is wrong, from those who each look at a part. */
#include "conf/conf.h"

#include "base/xalloc.h"
#include "conf/fault.h"
#include "conf/value.h"

void conf_list_clear(struct conf_list *list)
{
	value_clear_list(list);
}

void conf_find_faults(const struct conf *conf, struct conf_list *faults)
{
	for (size_t i = 0; i < conf->faults.count; i++)
		value_list_add(faults, xstrdup(conf->faults.items[i]));
	conf_check_all(conf, faults);
	conf_check_all_secrets(conf, faults);
	conf_check_files(conf, faults);
}
