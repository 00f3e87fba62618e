# testlib.sh - what the tests with real servers share.  Sourced, by sh and bash:
#
#     . "${srcdir:-.}/tests/e2e/testlib.sh"
#     need_tools python3 openssl
#     make_folder
#     ... start servers, ask them, say what is expected ...
#     end_test
#
# A test runs in the build folder and finds there: $build, the folder; $bin, its
# programs; $e2e, its helpers of tests/e2e; and $src, the source tree.
# make_folder gives it $dir, a folder that nobody else uses.
#
# However the test ends - at its end, at a failure, by a signal - the processes
# that it started are ended by their numbers, its own clean_up is called if it
# has one, and $dir is removed (not with TEST_KEEP=yes).  The exit status is
# automake's: 0, 1, or 77 with a line that says why nothing was tried.
#
# A wait here is for something that must come.  How long that takes is the
# machine's affair; the limit is only for what never comes, and one for all.
set -u
src=$(cd "${srcdir:-.}" && pwd) || exit 1
build=$PWD
bin=$build/src/programs
e2e=$build/tests/e2e
PATH=$PATH:/usr/sbin:/sbin
WAIT_SECS=60
dir=
pids=
enter=
net=
at_failure=
failures=0

skip()
{
	echo "$*"
	exit 77
}

# need_tools TOOL...: or the test is skipped, and says what to install
need_tools()
{
	local tool package
	for tool; do
		command -v "$tool" >/dev/null && continue
		case $tool in
		flock) package=util-linux ;;
		ip) package=iproute2 ;;
		ssh | ssh-keygen) package=openssh-client ;;
		sshd) package=openssh-server ;;
		ldns-* | drill) package=ldnsutils ;;
		nginx) package=nginx-light ;;
		postconf) package=postfix ;;
		rsyslogd) package=rsyslog ;;
		*) package=$tool ;;
		esac
		skip "$tool is missing: apt-get install $package"
	done
}

# skip_part WHAT WHY: and go on; scripts/check counts it
skip_part()
{
	echo "SKIP: $1: $2"
}

# need_root WHY
need_root()
{
	[ "$(id -u)" -eq 0 ] || skip "$1: only root can"
}

make_folder()
{
	dir=$(mktemp -d "${TMPDIR:-/tmp}/$(basename "$0" .sh).XXXXXX") ||
		exit 1
	trap leave EXIT
	trap 'exit 1' HUP INT TERM
}

# make_namespace: a network of the test's own.  Processes are started there
# ($enter), where the files of /etc/netns/$net are those of /etc.
make_namespace()
{
	need_root "a network namespace"
	ip netns add tlstally-$$ 2>/dev/null ||
		skip "no network namespace can be made here"
	net=tlstally-$$
	ip netns exec $net true 2>/dev/null ||
		skip "no program can be run in a network namespace: the root" \
			"directory is no mount point (a chroot?)"
	mkdir -p "/etc/netns/$net"
	enter="ip netns exec $net"
	$enter ip link set lo up
}

leave()
{
	local pid
	trap '' HUP INT TERM
	WAIT_SECS=10
	for pid in $pids; do
		kill "$pid" 2>/dev/null
		kill -CONT "$pid" 2>/dev/null
	done
	for pid in $pids; do
		wait_until is_gone "$pid" || kill -KILL "$pid"
	done
	! command -v clean_up >/dev/null || clean_up
	if [ -n "$net" ]; then
		ip netns del "$net"
		rm -rf --one-file-system "/etc/netns/$net"
		rmdir /etc/netns 2>/dev/null
	fi
	[ -z "$dir" ] || [ "${TEST_KEEP:-no}" = yes ] ||
		rm -rf --one-file-system "$dir"
}

# start LOG COMMAND...: in the background; $pid is its number, and what it says
# is added to LOG.  A program, no function: what is killed must be the server.
start()
{
	local log=$1
	shift
	# shellcheck disable=SC2086
	exec $enter "$@" >>"$log" 2>&1 &
	pid=$!
	pids="$pids $pid"
}

