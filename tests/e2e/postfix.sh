#!/bin/sh
# postfix.sh - from the TLS-event socket to the mailbox and the web server
# of the other side: a real Postfix takes the mail, a real nginx the POSTs
#
# scripts/check runs it; by hand, as root: srcdir=... tests/e2e/postfix.sh in
# the build directory.  Both servers are instances of their own, in a
# temporary folder and on free ports of 127.0.0.1.
. "${srcdir:-.}/tests/e2e/testlib.sh" || exit 1
. "$src/tests/e2e/postfix_instance.sh"
need_root "a Postfix is started"
need_tools postfix nginx openssl python3
python3 -c 'import jsonschema' ||
	skip "python3-jsonschema is missing: apt-get install python3-jsonschema"
make_folder
check="python3 $src/tests/e2e/check-report.py"

clean_up()
{
	[ ! -s "$dir/mail.queue/pid/master.pid" ] ||
		postfix -c "$dir/postfix" stop >/dev/null 2>&1
}

start_postfix()
{
	mkdir -p "$dir/postfix" "$dir/mail"
	chown nobody "$dir/mail"
	echo "tls@reports.test tls/" >"$dir/postfix/mailboxes"
	postfix_settings mail >"$dir/postfix/main.cf"
	cat >>"$dir/postfix/main.cf" <<-EOF
	myhostname = mx.reports.test
	mynetworks =
	inet_interfaces = 127.0.0.1
	smtpd_tls_security_level = may
	smtpd_tls_chain_files = $dir/key, $dir/cert
	virtual_mailbox_domains = reports.test
	virtual_mailbox_maps = texthash:$dir/postfix/mailboxes
	virtual_mailbox_base = $dir/mail
	virtual_uid_maps = static:$(id -u nobody)
	virtual_gid_maps = static:$(id -g nobody)
	EOF
	{
		echo "127.0.0.1:$smtp inet n - n - - smtpd"
		postfix_services n
	} >"$dir/postfix/master.cf"
	postfix -c "$dir/postfix" start >"$dir/start.log" 2>&1 ||
		die "postfix does not start" "$dir/start.log"
}

# "return" would not read the body, so what takes reports is a proxy in front
# of a location that does.
start_nginx()
{
	mkdir -p "$dir/bodies" "$dir/nginx"
	chown nobody "$dir/bodies"
	cat >"$dir/nginx.conf" <<-EOF
	user nobody nogroup;
	worker_processes 1;
	daemon off;
	pid $dir/nginx/pid;
	error_log $dir/nginx/error.log;
	events { worker_connections 128; }
	http {
		log_format reports '\$uri \$status \$content_type \$request_body_file';
		access_log $dir/nginx/access.log reports;
		client_body_temp_path $dir/bodies;
		client_max_body_size 10m;
		proxy_temp_path $dir/nginx/proxy;
		fastcgi_temp_path $dir/nginx/fastcgi;
		uwsgi_temp_path $dir/nginx/uwsgi;
		scgi_temp_path $dir/nginx/scgi;
		server {
			listen 127.0.0.1:$https ssl;
			server_name reports.localhost;
			ssl_certificate $dir/cert;
			ssl_certificate_key $dir/key;
			location /take/ {
				client_body_in_file_only on;
				proxy_pass_request_body off;
				proxy_set_header Content-Length "";
				proxy_pass http://unix:$dir/nginx/taken:/;
			}
			location /busy {
				add_header Retry-After 3600 always;
				return 503;
			}
			location /gone { return 404; }
			location /moved { return 302 /take/moved; }
		}
		server {
			listen unix:$dir/nginx/taken;
			access_log off;
			return 201;
		}
	}
	EOF
	start "$dir/nginx.log" nginx -e "$dir/nginx/error.log" \
		-c "$dir/nginx.conf"
	wait_until test -s "$dir/nginx/pid" ||
		die "nginx does not start" "$dir/nginx.log"
}

# sessions DOMAIN RUA SUCCESSES FAILURES: events, and the truth about them
sessions()
{
	awk -v d="$1" -v rua="$2" -v ok="$3" -v bad="$4" 'BEGIN {
		head = "{\"d\":\"" d "\",\"pr\":\"v=TLSRPTv1; rua=" rua "\"," \
			"\"policies\":[{\"policy-type\":2,\"policy-domain\":" \
			"\"" d "\",\"policy-string\":[\"version: STSv1\"," \
			"\"mode: enforce\",\"mx: mx." d "\"," \
			"\"max_age: 86400\"],\"mx-host\":[\"mx." d "\"],"
		for (i = 0; i < ok; i++)
			print head "\"t\":0,\"f\":0}]}"
		for (i = 0; i < bad; i++)
			print head "\"failure-details\":[{\"c\":202," \
				"\"s\":\"192.0.2.1\",\"n\":\"mx." d "\"," \
				"\"r\":\"198.51.100.7\",\"h\":\"mx" i "." d \
				"\"}],\"t\":1,\"f\":1}]}"
	}' >>"$dir/events"
	echo "$1 $3 $4" >>"$dir/truth"
}

count_events()
{
	start_daemon tlstallyd "counting events"
	"$e2e/send_datagrams" "$dir/run/events" "$dir/events"
	stop "$pid"
	expect "tlstallyd ends" 0 $?
	LC_ALL=C sort -o "$dir/truth" "$dir/truth"
	"$e2e/store_totals" "$dir/store" >"$dir/got"
	expect "the store holds what was sent" "" \
		"$(diff "$dir/truth" "$dir/got")"
}

