// Answers of the admin server: always complete, typed, and never kept by a cache or run by a browser.
import type { ServerResponse } from 'node:http';

const headers = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

export function respond(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) });
  // For HEAD node sends the headers alone.
  response.end(body);
}

export function respondJson(response: ServerResponse, status: number, value: unknown): void {
  respond(response, status, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`);
}

export function respondText(response: ServerResponse, status: number, text: string): void {
  respond(response, status, 'text/plain; charset=utf-8', `${text}\n`);
}

/** `{ error, hint }`: what the CLI shows to people. */
export function respondError(response: ServerResponse, status: number, error: string, hint?: string): void {
  respondJson(response, status, hint === undefined ? { error } : { error, hint });
}

export const streamHeaders = { ...headers, 'content-type': 'text/plain; charset=utf-8' };
