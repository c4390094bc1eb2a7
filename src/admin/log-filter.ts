// Which access log lines a reader wants: by text, or by status, host and flags in the formats that we can read.

export type LogFilter = (line: string) => boolean;

interface LineFields {
  readonly status: string;
  readonly host: string;
  readonly flags: string;
}

/** Istio's default text format, read from both ends: what clients may put into the middle (a user agent) is not trusted. */
const defaultText = /^\[[^\]]*\] "[^"]*" (?<status>\d+) (?<flags>\S+) .*"(?<host>[^"]*)" "[^"]*"(?: \S+){6}$/;

function readFields(line: string): LineFields | undefined {
  if (line.startsWith('{')) {
    try {
      const entry: unknown = JSON.parse(line);
      if (typeof entry !== 'object' || entry === null) return undefined;
      const fields = new Map(Object.entries(entry));
      const text = (name: string): string => String(fields.get(name) ?? '-');
      return { status: text('response_code'), host: text('authority'), flags: text('response_flags') };
    } catch {
      return undefined;
    }
  }
  const groups = defaultText.exec(line)?.groups;
  return groups && { status: groups.status ?? '', host: groups.host ?? '', flags: groups.flags ?? '' };
}

/** The value as a word of its own: the best that can be done with a format of the user's. */
const hasWord = (line: string, word: string): boolean =>
  line.split(/[\s"',:=[\]{}]+/).some((part) => part.toLowerCase() === word.toLowerCase());

function statusMatches(status: string, wanted: string): boolean {
  return /^[1-5]xx$/i.test(wanted) ? status.length === 3 && status.startsWith(wanted.slice(0, 1)) : status === wanted;
}

/** Without the port, since clients may send one; `*.example.com` takes any host below. */
function hostMatches(host: string, wanted: string): boolean {
  const plain = host.toLowerCase().replace(/:\d+$/, '');
  const pattern = wanted.toLowerCase();
  return pattern.startsWith('*.')
    ? plain.endsWith(pattern.slice(1))
    : plain === pattern || host.toLowerCase() === pattern;
}

/** `status=404`, `status=5xx`, `host=a.example.com`, `host=*.example.com`, `flags=NR`; anything else is looked for as it is. */
export function parseLogFilter(text: string): LogFilter {
  const [, name, value] = /^(status|host|flags)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) return (line) => line.includes(text);
  return (line) => {
    const fields = readFields(line);
    if (!fields) return hasWord(line, value);
    if (name === 'status') return statusMatches(fields.status, value);
    if (name === 'host') return hostMatches(fields.host, value);
    return fields.flags.split(',').includes(value.toUpperCase());
  };
}