# start_daemon NAME WORDS [OPTION...]: one of our own, with the settings of
# $dir/conf, until it has said WORDS in $dir/NAME.log
start_daemon()
{
	local name=$1 words=$2
	shift 2
	: >"$dir/$name.log"
	start "$dir/$name.log" "$bin/$name" -f -c "$dir/conf" "$@"
	wait_until grep -q "$words" "$dir/$name.log" ||
		die "$name does not start" "$dir/$name.log"
}

# start_fake NAME PROGRAM ARGUMENT...: one of tests/fake, until it has said that
# it is READY, and then its port, which is $port
start_fake()
{
	local name=$1 program=$2
	shift 2
	: >"$dir/$name.out"
	start "$dir/$name.out" python3 "$src/tests/fake/$program.py" "$@"
	wait_until grep -q ^READY "$dir/$name.out" ||
		die "$program does not start" "$dir/$name.out"
	port=$(sed -n 's/^READY *//p' "$dir/$name.out")
}

# is_gone PID: also when nobody has waited for it
is_gone()
{
	case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
	"" | Z*) ;;
	*) return 1 ;;
	esac
}

# ends PID: the exit status of one that ends by itself
ends()
{
	local it=$1 others= other
	wait_until is_gone "$it" || {
		fail "process $it does not end: $(tr '\0' ' ' \
			<"/proc/$it/cmdline")"
		kill -KILL "$it"
	}
	for other in $pids; do
		[ "$other" = "$it" ] || others="$others $other"
	done
	pids=$others
	wait "$it" 2>/dev/null
}

# stop PID [SIGNAL]: TERM unless another is asked for; its exit status
stop()
{
	kill "-${2:-TERM}" "$1"
	ends "$1"
}

# Seconds since the host was started: a clock that nobody sets.
uptime_secs()
{
	local secs rest
	read -r secs rest </proc/uptime
	echo "${secs%%.*}"
}

# wait_until COMMAND...: until it succeeds
wait_until()
{
	local end=$(($(uptime_secs) + WAIT_SECS))
	until "$@"; do
		[ "$(uptime_secs)" -lt $end ] || return 1
		sleep 0.05
	done
}

# fail WHAT [FILE]: counted; the end of the file says more, and so do those of
# $at_failure
fail()
{
	local file
	echo "FAIL: $1"
	for file in ${2:+"$2"} $at_failure; do
		[ ! -s "$file" ] || tail -n 30 "$file" | sed 's/^/    /'
	done
	failures=$((failures + 1))
}

# die WHAT [FILE]: nothing more can be tried
die()
{
	fail "$@"
	exit 1
}

# expect WHAT WANT GOT
expect()
{
	if [ "$2" = "$3" ]; then
		echo "ok: $1"
	else
		fail "$1: wanted '$2', got '$3'"
	fi
}

# expect_like WHAT PATTERN GOT: the shell's kind of pattern
expect_like()
{
	# shellcheck disable=SC2254
	case $3 in
	$2) echo "ok: $1" ;;
	*) fail "$1: wanted '$2', got '$3'" ;;
	esac
}

# expect_text WHAT PATTERN FILE: some line of it is as grep(1) wants it
expect_text()
{
	if grep -q -e "$2" "$3"; then
		echo "ok: $1"
	else
		fail "$1: no '$2' in" "$3"
	fi
}

# expect_soon WHAT COMMAND...: succeeds, sooner or later
expect_soon()
{
	local what=$1
	shift
	if wait_until "$@" >"$dir/soon" 2>&1; then
		echo "ok: $what"
	else
		fail "$what" "$dir/soon"
	fi
}

# free_ports COUNT: of 127.0.0.1, for TCP and UDP, that nobody has now
free_ports()
{
	python3 - "$1" <<-'EOF'
	import socket, sys
	held, ports = [], []
	while len(ports) < int(sys.argv[1]):
	    tcp = socket.create_server(("127.0.0.1", 0))
	    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	    held += [tcp, udp]
	    try:
	        udp.bind(tcp.getsockname())
	        ports.append(tcp.getsockname()[1])
	    except OSError:
	        pass
	print(*ports)
	EOF
}

