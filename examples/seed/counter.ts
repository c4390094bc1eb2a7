// The demo's HTTP application: counts visits per path, so that each request through the gateway shows.
import http from 'node:http';

const maxPaths = 1000;

export interface Counter {
  readonly server: http.Server;
  /** Path → visits. */
  readonly visits: ReadonlyMap<string, number>;
}

export function createCounter(): Counter {
  const visits = new Map<string, number>();
  const server = http.createServer((request, response) => {
    request.resume();
    const path = new URL(request.url ?? '/', 'http://counter').pathname;
    if (visits.has(path) || visits.size < maxPaths) visits.set(path, (visits.get(path) ?? 0) + 1);
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end(`${path} was visited ${visits.get(path) ?? 'too many other paths to count; this one'} times\n`);
  });
  return { server, visits };
}
