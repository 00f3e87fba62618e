#!/bin/sh
# failpoints.sh - the main job, killed at every dangerous moment there is
#
# Each step (intake, rollup, delivery) dies at its first failpoint, is started
# again and dies once more, and then gets through; then the same for the second
# failpoint, and so on until there is none left to die at.  Whatever happened,
# the totals are those of a run that nobody disturbed: no report is missing,
# and what was received twice is the same bytes and known to be uncertain.
#
# So is the journal of counts: appended to, and applied in pieces, with a kill at
# each step of that.
#
# Then each commit of each step finds the disk full, or the map: once, twice,
# or until the step gives up.  A step that had room again before it gave up
# has lost nothing and sent nothing twice.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
driver=$build/tests/scenario/failpoint_driver
data=$src/tests/data/datagrams
inputs="$data/sts-ok.jsonl $data/rpt-multi-rua.jsonl $data/sts-expired.jsonl"

$driver failpoints ||
	skip "this build has no failpoints (--enable-failpoints)"
make_folder
cd "$dir" || exit 1

# step NAME: one process of it, in the folder at work
step() {
	case $1 in
	append) $driver append store $domains ;;
	apply) $driver apply store ;;
	intake) $driver intake store $inputs ;;
	rollup) $driver rollup store ;;
	deliver) $driver deliver store sent ;;
	esac
}

wrong() {
	diff "$dir/$truth" totals
	die "$*"
}

# tell: what came of it
tell() {
	case $truth in
	counted) $driver counts store ;;
	*) $driver totals store sent | sort ;;
	esac
}

# get_through STEP...: nobody disturbs
get_through() {
	for undisturbed; do
		step "$undisturbed" || wrong "$undisturbed failed after: $story"
	done
}

# begin FOLDER: a copy of a store as it was before the step
begin() {
	rm -rf --one-file-system work
	cp -R "$1" work
	cd work || exit 1
}

# try_all STEP REST...: kills STEP at its n-th failpoint, for every n
try_all() {
	victim=$1
	n=0
	killed=1
	while [ $killed -eq 1 ]; do
		n=$((n + 1))
		story="$victim killed at failpoint $n, twice"
		begin "$dir/before-$victim"
		killed=0
		for again in 1 2; do
			(TLSTALLY_FAIL_AT=$n; export TLSTALLY_FAIL_AT; step "$victim") \
				2>>"$dir/deaths"
			case $? in
			0) ;;
			137) killed=1 ;;
			*) wrong "$victim failed: $story" ;;
			esac
		done
		get_through "$@"
		tell >totals
		cmp -s "$dir/$truth" totals || wrong "wrong after: $story"
		cd "$dir" || exit 1
	done
	echo "$victim: $((n - 1)) failpoints"
	[ "$n" -gt 4 ] || wrong "$victim has too few failpoints"
}

# fill_all HOW TIMES STEP REST...: the n-th commit of STEP, and so many after
# it, find no room, for every n
fill_all() {
	how=$1 times=$2
	shift 2
	victim=$1
	n=0
	filled=1
	while [ $filled -eq 1 ]; do
		n=$((n + 1))
		story="$how full at commit $n of $victim, $times times"
		begin "$dir/before-$victim"
		filled=0
		(
			TLSTALLY_FAIL_AT=$n TLSTALLY_FAIL_HOW=$how
			TLSTALLY_FAIL_TIMES=$times
			export TLSTALLY_FAIL_AT TLSTALLY_FAIL_HOW
			export TLSTALLY_FAIL_TIMES
			step "$victim"
		) 2>said
		status=$?
		case $status in
		0 | 1) ;;
		*) cat said; wrong "$victim ended with $status: $story" ;;
		esac
		grep -q 'failpoint .*full' said && filled=1
		grep -Eq '(disk is full|map_size)' said || [ $status -eq 0 ] || {
			cat said
			wrong "$victim does not say that it is full: $story"
		}
		get_through "$@"
		tell >totals
		cmp -s "$dir/$truth" totals || wrong "wrong after: $story"
		copies=$(ls sent | wc -l)
		[ "$times" -gt 2 ] || [ "$copies" -eq "$undisturbed_copies" ] ||
			wrong "sent again ($copies copies): $story"
		cd "$dir" || exit 1
	done
	echo "$victim: $((n - 1)) commits, $how full $times times"
	[ "$n" -gt 1 ] || wrong "$victim has no commits"
}

story="nothing"
truth=counted
undisturbed_copies=0
# more than two transactions that apply
domains=230
TLSTALLY_APPLY_DOMAINS=100
export TLSTALLY_APPLY_DOMAINS
mkdir -p before-append/store before-append/sent
$driver totals before-append/store || exit 1
begin "$dir/before-append"
get_through append
cp -R . "$dir/before-apply"
get_through apply
tell >"$dir/counted"
cd "$dir" || exit 1
[ "$(wc -l <counted)" -eq $domains ] && [ "$(grep -c ' 2 policies=1 ' counted)" -eq 2 ] ||
	wrong "the undisturbed counts are not as they should be"
try_all append apply
try_all apply
for name in "journal apply" "journal applied"; do
	grep -q "failpoint [0-9]*: $name\$" deaths ||
		wrong "nobody died at '$name'"
done
fill_all map 1 append apply
fill_all disk 2 apply

truth=undisturbed
mkdir -p before-intake/sent before-intake/store
# the store's id is in the reports' ids, so all stores begin as this one
$driver totals before-intake/store || exit 1
begin "$dir/before-intake"
get_through intake
cp -R . "$dir/before-rollup"
get_through rollup
cp -R . "$dir/before-deliver"
get_through deliver
tell >"$dir/undisturbed"
undisturbed_copies=$(ls sent | wc -l)
cd "$dir" || exit 1
[ "$(wc -l <undisturbed)" -eq 6 ] && ! grep -qv received undisturbed ||
	wrong "the undisturbed run is not as it should be"

try_all intake rollup deliver
try_all rollup deliver
try_all deliver

if [ "${TEST_LONG:-no}" = yes ]; then
	for how in disk map; do
		for times in 1 2 100000; do
			fill_all $how $times intake rollup deliver
			fill_all $how $times rollup deliver
			fill_all $how $times deliver
		done
	done
else
	fill_all map 1 intake rollup deliver
	fill_all map 1 rollup deliver
	fill_all disk 2 deliver
	fill_all disk 100000 deliver
fi
