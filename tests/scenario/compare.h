/*
 * compare - JSON as values, with the place of the first difference
 */
#ifndef TLSTALLY_TESTS_SCENARIO_COMPARE_H
#define TLSTALLY_TESTS_SCENARIO_COMPARE_H

#include "base/err.h"
#include "base/strbuf.h"

/* The string "*" in what is wanted stands for any string. */
int compare_json(const struct strbuf *got, const struct strbuf *want,
                 struct err *err);

#endif
