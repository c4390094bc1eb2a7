// A request's headers by name, pseudo headers included: what route predicates read.
import type { Exchange } from './exchange.ts';

/** Each value of a header. `name` in lower case; Envoy keeps Host under `:authority`, and finds it by either name. */
export function requestHeaderValues(exchange: Exchange, name: string): readonly string[] {
  switch (name) {
    case ':method':
      return [exchange.method];
    case ':authority':
    case 'host':
      return [exchange.authority];
    case ':scheme':
      return [exchange.scheme];
    case ':path':
      return [exchange.path];
    default: {
      const { headers } = exchange;
      const values: string[] = [];
      for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) values.push(headers[i + 1] ?? '');
      return values;
    }
  }
}
