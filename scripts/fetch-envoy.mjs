// Brings real Envoy into the cache folder and prints its path; all that needs Envoy runs this first.
import { pinnedNode, root, run } from './bootstrap.mjs';

// The implementation is TypeScript that the published package carries as well: it needs the pinned Node to run as it is.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.exit(await run(pinnedNode(), [`${root}/scripts/fetch-envoy.mjs`, ...process.argv.slice(2)]));
}

const { fetchEnvoy } = await import('../src/gateway/envoy/fetch-envoy.ts');
const { fetchProgressPrinter } = await import('../src/gateway/envoy/fetch-progress-printer.ts');

const abort = new AbortController();
process.once('SIGINT', () => abort.abort());
process.once('SIGTERM', () => abort.abort());
try {
  const binary = await fetchEnvoy({ onProgress: fetchProgressPrinter(process.stderr), signal: abort.signal });
  process.stdout.write(`${binary}\n`);
} catch (error) {
  process.stderr.write(`tidegate: ${error.message}${error.hint ? `. ${error.hint}` : ''}\n`);
  process.exitCode = 1;
}
