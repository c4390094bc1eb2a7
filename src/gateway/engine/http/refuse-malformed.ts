// The answer to bytes that are no HTTP/1.1 request, one beyond the limits, or one that does not come: Envoy's words, then a slow close.
import type { Socket } from 'node:net';
import { countAnswer } from '../statistics/http-statistics.ts';
import { delayedCloseMs } from './create-http1-stream.ts';
import { describeConnection } from './describe-connection.ts';
import type { ConnectionState, HttpServing } from './http-serving.ts';
import { currentDate } from './local-reply.ts';

export type Malformation = 'malformed' | 'headers-too-large' | 'too-many-headers' | 'too-slow';

interface Answer {
  readonly status: number;
  readonly phrase: string;
  /** The phrase where absent. */
  readonly body?: string;
  readonly details: string;
}

const answers: Readonly<Record<Malformation, Answer>> = {
  malformed: { status: 400, phrase: 'Bad Request', details: 'http1.codec_error' },
  'headers-too-large': { status: 431, phrase: 'Request Header Fields Too Large', details: 'http1.headers_too_large' },
  'too-many-headers': { status: 431, phrase: 'Request Header Fields Too Large', details: 'http1.too_many_headers' },
  'too-slow': {
    status: 408,
    phrase: 'Request Timeout',
    body: 'request header timeout',
    details: 'request_header_timeout',
  },
};

/** It was a request to Envoy too, which was answered and then could not be read on. */
function count(
  kind: Malformation,
  status: number,
  { http, listener }: ReturnType<ConnectionState['statistics']>,
): void {
  const { counters } = http;
  counters.downstream_rq_total++;
  counters.downstream_rq_http1_total++;
  counters.downstream_rq_response_before_rq_complete++;
  if (kind === 'too-slow') counters.downstream_rq_header_timeout++;
  else {
    counters.downstream_cx_protocol_error++;
    counters.downstream_rq_rx_reset++;
  }
  http.requestMs.record(0);
  countAnswer(counters, status);
  countAnswer(listener, status);
}

export function refuseMalformed(
  socket: Socket,
  state: ConnectionState,
  serving: HttpServing,
  { kind }: { readonly kind: Malformation },
): void {
  const { connection } = state;
  const manager = state.manager();
  const { status, phrase, body = phrase, details } = answers[kind];
  count(kind, status, state.statistics());
  const head = [
    `HTTP/1.1 ${status} ${phrase}`,
    `content-length: ${body.length}`,
    'content-type: text/plain',
    `date: ${currentDate()}`,
    ...(manager.keepsServer === 'ALWAYS' ? [] : [`server: ${manager.serverName}`]),
    'connection: close',
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
  // A close while the client still sends would take the answer with it.
  socket.removeAllListeners('data');
  socket.on('data', () => {});
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), delayedCloseMs);
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
  if (manager.accessLogs.length === 0) return;
  serving.log(manager.accessLogs, {
    ...describeConnection(connection, performance.now()),
    kind: 'http',
    protocol: 'HTTP/1.1',
    responseCode: status,
    responseCodeDetails: details,
    responseFlags: kind === 'too-slow' ? [] : ['DPE'],
    bytesSent: body.length,
  });
}
