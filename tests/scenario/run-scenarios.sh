#!/bin/sh
# run-scenarios.sh - all of tests/scenario/*.scn
exec tests/scenario/scenario "$srcdir/tests" "$srcdir"/tests/scenario/*.scn
