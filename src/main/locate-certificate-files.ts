// Gives the gateway's findings about mounted certificate files the Gateway servers that name those files: the gateway knows
// files only, pilot knows who asked for them, and they meet here.
import type { Diagnostic } from '../lib/diagnostic.ts';
import type { FieldPath, Resource } from '../pilot/resources/resource.ts';
import { formatFieldPath, resourceRef } from '../pilot/resources/resource.ts';
import type { Snapshot } from '../pilot/resources/snapshot.ts';

const codes: ReadonlySet<string> = new Set(['TG0012', 'TG0013', 'TG0014']);

interface Naming {
  readonly file: string;
  readonly resource: Resource<'Gateway'>;
  readonly path: FieldPath;
}

function namings(snapshot: Snapshot): readonly Naming[] {
  return [...snapshot.objects.Gateway.values()].flatMap((resource) =>
    resource.spec.servers.flatMap(({ index, tls }) =>
      (tls?.files ?? []).flatMap((files) =>
        (['serverCertificate', 'privateKey', 'caCertificates', 'caCrl'] as const).flatMap((field) => {
          const file = files[field];
          return file ? [{ file, resource, path: ['spec', 'servers', index, 'tls', ...files.field, field] }] : [];
        }),
      ),
    ),
  );
}

/** The path as a whole word: `/certs/a.crt` is not named by a text about `/certs/a.crt.bak`. */
function mentions(message: string, file: string): boolean {
  const at = message.indexOf(file);
  return at >= 0 && !/[\w./-]/.test(message[at + file.length] ?? ' ');
}

/** One Diagnostic for each server that names the file; those about other things, or about files nobody names, as they are. */
export function locateCertificateFiles(
  diagnostics: readonly Diagnostic[],
  snapshot: Snapshot | undefined,
): readonly Diagnostic[] {
  if (!snapshot || !diagnostics.some(({ code, resource }) => codes.has(code) && !resource)) return diagnostics;
  const all = namings(snapshot);
  return diagnostics.flatMap((diagnostic) => {
    if (!codes.has(diagnostic.code) || diagnostic.resource) return [diagnostic];
    const servers = new Map<string, Naming>();
    for (const naming of all) {
      const server = `${resourceRef(naming.resource).namespace}/${naming.resource.metadata.name}/${naming.path[2]}`;
      if (mentions(diagnostic.message, naming.file) && !servers.has(server)) servers.set(server, naming);
    }
    if (servers.size === 0) return [diagnostic];
    return [...servers.values()].map(({ resource, path }) => ({
      ...diagnostic,
      resource: resourceRef(resource),
      path: formatFieldPath(path),
      ...resource.origin.locate(path),
    }));
  });
}
