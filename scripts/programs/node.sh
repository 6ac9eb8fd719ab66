#!/bin/bash
# node: an HTTP server that uses fs, dns, child_process, crypto and zlib.
. "$(dirname "$0")/common.sh" node "$@"
unset NODE_OPTIONS

port=$(free_port) url=http://127.0.0.1:$port
cat >"$data/server.js" <<'JS'
const [, , port, dir] = process.argv;
const { promisify } = require('util');
const childProcess = require('child_process');
const crypto = require('crypto');
const dns = require('dns').promises;
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');

const routes = {
  '/hello': async () => 'hello from node',
  '/fs': async () => {
    const file = path.join(dir, 'file');
    await fs.promises.writeFile(file, 'some text');
    await fs.promises.appendFile(file, ' and more');
    await fs.promises.rename(file, file + '.new');
    const { size } = await fs.promises.stat(file + '.new');
    const text = fs.readFileSync(file + '.new', 'utf8');
    const listed = (await fs.promises.readdir(dir)).includes('file.new');
    await fs.promises.unlink(file + '.new');
    return `${text} ${size} ${listed}`;
  },
  '/dns': async () => {
    const { address } = await dns.lookup('localhost');
    return ['127.0.0.1', '::1'].includes(address) ? 'local' : address;
  },
  '/child': async () => {
    const { stdout } = await promisify(childProcess.exec)('echo child; exit 0');
    return stdout.trim() + ' ' + childProcess.execFileSync('/bin/echo', ['sync']).toString().trim();
  },
  '/crypto': async () => {
    const key = await promisify(crypto.pbkdf2)('password', 'salt', 1000, 8, 'sha256');
    return `${crypto.randomBytes(16).length} ${key.toString('hex')}`;
  },
  '/zlib': async () => {
    const packed = await promisify(zlib.gzip)('x'.repeat(100000));
    return String((await promisify(zlib.gunzip)(packed)).length);
  },
  '/large': async () => 'x'.repeat(4000000),
};

const server = require('http').createServer(async (request, response) => {
  try {
    const route = routes[request.url];
    response.statusCode = route ? 200 : 404;
    response.end(route ? await route() : 'not found');
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    response.end(String(error));
  }
});
server.listen(port, '127.0.0.1');
// Dies of the signal when closed: an exit would join node's threads, where libuv
// now and then calls sched_yield.
process.once('SIGTERM', () => server.close(() => process.kill(process.pid, 'SIGTERM')));
JS

start node node "$data/server.js" "$port" "$data"
wait_for_port "$port"

for i in 1 2 3; do
    equal "GET $i" 'hello from node' "$(http "$url/hello")"
    equal "fs $i" 'some text and more 18 true' "$(http "$url/fs")"
    equal "dns.lookup $i" local "$(http "$url/dns")"
    equal "child_process $i" 'child sync' "$(http "$url/child")"
    equal "crypto $i" '16 632c2812e46d4604' "$(http "$url/crypto")"
    equal "zlib $i" 100000 "$(http "$url/zlib")"
    equal "large answer $i" 4000000 "$(http "$url/large" | wc -c)"
done
equal 'unknown route' 404 "$(http -o /dev/null -w '%{http_code}' "$url/missing")"

stop TERM 143
pass
