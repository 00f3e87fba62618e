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

configure_in()
{
	mkdir -p "$1" && cd "$1" || return
	shift
	"$top/configure" "$@"
}

# With sanitizers and points of failure, as all tests want it
build_for_tests()
{
	[ -x configure ] ||
		must "autoreconf" "$build/autoreconf.log" autoreconf -fi
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
