# nginx_sink - an nginx that answers every POST over TLS with 201, to be
# sourced:
#
#     nginx_sink_start DIR    makes certificate and settings in DIR, starts it;
#                             sets NGINX_SINK_PORT, NGINX_SINK_PID and
#                             NGINX_SINK_CA (the file to trust)
#     nginx_sink_stop
#
# The certificate is for localhost and sink.localhost (which curl takes for
# loopback by itself: a rua needs a name with a dot); everything stays in DIR.

# A port of loopback that nobody had a moment ago: nginx cannot be told "any".
nginx_sink_free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

nginx_sink_config() {
	cat <<-EOF
	daemon off;
	pid $1/nginx.pid;
	error_log $1/error.log;
	worker_processes 1;
	events { worker_connections 1024; }
	http {
		access_log off;
		client_body_temp_path $1/body;
		proxy_temp_path $1/proxy;
		fastcgi_temp_path $1/fastcgi;
		uwsgi_temp_path $1/uwsgi;
		scgi_temp_path $1/scgi;
		keepalive_requests 1000000;
		server {
			listen 127.0.0.1:$2 ssl http2;
			ssl_certificate $1/cert.pem;
			ssl_certificate_key $1/key.pem;
			location / { return 201; }
		}
	}
	EOF
}

nginx_sink_start() {
	NGINX_SINK_PORT=$(nginx_sink_free_port)
	NGINX_SINK_CA=$1/cert.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "$1/key.pem" -out "$1/cert.pem" -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost,DNS:sink.localhost \
		2>"$1/openssl.log" || return 1
	nginx_sink_config "$1" "$NGINX_SINK_PORT" >"$1/nginx.conf"
	nginx -p "$1" -e "$1/error.log" -c "$1/nginx.conf" &
	NGINX_SINK_PID=$!
	for _ in $(seq 100); do
		[ -s "$1/nginx.pid" ] && return 0
		sleep 0.05
	done
	return 1
}

nginx_sink_stop() {
	kill "$NGINX_SINK_PID" 2>/dev/null
	wait "$NGINX_SINK_PID" 2>/dev/null
}
