// The predicates of a route beside its path: headers and query parameters.
import type {
  HeaderMatcher as EnvoyHeaderMatcher,
  QueryParameterMatcher as EnvoyQueryParameterMatcher,
} from '../../../xds/generated/envoy/config/route/v3/route_components_pb.ts';
import { convertStringMatcher } from './convert-string-matcher.ts';
import type { HeaderMatcher, QueryParameterMatcher } from './engine-config.ts';
import type { Findings } from './findings.ts';
import { snakeCase } from './warn-unhandled-fields.ts';

/** Undefined together with an error or a warning: then the route may match nothing. */
export function convertHeaderMatcher(matcher: EnvoyHeaderMatcher, findings: Findings): HeaderMatcher | undefined {
  const { name, headerMatchSpecifier: specifier, invertMatch: invert, treatMissingHeaderAsEmpty } = matcher;
  if (name === '') findings.constraint('HeaderMatcher', 'Name', 'value length must be at least 1 characters');
  const common = { name: name.toLowerCase(), invert, treatMissingAsEmpty: treatMissingHeaderAsEmpty };
  switch (specifier.case) {
    // Envoy: without a specifier the header has to be there.
    case undefined:
      return { ...common, value: undefined };
    case 'presentMatch':
      return { ...common, value: undefined, invert: specifier.value === invert };
    case 'stringMatch': {
      const value = convertStringMatcher(specifier.value, findings.within('HeaderMatcher', 'StringMatch'));
      return value && { ...common, value };
    }
    default:
      findings.warn(
        `${snakeCase(specifier.case)} is not supported by the embedded engine: the route matches no request`,
      );
      return undefined;
  }
}

/** As `convertHeaderMatcher`. */
export function convertQueryParameterMatcher(
  matcher: EnvoyQueryParameterMatcher,
  findings: Findings,
): QueryParameterMatcher | undefined {
  const { name, queryParameterMatchSpecifier: specifier } = matcher;
  if (name === '') findings.constraint('QueryParameterMatcher', 'Name', 'value length must be at least 1 characters');
  if (specifier.case === 'stringMatch') {
    const value = convertStringMatcher(specifier.value, findings.within('QueryParameterMatcher', 'StringMatch'));
    return value && { name, value };
  }
  return { name, value: undefined };
}
