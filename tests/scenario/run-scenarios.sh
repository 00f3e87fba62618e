#!/bin/sh
# run-scenarios.sh - all of tests/scenario/*.scn
#
# In memory where there is room for that: all that they commit would have to
# reach a disk otherwise.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
	TMPDIR=/dev/shm
	export TMPDIR
fi
exec tests/scenario/scenario "$srcdir/tests" "$srcdir"/tests/scenario/*.scn
