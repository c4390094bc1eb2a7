// The port table: the way of each Gateway port to the address people connect to.
import type { PortView } from '../main/run-options.ts';
import { formatTable } from './format-table.ts';
import { printable, styled } from './terminal.ts';

const headings = ['GATEWAY PORT', 'SERVICE PORT', 'TARGET PORT', 'NODE PORT', 'ADDRESS', 'LISTENER', 'GATEWAYS'];

function whoListens(row: PortView): string {
  switch (row.state) {
    case 'listening':
      return row.dataPlane ?? 'yes';
    case 'warming':
      return `warming (${row.dataPlane})`;
    case 'failed':
      return 'FAILED';
    case 'not served':
      return 'nobody: no route';
    case 'unknown':
      return 'not running';
  }
}

const address = (row: PortView): string => {
  const host = row.address.includes(':') ? `[${row.address}]` : row.address;
  return `${host}:${row.port}${row.from === 'port-map' ? ' (--port-map)' : row.from === 'target-port' ? ' (no node port)' : ''}`;
};

const numberOrDash = (value: number | null): string => (value === null ? '-' : String(value));

/** The table, and below it one line for each port that failed. */
export function formatPorts(rows: readonly PortView[], stream: NodeJS.WritableStream): string {
  if (rows.length === 0) return 'No ports: no Gateway selects this gateway.';
  const table = formatTable(
    headings,
    rows.map((row) => [
      row.gatewayPort === null ? '-' : `${row.gatewayPort} ${row.protocol}`,
      row.service === null ? '-' : `${numberOrDash(row.servicePort)} ${row.service.namespace}/${row.service.name}`,
      numberOrDash(row.targetPort),
      numberOrDash(row.nodePort),
      address(row),
      whoListens(row),
      row.gateways.map((gateway) => `${gateway.namespace}/${gateway.name}`).join(', ') || '-',
    ]),
    (text, column) => (column === 5 && text.trim() === 'FAILED' ? styled(stream, 'red', text) : text),
  );
  const failures = rows
    .filter((row) => row.error !== null)
    .map((row) => `${address(row)}: ${printable(row.error ?? '')}`);
  return [table, ...failures].join('\n');
}
