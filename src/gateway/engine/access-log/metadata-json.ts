// Dynamic metadata as JSON, the way Envoy writes it: keys sorted, numbers as short as they can be.
import type { MetadataValue } from '../config/engine-config.ts';

export function metadataJson(value: MetadataValue): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(metadataJson).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${metadataJson(inner)}`).join(',')}}`;
}

const isList = (value: MetadataValue): value is readonly MetadataValue[] => Array.isArray(value);

/** As C++'s std::to_chars: 100000 is `1e+05`, 123456 is itself. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  if (Object.is(value, -0)) return '-0';
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  const scientific = `${digits}e${exponent.charAt(0)}${exponent.slice(1).padStart(2, '0')}`;
  const plain = String(value);
  return plain.includes('e') || scientific.length < plain.length ? scientific : plain;
}
