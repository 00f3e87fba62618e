#!/bin/sh
# run-corpus.sh - each fuzz target reads its kept inputs
#
# tests/fuzz/fuzz_NAME.c has its inputs in tests/fuzz/corpus/fuzz_NAME/.  Run
# from the build folder; a target without a corpus, or one that was not built,
# is a failure.
srcdir=${srcdir:-.}
status=0

for source in "$srcdir"/tests/fuzz/fuzz_*.c; do
	target=$(basename "$source" .c)
	corpus=$srcdir/tests/fuzz/corpus/$target
	if [ ! -x "tests/fuzz/$target" ]; then
		echo "$target: not built (is it in tests/fuzz/Makefile.inc?)"
		status=1
	elif [ ! -d "$corpus" ]; then
		echo "$target: no inputs in tests/fuzz/corpus/$target"
		status=1
	elif ! "tests/fuzz/$target" -runs=0 "$corpus"; then
		echo "$target: failed on its corpus"
		status=1
	fi
done
exit $status
