// `npm start`: bootstraps, then runs the demo of the seed with Tidegate in front of it.
import { bootstrap, run } from './bootstrap.mjs';

const node = bootstrap();
process.exitCode = await run(node, [
  '--disable-warning=ExperimentalWarning',
  'examples/seed/start.ts',
  ...process.argv.slice(2),
]);
