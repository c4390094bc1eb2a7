// Claims of tokens, as routes and policies match them: what jwt_authn wrote down, a text or a list that has it.
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { MetadataMatcherSchema } from '../../xds/generated/envoy/type/matcher/v3/metadata_pb.ts';
import type { StringMatcherSchema } from '../../xds/generated/envoy/type/matcher/v3/string_pb.ts';
import type { ValueMatcherSchema } from '../../xds/generated/envoy/type/matcher/v3/value_pb.ts';
import { jwtFilter, payloadKey } from './filters/jwt-authn.ts';

type StringMatcher = MessageInitShape<typeof StringMatcherSchema>;
type ValueMatcher = MessageInitShape<typeof ValueMatcherSchema>;
type MetadataMatcher = MessageInitShape<typeof MetadataMatcherSchema>;

const textMatcher = (value: StringMatcher): ValueMatcher => ({ matchPattern: { case: 'stringMatch', value } });

const claimMatcher = (claim: readonly string[], value: ValueMatcher, invert: boolean): MetadataMatcher => ({
  filter: jwtFilter,
  path: [payloadKey, ...claim].map((key) => ({ segment: { case: 'key', value: key } })),
  value,
  invert,
});

/** The claim is the text. */
export const translateTextClaim = (claim: string, value: StringMatcher): MetadataMatcher =>
  claimMatcher([claim], textMatcher(value), false);

/** The claim is the text, or a list that has it. `claim` is its path in the payload. */
export function translateClaim(claim: readonly string[], value: StringMatcher, invert = false): MetadataMatcher {
  const text = textMatcher(value);
  const inList: ValueMatcher = {
    matchPattern: { case: 'listMatch', value: { matchPattern: { case: 'oneOf', value: text } } },
  };
  return claimMatcher(claim, { matchPattern: { case: 'orMatch', value: { valueMatchers: [inList, text] } } }, invert);
}

export const translatePresentClaim = (claim: readonly string[], invert: boolean): MetadataMatcher =>
  claimMatcher(claim, { matchPattern: { case: 'presentMatch', value: true } }, invert);
