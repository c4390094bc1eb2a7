// Objects of kinds that Tidegate does not read: one Diagnostic for each kind, not for each object.
import type { Diagnostic } from '../../../lib/diagnostic.ts';
import { shorten } from '../../resources/message.ts';
import type { LocatedKind } from './file-document.ts';

/** Kinds listed one by one; the rest is counted. */
const MAX_KINDS = 100;

export function reportUnknownKinds(found: readonly LocatedKind[]): readonly Diagnostic[] {
  const byKind = [...Map.groupBy(found, ({ apiVersion, kind }) => JSON.stringify([apiVersion, kind])).values()];
  const listed = byKind.slice(0, MAX_KINDS).flatMap((group) => {
    const [first] = group;
    return first ? [reportKind(first, group.length)] : [];
  });
  const more = byKind.length - listed.length;
  if (more === 0) return listed;
  const message = `${more} more kinds are not read either.`;
  return [
    ...listed,
    { severity: 'info', code: 'TG0003', message, remedy: 'Nothing, unless they matter to the gateway.' },
  ];
}

function reportKind({ apiVersion, kind, readAs, location }: LocatedKind, count: number): Diagnostic {
  const objects = count === 1 ? '1 object' : `${count} objects`;
  const what = `${objects} of kind ${shorten(kind)} in ${shorten(apiVersion)}`;
  // The right group with another version is a mistake; any other kind simply belongs to somebody else.
  if (readAs.length > 0)
    return {
      severity: 'warning',
      code: 'TG0003',
      message: `Tidegate does not read this version of the API: ${what}, not used.`,
      remedy: `Use ${readAs.join(' or ')}.`,
      ...location,
    };
  return {
    severity: 'info',
    code: 'TG0003',
    message: `Tidegate does not read this kind: ${what}, left aside.`,
    remedy: 'Nothing, unless it matters to the gateway.',
    ...location,
  };
}
