import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const MOST_CONNECTIONS = 16;
const TIME_LIMIT_MS = 10_000;

/** Serves a text at /metrics, made anew for every request. */
export class MetricsServer {
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  /** @throws what listen(2) throws, such as EADDRINUSE. */
  static async start(host: string, port: number, text: () => string): Promise<MetricsServer> {
    const server = createServer((request, response) => {
      const known = request.url?.split('?', 1)[0] === '/metrics';
      const readable = request.method === 'GET' || request.method === 'HEAD';
      const status = known ? (readable ? 200 : 405) : 404;
      const body = status === 200 ? text() : 'callgate serves GET /metrics\n';
      const type = status === 200 ? 'text/plain; version=0.0.4; charset=utf-8' : 'text/plain; charset=utf-8';
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.headersTimeout = TIME_LIMIT_MS;
    server.requestTimeout = TIME_LIMIT_MS;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    server.on('error', () => {});
    return new MetricsServer(server);
  }

  /** Where it listens, such as 127.0.0.1:9100. */
  get address(): string {
    const { address, port, family } = this.server.address() as AddressInfo;
    return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
