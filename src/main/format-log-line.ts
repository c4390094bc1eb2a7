// pino's JSON lines as lines for people: `12:00:01.234 warn  message key=value`.
import { styleText } from 'node:util';

const levels: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };
const standard = new Set(['level', 'time', 'msg', 'pid', 'hostname']);

/** An error as its message; its stack only when debugging. */
function fieldText(name: string, value: unknown, withStacks: boolean): string {
  if (typeof value === 'object' && value !== null && 'message' in value) {
    const stack = withStacks && 'stack' in value ? `\n${String(value.stack)}` : '';
    return `${name}=${JSON.stringify(value.message)}${stack}`;
  }
  return `${name}=${typeof value === 'string' && /^[\w.:/|*~@-]+$/.test(value) ? value : JSON.stringify(value)}`;
}

/** `isColored` dims debug and colours warnings and errors. */
export function formatLogLine(json: string, withStacks: boolean, isColored = false): string {
  const entry: Record<string, unknown> = JSON.parse(json);
  const level = levels[Number(entry.level)] ?? 'info';
  const time = new Date(Number(entry.time)).toISOString().slice(11, 23);
  const fields = Object.entries(entry).filter(([name]) => !standard.has(name));
  const text = [
    time,
    level.padEnd(5),
    String(entry.msg ?? ''),
    ...fields.map(([name, value]) => fieldText(name, value, withStacks)),
  ].join(' ');
  if (!isColored || level === 'info') return `${text}\n`;
  const style = level === 'error' ? 'red' : level === 'warn' ? 'yellow' : 'dim';
  return `${styleText(style, text, { validateStream: false })}\n`;
}