# make_host NAME MODE [LINE...]: settings of one of several hosts, in
# $dir/NAME/conf, with these lines in the section [fleet]; what it sends is in
# $dir/NAME/sent
make_host()
{
	local name=$1 mode=$2
	shift 2
	mkdir -p "$dir/$name/sent" "$dir/$name/store"
	cat >"$dir/$name/conf" <<-EOF
	[report]
	organization_name = Example Mail
	contact_info = tls-reports@example.com
	mode = $mode
	[store]
	directory = $dir/$name/store
	map_size = 1G
	rehearsal = yes
	[events]
	socket = unix:$dir/$name/events
	socket_owner =
	socket_group =
	commit_interval = 50ms
	[deliver]
	mail = off
	https = off
	directory = $dir/$name/sent
	spread = 0s
	[fleet]
	name = $name.example.com
	$(printf '%s\n' "$@")
	EOF
}

# need_tlsrpt_reporter: the package tlsrpt-reporter 0.6 of PyPI, in $venv, a
# virtual environment: that of $TLSRPT_REPORTER, or one is made here
need_tlsrpt_reporter()
{
	venv=${TLSRPT_REPORTER:-$dir/venv}
	if [ ! -x "$venv/bin/python3" ]; then
		python3 -m venv "$venv" >/dev/null 2>&1 ||
			skip "no virtual environment:" \
				"apt-get install python3-venv"
	fi
	if ! "$venv/bin/python3" -c "import tlsrpt_reporter" 2>/dev/null; then
		timeout 60 "$venv/bin/pip" -q install tlsrpt-reporter==0.6.0 \
			>"$dir/pip.log" 2>&1 ||
			skip "tlsrpt-reporter 0.6.0 cannot be installed" \
				"(pip install tlsrpt-reporter==0.6.0)"
	fi
}

# count_file FILE NAME...: these hosts count its events
count_file()
{
	local file=$1 lines sent to
	shift
	lines=$(grep -c . "$file")
	for to; do
		"$e2e/send_datagrams" "$dir/$to/events" "$file" >/dev/null ||
			fail "sending to $to"
		sent=$(cat "$dir/$to/sent-events" 2>/dev/null)
		echo $((${sent:-0} + lines)) >"$dir/$to/sent-events"
	done
}

# has_counted NAME: all that it was sent
has_counted()
{
	"$bin/tlstally" -c "$dir/$1/conf" status --json >"$dir/out" &&
		python3 -c 'import json, sys
events = json.load(open(sys.argv[1]))["events"]
sys.exit(not events or events[0]["events"] != int(sys.argv[2]))' \
			"$dir/out" "$(cat "$dir/$1/sent-events")"
}

# expect_reports WHAT WANT GOT: what the second host has sent is what the first
# has, but for the report-ids
expect_reports()
{
	expect "$1" "same True" "$(python3 - "$dir/$2" "$dir/$3" <<-'EOF'
	import glob, gzip, json, sys

	def reports(host):
	    found = {}
	    for path in glob.glob(f"{host}/sent/*.json.gz"):
	        report = json.load(gzip.open(path))
	        del report["report-id"]
	        found[path.split("!")[1]] = report
	    return found

	want, got = reports(sys.argv[1]), reports(sys.argv[2])
	for domain in sorted(set(got) | set(want)):
	    if got.get(domain) != want.get(domain):
	        print(domain, got.get(domain), want.get(domain))
	print("same", len(want) > 10)
	EOF
	)"
}

# stay_within_day SECONDS: at the end of a day (UTC), wait for the next one
stay_within_day()
{
	local left=$((86400 - $(date +%s) % 86400))
	[ $left -gt "$1" ] || sleep $left
}

# leave_leaks_alone: the leak checker cannot trace a process that changed its
# user
leave_leaks_alone()
{
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	export ASAN_OPTIONS
}

end_test()
{
	echo "$failures failed"
	[ $failures -eq 0 ]
	exit
}
