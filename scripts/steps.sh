# Steps of scripts/check and scripts/check-long: each is one line, counted.
# Sourced; $build is where their logs are.

passed=0
failed=0
skipped=0

# step WHAT LOG COMMAND...: one line, and the end of the log if it fails
step()
{
	what=$1
	log=$2
	shift 2
	echo "== $what"
	("$@") >"$log" 2>&1 && return
	echo "FAIL: $what; the end of $log:"
	tail -n 40 "$log" | sed 's/^/    /'
	return 1
}

# only_one: makes $build, where nobody else must be at work.  All that works for
# us has the lock, too.
only_one()
{
	mkdir -p "$build" || exit 1
	exec 9>"$build/lock"
	flock -n 9 && return
	echo "FAIL: another ${0##*/} is at work in $build"
	failed=$((failed + 1))
	finish
}

finish()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
	exit
}

must()
{
	step "$@" && return
	failed=$((failed + 1))
	finish
}

counted()
{
	if step "$@"; then
		echo "PASS: $1"
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
}

# parts_skipped LOG: of a test that passed; each is a line "SKIP: WHAT: WHY"
parts_skipped()
{
	grep '^SKIP: ' "$1" | sed 's/^/    /'
	skipped=$((skipped + $(grep -c '^SKIP: ' "$1")))
}

# count_result NAME STATUS LOG: a test's exit status; 77 is automake's "skipped"
count_result()
{
	case $2 in
	0)
		echo "PASS: $1"
		passed=$((passed + 1))
		parts_skipped "$3"
		;;
	77)
		echo "SKIP: $1"
		tail -n 3 "$3" | sed 's/^/    /'
		skipped=$((skipped + 1))
		;;
	*)
		echo "FAIL: $1"
		tail -n 40 "$3" | sed 's/^/    /'
		failed=$((failed + 1))
		;;
	esac
}

# server_test SCRIPT [ARGUMENTS...]: in the build folder, as make check does
server_test()
{
	log=$build/$(echo "$*" | sed 's|.*/||' | tr ' ' '-').log
	script=$1
	shift
	(cd "$build/gcc" && srcdir=$top "$top/$script" "$@") >"$log" 2>&1
	count_result "$script${*:+ $*}" $? "$log"
}

# counts_of WHAT LOG COMMAND...: one of these scripts, which counts by itself
counts_of()
{
	echo "== $1"
	log=$2
	shift 2
	("$@") >"$log" 2>&1
	grep '^[A-Z]*: ' "$log"
	# shellcheck disable=SC2046
	set -- $(sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' \
		"$log")
	[ $# -eq 3 ] || {
		echo "FAIL: it did not come to its end:"
		tail -n 40 "$log" | sed 's/^/    /'
		set -- 0 1 0
	}
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
}

configure_in()
{
	mkdir -p "$1" && cd "$1" || return
	shift
	"$top/configure" "$@"
}

make_configure()
{
	[ -x configure ] ||
		must "autoreconf" "$build/autoreconf.log" autoreconf -fi
}

# With sanitizers and points of failure, as all tests want it
build_for_tests()
{
	make_configure
	must "configure" "$build/configure.log" configure_in "$build/gcc" \
		--enable-sanitizers --enable-werror --enable-failpoints
	must "make" "$build/make.log" make -C "$build/gcc" -j2
}

# install_or_end PACKAGE...
install_or_end()
{
	install_packages "$build/apt.log" "$@" && return
	tail -n 20 "$build/apt.log" 2>/dev/null
	failed=$((failed + 1))
	finish
}
