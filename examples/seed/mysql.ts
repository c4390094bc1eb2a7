// The demo's raw TCP application: a MySQL-protocol server (mysql2's) that shows the counter's visits as a table.
import net from 'node:net';
import tls from 'node:tls';
import mysql2 from 'mysql2';
import { clientSsl, createMysqlTlsStream } from './mysql-tls.ts';

/** What the demo uses of mysql2's server-side connection; its published types cover clients only. */
interface ServerConnection {
  serverHandshake(options: Readonly<Record<string, unknown>>): void;
  on(event: 'query' | 'stmt_prepare', listener: (query: string) => void): void;
  on(event: 'error' | 'quit', listener: () => void): void;
  on(event: 'packet', listener: (packet: unknown, known: boolean) => void): void;
  writeOk(args?: { affectedRows: number }): void;
  writeError(args: { code: number; message: string }): void;
  writeColumns(columns: readonly object[]): void;
  writeTextRow(row: readonly unknown[]): void;
  writeEof(): void;
  sequenceId: number;
  stream: { end(): void };
}

const serverVersion = '8.0.42-tidegate-demo';
const protocol41Flags = 0x0200 | 0x0001 | 0x0004 | 0x0008 | 0x2000 | 0x8000 | 0x00080000;
/** ER_UNKNOWN_COM_ERROR. */
const unknownCommand = 1047;
const maxConnections = 100;
const column = (name: string, type: number): object => ({
  catalog: 'def',
  schema: 'demo',
  table: 'visits',
  orgTable: 'visits',
  name,
  orgName: name,
  characterSet: 33,
  columnLength: 384,
  columnType: type,
  flags: 0,
  decimals: 0,
});
const varString = 253;

interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What clients ask for by themselves when they connect or show their status. */
const values: Readonly<Record<string, string>> = {
  'database()': 'demo',
  'schema()': 'demo',
  'user()': 'demo@127.0.0.1',
  'current_user()': 'demo@127.0.0.1',
  'version()': serverVersion,
  '@@version': serverVersion,
  '@@version_comment': 'Tidegate demo',
};

/** The table a statement asks for; undefined for a statement that asks for none. */
function readTable(statement: string, visits: ReadonlyMap<string, number>): Table | undefined {
  if (/\bfrom\s+(?:`?demo`?\.)?`?visits\b/.test(statement)) {
    return { columns: ['path', 'visits'], rows: [...visits].map(([path, count]) => [path, String(count)]) };
  }
  if (/^show\s+tables\b/.test(statement)) return { columns: ['Tables_in_demo'], rows: [['visits']] };
  if (/^show\s+(?:databases|schemas)\b/.test(statement)) return { columns: ['Database'], rows: [['demo']] };
  if (/^show\b/.test(statement)) return { columns: ['Variable_name', 'Value'], rows: [] };
  const list = /^select\s+(.*?)(?:\s+limit\s.*)?$/s.exec(statement)?.[1];
  if (list === undefined) return undefined;
  const columns = list.split(',').map((expression) => expression.trim());
  return { columns, rows: [columns.map((expression) => values[expression] ?? '')] };
}

function answer(connection: ServerConnection, query: string, visits: ReadonlyMap<string, number>): void {
  const table = readTable(query.trim().replace(/;$/, '').toLowerCase(), visits);
  if (table === undefined) {
    connection.writeOk({ affectedRows: 0 });
  } else {
    connection.writeColumns(table.columns.map((name) => column(name, varString)));
    for (const row of table.rows) connection.writeTextRow(row);
    connection.writeEof();
  }
  // Each command starts again at 0 (MySQL protocol, Sequence ID); mysql2's server side leaves that to its user.
  connection.sequenceId = 0;
}

/** Any user and password are let in: it has nothing but a counter to tell. */
export function createMysqlServer(options: {
  visits: ReadonlyMap<string, number>;
  certificate: string;
  key: string;
}): net.Server {
  const secureContext = tls.createSecureContext({ cert: options.certificate, key: options.key, minVersion: 'TLSv1.2' });
  let connectionId = 0;
  const server = net.createServer((socket) => {
    socket.on('error', () => socket.destroy());
    connectionId += 1;
    const stream = createMysqlTlsStream(socket, secureContext);
    const connection = mysql2.createConnection({ stream, isServer: true } as never) as unknown as ServerConnection;
    connection.on('error', () => socket.destroy());
    connection.on('query', (query) => answer(connection, query, options.visits));
    // mysql2 hands SET statements to this event.
    connection.on('stmt_prepare', (query) => answer(connection, query, options.visits));
    connection.on('packet', (_packet, known) => {
      if (known) return;
      connection.writeError({ code: unknownCommand, message: 'The demo answers queries only.' });
      connection.sequenceId = 0;
    });
    connection.on('quit', () => connection.stream.end());
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion,
      connectionId,
      statusFlags: 2,
      characterSet: 33,
      capabilityFlags: protocol41Flags | clientSsl,
      authCallback: (_auth: unknown, done: (error: null) => void) => {
        done(null);
        connection.sequenceId = 0;
      },
    });
  });
  server.maxConnections = maxConnections;
  return server;
}
