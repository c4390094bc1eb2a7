// `npm test`: bootstraps, then runs the checks and all test rings. Arguments narrow it to files: `npm test -- 'src/xds/**/*.test.ts'`.
import { bootstrap, root, run } from './bootstrap.mjs';

const node = bootstrap();
const files = process.argv.slice(2);
const env = {
  ...process.env,
  NODE_OPTIONS: [process.env.NODE_OPTIONS, '--disable-warning=ExperimentalWarning'].filter(Boolean).join(' '),
};

const test = (args) => run(node, ['--test', ...args], { cwd: root, env });

if (files.length > 0) process.exit(await test(files));

const checked = await run(node, ['scripts/check.mjs']);
// The rings that need real Envoy find it in the cache; without it they say why they skip, and fail where CI is set.
const envoy = await run(node, ['scripts/fetch-envoy.mjs']);
if (envoy !== 0)
  process.stderr.write(
    'tidegate: real Envoy could not be fetched; what needs it is skipped (a failure with CI=true)\n',
  );
// One process at a time from conformance on: the corpus' backends have fixed addresses, and load tests want the cores.
const codes = [
  checked,
  await test([
    '--test-concurrency=2',
    'src/**/*.test.ts',
    'test/*.test.ts',
    'test/features/**/*.test.ts',
    'bench/*.test.ts',
  ]),
  await test([
    '--test-concurrency=1',
    '--test-timeout=600000',
    'test/conformance/**/*.test.ts',
    'test/e2e/**/*.test.ts',
  ]),
];
process.exit(codes.find((code) => code !== 0) ?? 0);