# tlstally WORDS...
tlstally()
{
	timeout 60 "$bin/tlstally" -c "$dir/conf" "$@"
}

# check_totals FILE...: a report's sessions are those of the truth
check_totals()
{
	python3 - "$dir/truth" "$@" <<-'EOF'
	import email, gzip, json, sys
	truth = {d: (int(s), int(f)) for d, s, f in
	         (line.split() for line in open(sys.argv[1]))}
	for path in sys.argv[2:]:
	    data = open(path, "rb").read()
	    if data[:2] != b"\x1f\x8b":
	        data = email.message_from_bytes(data).get_payload()[1] \
	            .get_payload(decode=True)
	    report = json.loads(gzip.decompress(data))
	    for policy in report["policies"]:
	        domain = policy["policy"]["policy-domain"]
	        sums = policy["summary"]
	        got = (sums["total-successful-session-count"],
	               sums["total-failure-session-count"])
	        print("good" if got == truth[domain] else
	              f"{domain}: {got}, not {truth[domain]}")
	EOF
}

mails()
{
	find "$dir/mail/tls/new" -type f 2>/dev/null
}

mails_are()
{
	[ "$(mails | wc -l)" -eq "$1" ]
}

# How many requests nginx had for the path, with that status.
asked()
{
	grep -c "^$1 $2 application/tlsrpt+gzip " "$dir/nginx/access.log"
}

# All events must fall on one day.
stay_within_day 120

chmod 755 "$dir"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	-keyout "$dir/key" -out "$dir/cert" -days 2 -subj /CN=reports.localhost \
	-addext subjectAltName=DNS:reports.localhost 2>/dev/null ||
	die "openssl makes no certificate"
ports=$(free_ports 2)
smtp=${ports% *}
https=${ports#* }
start_postfix
start_nginx

mkdir "$dir/store" "$dir/run"
chown nobody "$dir/store"
leave_leaks_alone
cat >"$dir/conf" <<EOF
[report]
organization_name = Example Mail
contact_info = tls-reports@sender.test
mode = all
[store]
directory = $dir/store
map_size = 1G
rehearsal = yes
[events]
socket = unix:$dir/run/events
socket_owner = nobody
socket_group = nogroup
commit_interval = 100ms
[deliver]
mail = smtp://127.0.0.1:$smtp
https_allow_private = yes
https_ca_file = $dir/cert
spread = 0s
EOF

web=https://reports.localhost:$https
sessions mail.test mailto:tls@reports.test 40 2
sessions long.test mailto:tls@reports.test 3 950
sessions both.test "mailto:tls@reports.test,$web/take/both" 7 0
sessions web.test "$web/take/web" 0 12
sessions many.test "$web/take/many" 3 900
sessions dead.test mailto:nobody-there@reports.test 5 0
sessions half.test "mailto:nobody-there@reports.test,$web/take/half" 6 1
sessions busy.test "$web/busy" 8 0
sessions gone.test "$web/gone" 9 0
sessions moved.test "$web/moved" 10 0
count_events

tomorrow=$(date -u -d tomorrow +%Y-%m-%d)
tlstally run --now "${tomorrow}T06:00:00Z" >"$dir/run.out" 2>&1
expect "tlstally run" 0 $?
cat "$dir/run.out"

wait_until mails_are 3
expect "mails in the mailbox" 3 "$(mails | wc -l)"
for path in both half many web; do
	expect "POST /take/$path" 1 "$(asked "/take/$path" 201)"
done
bodies=$(find "$dir/bodies" -type f)
# shellcheck disable=SC2046,SC2086
$check $(mails) $bodies
expect "reports are as RFC 8460 wants them" 0 $?
# shellcheck disable=SC2046,SC2086
expect "their sessions are those that were sent" "      7 good" \
	"$(check_totals $(mails) $bodies | sort | uniq -c)"
expect "mail came over TLS" 3 "$(grep -c 'with ESMTPS' $(mails) |
	awk -F : '{ n += $2 } END { print n }')"
expect "the unknown user was refused at RCPT" yes \
	"$(grep -q 'RCPT.*550 5.1.1 <nobody-there@reports.test>' \
		"$dir/mail.log" && echo yes)"
# as an object: by the clock of today, which has not come so far, the end of a
# suppression made tomorrow is further off than a suppression lasts
expect "and is suppressed" 1 \
	"$(tlstally query suppression | grep -c nobody-there@reports.test)"

tlstally run --now "${tomorrow}T06:10:00Z" >"$dir/run.out" 2>&1
expect "a second run" 0 $?
sleep 1
expect "sends nothing again" "3 mails, 4 bodies" \
	"$(mails | wc -l) mails, $(find "$dir/bodies" -type f | wc -l) bodies"
expect "asked once: 503, 404, 302" "1 1 1" \
	"$(asked /busy 503) $(asked /gone 404) $(asked /moved 302)"
tlstally run --now "${tomorrow}T07:30:00Z" >"$dir/run.out" 2>&1
expect "after Retry-After 503 is asked again, the others not" "2 1 1" \
	"$(asked /busy 503) $(asked /gone 404) $(asked /moved 302)"
expect "the redirect was not followed" 0 "$(asked /take/moved 201)"
[ $failures -eq 0 ] || tail -n 20 "$dir/run.out" "$dir/mail.log"
end_test
