#!/bin/bash
# nginx: master and two workers (www-data's when root) serving static files.
. "$(dirname "$0")/common.sh" nginx "$@"

port=$(free_port) url=http://127.0.0.1:$port
mkdir "$data/root" "$data/temp"
echo 'hello from nginx' >"$data/root/hello.txt"
seq 1000000 >"$data/root/large.txt"

{
    [ "$(id -u)" != 0 ] || echo 'user www-data;'
    cat <<CONF
daemon off;
worker_processes 2;
pid nginx.pid;
events { worker_connections 64; }
http {
    access_log access.log;
    sendfile on;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    server { listen 127.0.0.1:$port; root root; }
}
CONF
} >"$data/nginx.conf"

start nginx nginx -p "$data/" -e stderr -c nginx.conf
wait_for_port "$port"

for i in 1 2 3; do
    equal "GET $i" 'hello from nginx' "$(http "$url/hello.txt")"
done
equal 'GET of a missing file' 404 \
    "$(http -o /dev/null -w '%{http_code}' "$url/missing")"
equal 'keepalive: connections of two requests' '1 0 ' \
    "$(http -o /dev/null -o /dev/null -w '%{num_connects} ' "$url/hello.txt" "$url/hello.txt")"
equal 'HEAD' '200 17' \
    "$(http -I "$url/hello.txt" | tr -d '\r' | awk '/^HTTP/ {s = $2} /^Content-Length/ {l = $2} END {print s, l}')"
http -o "$data/large.got" "$url/large.txt" || fail 'GET of a large file'
check 'content of the large file' cmp -s "$data/root/large.txt" "$data/large.got"
equal 'range of the large file' '1 2 3 ' "$(http -r 0-5 "$url/large.txt" | tr '\n' ' ')"

stop QUIT
equal 'requests in the access log' 9 "$(wc -l <"$data/access.log")"
pass
