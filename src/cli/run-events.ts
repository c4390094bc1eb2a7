// What a running tidegate tells people: `ready`, the port table and access logs on standard output, the rest on standard error.
import { formatDiagnostic } from '../lib/diagnostic.ts';
import type { RunEvents } from '../main/run-options.ts';
import { createLineWriter } from './create-line-writer.ts';
import { formatPorts } from './format-ports.ts';
import { printable, printLine, type Style, styled, type Terminal } from './terminal.ts';

const severityStyle: Readonly<Record<'error' | 'warning' | 'info', Style>> = {
  error: 'red',
  warning: 'yellow',
  info: 'dim',
};

export function createRunEvents({ stdout, stderr }: Terminal): RunEvents {
  return {
    ready: ({ admin, xds, ports }) => {
      const places = [admin && `admin http://${admin}`, xds && `xDS ${xds}`].filter(Boolean).join(', ');
      const line = `${styled(stdout, 'green', 'ready')}${places === '' ? '' : ` (${places})`}`;
      // One write, so that whoever waits for the word has the table too.
      printLine(stdout, xds === undefined ? `${line}\n${formatPorts(ports, stdout)}` : line);
    },
    diagnostic: (diagnostic, state) => {
      const line = printable(formatDiagnostic(diagnostic));
      const text =
        state === 'resolved'
          ? styled(stderr, 'green', `resolved: ${line}`)
          : styled(stderr, severityStyle[diagnostic.severity], line);
      printLine(stderr, text);
    },
    moreDiagnostics: (count) =>
      printLine(stderr, `… and ${count} more: all of them are at /debug/diagnostics of the admin server`),
    accessLog: createLineWriter(stdout, (count) =>
      printLine(stderr, `${count} access log lines were dropped: standard output is not read`),
    ),
    log: (text) => stderr.write(text),
    progress:
      'isTTY' in stderr
        ? { isTTY: stderr.isTTY === true, write: (text) => stderr.write(text) }
        : { write: (text) => stderr.write(text) },
    isColored: styled(stderr, 'red', '') !== '',
  };
}
