// Envoy's MetadataMatcher: a predicate over what filters have written down about a request.
import type { MetadataMatcher } from '../../../xds/generated/envoy/type/matcher/v3/metadata_pb.ts';
import type { ValueMatcher } from '../../../xds/generated/envoy/type/matcher/v3/value_pb.ts';
import { convertStringMatcher } from './convert-string-matcher.ts';
import { type DynamicMetadata, type MetadataValue, metadataAt } from './dynamic-metadata.ts';
import type { Findings } from './findings.ts';
import { snakeCase } from './warn-unhandled-fields.ts';

/** Undefined together with an error, or where the engine cannot tell what it matches. */
export function convertMetadataMatcher(
  matcher: MetadataMatcher,
  findings: Findings,
): ((metadata: DynamicMetadata | undefined) => boolean) | undefined {
  const { filter, path, value, invert } = matcher;
  if (filter === '') findings.constraint('MetadataMatcher', 'Filter', 'value length must be at least 1 characters');
  if (path.length === 0) findings.constraint('MetadataMatcher', 'Path', 'value must contain at least 1 item(s)');
  if (value === undefined) {
    findings.constraint('MetadataMatcher', 'Value', 'value is required');
    return undefined;
  }
  const keys = path.map(({ segment }) => segment.value ?? '');
  const matches = convertValueMatcher(value, findings);
  return matches && ((metadata) => matches(metadataAt(metadata, filter, keys)) !== invert);
}

function convertValueMatcher(
  { matchPattern }: ValueMatcher,
  findings: Findings,
): ((value: MetadataValue | undefined) => boolean) | undefined {
  switch (matchPattern.case) {
    case 'nullMatch':
      return (value) => value === null;
    case 'boolMatch': {
      const wanted = matchPattern.value;
      return (value) => value === wanted;
    }
    case 'presentMatch': {
      const wanted = matchPattern.value;
      return (value) => (value !== undefined) === wanted;
    }
    case 'stringMatch': {
      const text = convertStringMatcher(matchPattern.value, findings.within('ValueMatcher', 'StringMatch'));
      return text && ((value) => typeof value === 'string' && text.matches(value));
    }
    case 'orMatch': {
      const all = matchPattern.value.valueMatchers.map((one) => convertValueMatcher(one, findings));
      const known = all.filter((one) => one !== undefined);
      return known.length < all.length ? undefined : (value) => known.some((matches) => matches(value));
    }
    case 'listMatch': {
      const { matchPattern: inList } = matchPattern.value;
      const one = inList.case === 'oneOf' ? convertValueMatcher(inList.value, findings) : undefined;
      return one && ((value) => Array.isArray(value) && value.some((item: MetadataValue) => one(item)));
    }
    case undefined:
      findings.required('ValueMatcher', 'match_pattern');
      return undefined;
    default:
      findings.warn(`${snakeCase(matchPattern.case)} of metadata is not supported by the embedded engine`);
      return undefined;
  }
}
