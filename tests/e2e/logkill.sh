#!/bin/sh
# logkill.py with a file and with a journal, side by side: both mostly wait
#
# scripts/check runs it; by hand: tests/e2e/logkill.sh from the build directory
# with srcdir set.
set -u
logkill=${srcdir:-.}/tests/e2e/logkill.py
journal=$(mktemp "${TMPDIR:-/tmp}/logkill.XXXXXX") || exit 1
trap 'rm -f "$journal"' EXIT
trap 'exit 1' INT TERM

python3 "$logkill" --journal >"$journal" 2>&1 &
python3 "$logkill"
file_rc=$?
wait $!
journal_rc=$?
cat "$journal"
[ $file_rc -ne 0 ] && exit $file_rc
[ $journal_rc -eq 77 ] || exit $journal_rc
