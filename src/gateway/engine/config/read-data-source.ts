// Inline data of a resource. Files and environment variables of the management server's choosing are never read.
import type { DataSource } from '../../../xds/generated/envoy/config/core/v3/base_pb.ts';
import type { Findings } from './findings.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Empty where there is none. */
export function readDataBytes(source: DataSource | undefined, findings: Findings): Uint8Array {
  if (source === undefined) return new Uint8Array();
  const { specifier } = source;
  switch (specifier.case) {
    case 'inlineBytes':
      return specifier.value;
    case 'inlineString':
      return encoder.encode(specifier.value);
    case undefined:
      return new Uint8Array();
    default:
      findings.reject(`the embedded engine reads inline data only, not ${specifier.case} '${specifier.value}'`);
      return new Uint8Array();
  }
}

export function readDataText(source: DataSource | undefined, findings: Findings): string {
  return source?.specifier.case === 'inlineString'
    ? source.specifier.value
    : decoder.decode(readDataBytes(source, findings));
}
