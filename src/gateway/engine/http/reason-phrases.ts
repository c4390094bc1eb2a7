// Envoy writes its own reason phrases, never the endpoint's.
import { STATUS_CODES } from 'node:http';

const envoyWords: Readonly<Record<number, string>> = {
  302: 'Found',
  413: 'Payload Too Large',
  418: 'Unknown',
  425: 'Unknown',
  451: 'Unknown',
  509: 'Unknown',
};

export function reasonPhrase(status: number): string {
  return envoyWords[status] ?? STATUS_CODES[status] ?? 'Unknown';
}
