#!/bin/sh
# logkill.py with a file and with a journal, side by side: both mostly wait
#
# scripts/check runs it; by hand: tests/e2e/logkill.sh from the build directory
# with srcdir set.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
need_tools python3
make_folder
logkill=$src/tests/e2e/logkill.py
WAIT_SECS=600

start "$dir/journal" python3 "$logkill" --journal
python3 "$logkill"
file_rc=$?
ends "$pid"
journal_rc=$?
cat "$dir/journal"
[ $file_rc -ne 0 ] && exit $file_rc
[ $journal_rc -eq 77 ] || exit $journal_rc
