#!/bin/sh
# at-once.sh - two rollups, and two deliveries, on one store at the same time
#
# Again and again on copies of one store: what comes of it is what one alone
# makes of it, and nothing is sent twice.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
driver=$build/tests/scenario/failpoint_driver
make_folder
cd "$dir" || exit 1

# both STEP ARGS...: two processes of it; true when both got through
both() {
	$driver "$@" &
	first=$!
	$driver "$@"
	second=$?
	wait $first && [ $second -eq 0 ]
}

# same_as FILE ARGS...: are these the totals?
same_as() {
	want=$1
	shift
	$driver totals "$@" | sort >totals
	cmp -s "$want" totals && return
	diff "$want" totals | head -5
	return 1
}

mkdir store
$driver fill store 1200 || exit 1
cp -R store alone
$driver rollup alone && $driver totals alone | sort >rolled || exit 1
[ "$(wc -l <rolled)" -eq 1200 ] || {
	echo "one rollup alone makes no 1200 reports"
	exit 1
}
for i in $(seq 20); do
	rm -rf --one-file-system work && cp -R store work
	both rollup work && same_as rolled work || {
		echo "two rollups at once, time $i"
		exit 1
	}
done

rm -rf --one-file-system store work && mkdir store sent
$driver fill store 100 && $driver rollup store && cp -R store alone2 || exit 1
$driver deliver-once alone2 sent && $driver totals alone2 sent | sort >sent-alone
for i in $(seq 10); do
	rm -rf --one-file-system work sent && cp -R store work && mkdir sent
	both deliver-once work sent && same_as sent-alone work sent || {
		echo "two deliveries at once, time $i"
		exit 1
	}
done
