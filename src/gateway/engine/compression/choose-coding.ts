// Which content coding a client gets (RFC 9110 12.5.3), as Envoy reads Accept-Encoding.
import type { ContentCoding } from '../config/engine-config.ts';

/** `codings`: those that are offered, the preferred first. Undefined: the answer goes as it is. */
export function chooseCoding(
  accepted: string | undefined,
  codings: readonly ContentCoding[],
): ContentCoding | undefined {
  if (accepted === undefined) return undefined;
  const weights = new Map<string, number>();
  const refused = new Set<string>();
  for (const token of accepted.split(',')) {
    const [name = '', ...parameters] = token.split(';');
    const coding = name.trim();
    const weight = weightOf(parameters.join(';').trim());
    if (coding === '' || weight === undefined) continue;
    if (weight === 0) refused.add(coding);
    else if (weight > 0 && !weights.has(coding)) weights.set(coding, weight);
  }
  let best: { readonly coding: ContentCoding | 'identity'; readonly weight: number } | undefined;
  for (const [name, weight] of weights) {
    if (refused.has(name) || (best !== undefined && weight <= best.weight)) continue;
    const coding =
      name === '*'
        ? codings.find((one) => !refused.has(one))
        : name === 'identity'
          ? 'identity'
          : codings.find((one) => one === name);
    if (coding !== undefined) best = { coding, weight };
  }
  return best === undefined || best.coding === 'identity' ? undefined : best.coding;
}

/** 1 where there is none; undefined where it cannot be read. */
function weightOf(parameters: string): number | undefined {
  const weight = /^q\s*=(.*)$/.exec(parameters)?.[1]?.trim();
  if (weight === undefined) return 1;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?$/i.test(weight) ? Number(weight) : undefined;
}
