# jmap_http.sh - JMAP by the real daemon, on one core.  Sourced by
# scripts/bench; http_load asks from another core where there is one.

# The requests, in $work/KIND.json; the ids of /get come from a /query.
jmap_requests() {
	python3 - "$work" "$1" "$2" <<-'EOF'
	import json, sys, urllib.request
	work, port, token = sys.argv[1:]
	REPORT = "x:TlsInternalReport/"
	def body(name, args):
	    return json.dumps({"using": ["urn:ietf:params:jmap:core",
	        "urn:stalwart:jmap"], "methodCalls": [[name, args, "0"]]})
	def write(kind, name, args):
	    with open(f"{work}/{kind}.json", "w") as file:
	        file.write(body(name, args))
	ask = urllib.request.Request(f"http://127.0.0.1:{port}/api",
	    body(REPORT + "query", {"position": 40000, "limit": 500}).encode(),
	    {"Authorization": "Bearer " + token,
	     "Content-Type": "application/json"})
	ids = json.load(urllib.request.urlopen(ask))["methodResponses"][0][1][
	    "ids"]
	assert len(ids) == 500
	write("query", REPORT + "query", {"filter": {"hasFailures": True,
	    "text": "host"}, "sort": [{"property": "domain"}], "limit": 50,
	    "calculateTotal": True})
	write("times", REPORT + "query", {"sort": [{"property": "deliverAt",
	    "isAscending": False}], "limit": 50})
	write("get500", REPORT + "get", {"ids": ids})
	write("get1", REPORT + "get", {"ids": ids[:1]})
	write("echo", "Core/echo", {"hello": True})
	EOF
}

# jmap_line NAME GOAL CONNECTIONS REQUESTS KIND
jmap_line() {
	local out
	out=$(taskset -c "$jmap_asks" "$build/bench/http_load" "$3" "$4" \
		"$jmap_port" "$jmap_token" "$work/$5.json")
	row "$1" "$(number median "$out") ms, 99 % within \
$(number p99 "$out") ms, $(number rate "$out")/s [$2]"
}

# jmap_http STORE: one that jmap_bench has filled
jmap_http() {
	local daemon jmap_port jmap_token jmap_asks=0
	jmap_port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
	settings "$1"
	printf '[http]\nlisten = inet:127.0.0.1:%s\nmetrics =\n' "$jmap_port" >>"$1.conf"
	jmap_token=$("$build/src/programs/tlstally" -c "$1.conf" token add bench \
		--permission all)
	[ "$(nproc)" -eq 1 ] || jmap_asks=1
	: >"$work/log"
	taskset -c 0 "$build/src/programs/tlstally-httpd" -f -c "$1.conf" \
		2>"$work/log" &
	daemon=$!
	pids="$pids $daemon"
	wait_for grep -q serving "$work/log"
	say "The same by tlstally-httpd, on one core"
	jmap_requests "$jmap_port" "$jmap_token"
	jmap_line "query, filtered and sorted" "< 50 ms" 1 40 query
	jmap_line "query, all of them sorted by time" "< 50 ms" 1 40 times
	jmap_line "get of 500" "< 100 ms" 1 40 get500
	jmap_line "get of 1, 8 connections" ">= 2000/s" 8 20000 get1
	jmap_line "Core/echo, 8 connections" ">= 2000/s" 8 20000 echo
	row "memory" "$(awk '/RssAnon/ { print $2 }' "/proc/$daemon/status") KiB"
	kill "$daemon"
	wait "$daemon" || { cat "$work/log"; exit 1; }
}
