// Formats START_TIME and EMIT_TIME: strftime with Envoy's additions (%s, %f, %3f, %E3S, %Ez), in the C locale.

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

interface Moment {
  /** Its UTC fields are the fields to print. */
  readonly date: Date;
  readonly epochSeconds: number;
  readonly microseconds: number;
  readonly offsetMinutes: number;
}

type Field = (moment: Moment) => string;

const pad = (value: number, width = 2, fill = '0'): string => String(value).padStart(width, fill);
const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12;
const year = (date: Date): number => date.getUTCFullYear();

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(year(date), 0, 1)) / 86_400_000);
}

/** Weeks that begin on the given weekday; days before the first one are in week 0. */
function weekOfYear(date: Date, firstDay: 0 | 1): number {
  return Math.floor((dayOfYear(date) + 7 - ((date.getUTCDay() - firstDay + 7) % 7)) / 7);
}

/** ISO 8601: the week belongs to the year of its Thursday. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * 86_400_000);
  return { year: year(thursday), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

function offset(minutes: number, separator: string): string {
  const absolute = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(absolute / 60))}${separator}${pad(absolute % 60)}`;
}

/** Fraction of the second, cut (not rounded) to so many digits; the clock gives six. */
const fraction = (moment: Moment, digits: number): string => `${pad(moment.microseconds, 6)}000`.slice(0, digits);

const simpleFields: Readonly<Record<string, Field>> = {
  Y: ({ date }) => String(year(date)),
  y: ({ date }) => pad(year(date) % 100),
  C: ({ date }) => pad(Math.floor(year(date) / 100)),
  m: ({ date }) => pad(date.getUTCMonth() + 1),
  d: ({ date }) => pad(date.getUTCDate()),
  e: ({ date }) => pad(date.getUTCDate(), 2, ' '),
  H: ({ date }) => pad(date.getUTCHours()),
  k: ({ date }) => pad(date.getUTCHours(), 2, ' '),
  I: ({ date }) => pad(hour12(date)),
  l: ({ date }) => pad(hour12(date), 2, ' '),
  M: ({ date }) => pad(date.getUTCMinutes()),
  S: ({ date }) => pad(date.getUTCSeconds()),
  p: ({ date }) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: ({ date }) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  j: ({ date }) => pad(dayOfYear(date) + 1, 3),
  a: ({ date }) => (days[date.getUTCDay()] ?? '').slice(0, 3),
  A: ({ date }) => days[date.getUTCDay()] ?? '',
  b: ({ date }) => (months[date.getUTCMonth()] ?? '').slice(0, 3),
  h: ({ date }) => (months[date.getUTCMonth()] ?? '').slice(0, 3),
  B: ({ date }) => months[date.getUTCMonth()] ?? '',
  u: ({ date }) => String(date.getUTCDay() || 7),
  w: ({ date }) => String(date.getUTCDay()),
  U: ({ date }) => pad(weekOfYear(date, 0)),
  W: ({ date }) => pad(weekOfYear(date, 1)),
  V: ({ date }) => pad(isoWeek(date).week),
  G: ({ date }) => String(isoWeek(date).year),
  g: ({ date }) => pad(isoWeek(date).year % 100),
  z: ({ offsetMinutes }) => offset(offsetMinutes, ''),
  Z: ({ offsetMinutes }) => (offsetMinutes === 0 ? 'UTC' : offset(offsetMinutes, '')),
  s: ({ epochSeconds }) => String(epochSeconds),
  f: (moment) => fraction(moment, 9),
  t: () => '\t',
  '%': () => '%',
};

/** Abbreviations of several fields. */
const composedFields: Readonly<Record<string, string>> = {
  T: '%H:%M:%S',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  c: '%a %b %e %H:%M:%S %Y',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

const specifier = /%(?:E([zT]|4Y|[*#]?[Sf]|\d+[Sf])|:(z)|([1-9])([fs])|[EO-]?(.))/gs;

/** Milliseconds since 1970 as a string. */
export type FormatTime = (milliseconds: number) => string;

function extendedField(code: string): Field | undefined {
  if (code === 'z') return ({ offsetMinutes }) => offset(offsetMinutes, ':');
  if (code === 'T') return () => 'T';
  if (code === '4Y') return ({ date }) => pad(year(date), 4);
  const digits = Number.parseInt(code, 10);
  if (code.endsWith('f')) return (moment) => (Number.isNaN(digits) ? trimmed(moment) : fraction(moment, digits));
  if (!code.endsWith('S')) return undefined;
  return (moment) => {
    const shown = Number.isNaN(digits) ? trimmed(moment) : fraction(moment, digits);
    return `${pad(moment.date.getUTCSeconds())}${shown === '' ? '' : `.${shown}`}`;
  };
}

/** All digits that are not trailing zeros: `%E*S`. */
const trimmed = (moment: Moment): string => fraction(moment, 6).replace(/0+$/, '');

function compile(format: string): readonly (string | Field)[] {
  const parts: (string | Field)[] = [];
  let end = 0;
  for (const match of format.matchAll(specifier)) {
    const [whole, extended, colon, digits, counted, plain = ''] = match;
    parts.push(format.slice(end, match.index));
    end = match.index + whole.length;
    const composed = composedFields[plain];
    if (composed !== undefined) {
      parts.push(...compile(composed));
      continue;
    }
    const field =
      extended !== undefined
        ? extendedField(extended)
        : colon !== undefined
          ? extendedField('z')
          : counted === 'f'
            ? (moment: Moment) => fraction(moment, Number(digits))
            : simpleFields[counted ?? plain];
    // What strftime does not know stays as it was written.
    parts.push(field ?? whole);
  }
  parts.push(format.slice(end));
  return parts.filter((part) => part !== '');
}

/** An empty format is ISO 8601 with milliseconds, in UTC whatever `offsetMinutes` says of other formats. */
export function compileTimeFormat(format: string, offsetMinutes: (date: Date) => number = () => 0): FormatTime {
  const parts = format === '' ? compile('%Y-%m-%dT%H:%M:%E3S%Ez') : compile(format);
  if (format === '' && offsetMinutes(new Date(0)) === 0) return (milliseconds) => new Date(milliseconds).toISOString();
  return (milliseconds) => {
    const epochSeconds = Math.floor(milliseconds / 1000);
    const utc = new Date(epochSeconds * 1000);
    const minutes = offsetMinutes(utc);
    const moment: Moment = {
      date: minutes === 0 ? utc : new Date(utc.getTime() + minutes * 60_000),
      epochSeconds,
      microseconds: Math.min(999_999, Math.round((milliseconds - epochSeconds * 1000) * 1000)),
      offsetMinutes: minutes,
    };
    return parts.map((part) => (typeof part === 'string' ? part : part(moment))).join('');
  };
}

/** Envoy's text for a format that would break the line; undefined if it does not. */
export function timeFormatError(format: string): string | undefined {
  return /%[-_0^#]*[1-9]*[EO]?n/.test(format) || format.includes('\n')
    ? 'Invalid header configuration. Format string contains newline.'
    : undefined;
}
