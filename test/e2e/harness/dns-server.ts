// A DNS server (RFC 1035) for names of a test's own, over UDP and TCP: it answers as told, or fails, or keeps silent.
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';

export type DnsAnswer =
  | { readonly addresses: readonly string[]; readonly ttlSeconds: number }
  /** NXDOMAIN, SERVFAIL, or no answer at all. */
  | 'none'
  | 'failure'
  | 'silence';

export interface DnsServer {
  /** `127.0.0.1:5353` */
  readonly address: string;
  /** For names in lower case; names that were never set are answered with NXDOMAIN. */
  set(name: string, answer: DnsAnswer): void;
  /** Questions for A records of the name so far. */
  asked(name: string): number;
  stop(): Promise<void>;
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** The question as it stands in the message. */
  readonly bytes: Buffer;
}

const maxUdp = 512;
const typeA = 1;

function parse(message: Buffer): Question | undefined {
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63 || at + length + 5 > message.length) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  const name = labels.join('.').toLowerCase();
  return { id: message.readUInt16BE(0), name, type: message.readUInt16BE(at), bytes: message.subarray(12, at + 4) };
}

function respond({ id, type, bytes }: Question, answer: Exclude<DnsAnswer, 'silence'>, isTcp: boolean): Buffer {
  const records =
    typeof answer === 'string' || type !== typeA
      ? []
      : answer.addresses.map((address) => {
          const record = Buffer.alloc(16);
          // A pointer to the name in the question, A, IN.
          record.writeUInt16BE(0xc00c, 0);
          record.writeUInt16BE(typeA, 2);
          record.writeUInt16BE(1, 4);
          record.writeUInt32BE(answer.ttlSeconds, 6);
          record.writeUInt16BE(4, 10);
          record.set(address.split('.').map(Number), 12);
          return record;
        });
  const code = answer === 'none' ? 3 : answer === 'failure' ? 2 : 0;
  const isCut = !isTcp && 12 + bytes.length + records.length * 16 > maxUdp;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(id, 0);
  // Response, recursion wanted and available; truncated where UDP has no room for it.
  header.writeUInt16BE(0x8180 | (isCut ? 0x0200 : 0) | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(isCut ? 0 : records.length, 6);
  return Buffer.concat([header, bytes, ...(isCut ? [] : records)]);
}

export async function startDnsServer(): Promise<DnsServer> {
  const answers = new Map<string, DnsAnswer>();
  const asked = new Map<string, number>();
  const answerTo = (message: Buffer, isTcp: boolean): Buffer | undefined => {
    const question = parse(message);
    if (question === undefined) return undefined;
    if (question.type === typeA) asked.set(question.name, (asked.get(question.name) ?? 0) + 1);
    const answer = answers.get(question.name) ?? 'none';
    return answer === 'silence' ? undefined : respond(question, answer, isTcp);
  };
  const sockets = new Set<net.Socket>();
  const tcp = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const response = answerTo(received.subarray(2, end), true);
        received = received.subarray(end);
        if (response === undefined) continue;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(response.length);
        socket.write(Buffer.concat([length, response]));
      }
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as net.AddressInfo;
  const udp = dgram.createSocket('udp4');
  udp.on('message', (message, peer) => {
    const response = answerTo(message, false);
    if (response !== undefined) udp.send(response, peer.port, peer.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  return {
    address: `127.0.0.1:${port}`,
    set: (name, answer) => {
      answers.set(name, answer);
    },
    asked: (name) => asked.get(name) ?? 0,
    stop: async () => {
      udp.close();
      for (const socket of sockets) socket.destroy();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}
