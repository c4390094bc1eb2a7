// Generates src/xds/generated from the protos inside @grpc/grpc-js-xds: the wire types every later stage speaks.
// Git-ignored output, no network. Skips when the inputs have not changed since the last run.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { protoRoots } from './xds-proto-roots.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const output = path.join(root, 'src/xds/generated');
const bundle = path.join(root, 'node_modules/@grpc/grpc-js-xds/deps');

/** What decides the output: our scripts, and the versions of the bundle and of the generator. */
function fingerprint() {
  const inputs = [
    'scripts/generate-xds.mjs',
    'scripts/xds-proto-roots.mjs',
    'node_modules/@grpc/grpc-js-xds/package.json',
    'node_modules/@bufbuild/protoc-gen-es/package.json',
  ];
  const hash = createHash('sha256');
  for (const file of inputs) hash.update(fs.readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

/**
 * The bundle's envoy protos are newer than its copy of validate.proto, and import three packages that it does not
 * carry: these stubs supply just the names those imports use. None of them is ever put on the wire by us.
 */
const shims = {
  'opentelemetry/proto/common/v1/common.proto':
    'syntax = "proto3";\npackage opentelemetry.proto.common.v1;\nmessage AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; bytes bytes_value = 7; } }\nmessage KeyValue { string key = 1; AnyValue value = 2; }\nmessage KeyValueList { repeated KeyValue values = 1; }\n',
  'opencensus/proto/trace/v1/trace_config.proto':
    'syntax = "proto3";\npackage opencensus.proto.trace.v1;\nmessage TraceConfig {}\n',
  'io/prometheus/client/metrics.proto': 'syntax = "proto2";\npackage io.prometheus.client;\nmessage MetricFamily {}\n',
};

/** Fields that Envoy 1.40 has and the bundle, which is older, does not. Each goes behind the text that stands there. */
const additions = [
  {
    file: 'envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto',
    behind: '  bool rate_limited_as_resource_exhausted = 15;',
    text: '\n  repeated config.route.v3.RateLimit rate_limits = 17;\n  google.protobuf.UInt32Value max_dynamic_descriptors = 18;',
  },
  {
    file: 'envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto',
    behind: 'import "envoy/config/core/v3/base.proto";',
    text: '\nimport "envoy/config/route/v3/route_components.proto";',
  },
  {
    file: 'envoy/config/cluster/v3/circuit_breaker.proto',
    behind: '      google.protobuf.UInt32Value min_retry_concurrency = 2;',
    text: '\n      google.protobuf.Duration budget_interval = 3;',
  },
  {
    file: 'envoy/config/cluster/v3/circuit_breaker.proto',
    behind: 'import "google/protobuf/wrappers.proto";',
    text: '\nimport "google/protobuf/duration.proto";',
  },
  {
    file: 'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
    behind: '  config.core.v3.TypedExtensionConfig header_validation_config = 7;',
    text: '\n  message OutlierDetection {\n    config.common.matcher.v3.MatchPredicate error_matcher = 1;\n  }\n  OutlierDetection outlier_detection = 8;',
  },
  {
    file: 'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
    behind: 'import "envoy/config/core/v3/extension.proto";',
    text: '\nimport "envoy/config/common/matcher/v3/matcher.proto";',
  },
];

function addFields(directory) {
  for (const { file, behind, text } of additions) {
    const target = path.join(directory, file);
    const before = fs.readFileSync(target, 'utf8');
    const name = text.match(/(\w+) = \d+;[^;]*$/)?.[1] ?? text.trim();
    // The bundle may have caught up.
    if (before.includes(name)) continue;
    if (!before.includes(behind)) throw new Error(`${file} has no ${behind.trim()}`);
    fs.writeFileSync(target, before.replace(behind, behind + text));
  }
}

function prepareModule(directory) {
  for (const part of ['envoy-api', 'googleapis', 'xds'])
    fs.cpSync(path.join(bundle, part), directory, { recursive: true });
  fs.cpSync(path.join(bundle, 'protoc-gen-validate/validate'), path.join(directory, 'validate'), { recursive: true });
  const validate = path.join(directory, 'validate/validate.proto');
  const text = fs.readFileSync(validate, 'utf8');
  if (!/message StringRules \{[^}]*ignore_empty/s.test(text)) {
    fs.writeFileSync(
      validate,
      text.replace('message StringRules {', 'message StringRules {\n    optional bool ignore_empty = 26;'),
    );
  }
  addFields(directory);
  for (const [file, content] of Object.entries(shims)) {
    fs.mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    fs.writeFileSync(path.join(directory, file), content);
  }
  fs.writeFileSync(path.join(directory, 'buf.yaml'), 'version: v2\n');
}

/** Versions before v3 import what the bundle does not have. */
function extensionFiles(module) {
  return ['envoy/extensions', 'envoy/config', 'udpa/type', 'xds/type'].flatMap((folder) =>
    fs
      .readdirSync(path.join(module, folder), { recursive: true })
      .map((file) => `${folder}/${file}`)
      .filter((file) => file.endsWith('.proto') && (/\/v3\//.test(file) || !file.startsWith('envoy/')))
      .sort(),
  );
}

export function generateXds() {
  const stamp = path.join(output, '.fingerprint');
  const wanted = fingerprint();
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return false;
  const work = path.join(root, 'node_modules/.cache/tidegate-xds');
  fs.rmSync(work, { recursive: true, force: true });
  const module = path.join(work, 'protos');
  fs.mkdirSync(module, { recursive: true });
  prepareModule(module);
  const generated = path.join(work, 'generated');
  const template = JSON.stringify({
    version: 'v2',
    plugins: [
      {
        local: [process.execPath, path.join(root, 'node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es')],
        out: generated,
        opt: ['target=ts', 'import_extension=ts', 'erasable_syntax=true'],
        include_imports: true,
      },
    ],
  });
  const paths = (files) => files.flatMap((file) => ['--path', path.join(module, file)]);
  const runBuf = (...parameters) => {
    // buf's npm wrapper picks the platform binary; running it with our own Node avoids its install script.
    const buf = path.join(root, 'node_modules/@bufbuild/buf/bin/buf');
    const result = spawnSync(process.execPath, [buf, ...parameters], {
      cwd: module,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, BUF_CACHE_DIR: path.join(work, 'cache') },
    });
    if (result.status !== 0)
      throw new Error(`buf ${parameters[0]} failed with status ${result.status ?? result.signal}`);
  };
  runBuf('generate', module, '--template', template, ...paths(protoRoots));
  // Every extension there is, for EnvoyFilter: as descriptors, since code for each would be loaded by everybody.
  const descriptors = [
    '--exclude-source-info',
    '--as-file-descriptor-set',
    '-o',
    path.join(generated, 'extensions.binpb'),
  ];
  runBuf('build', module, ...descriptors, ...paths(extensionFiles(module)));
  fs.rmSync(output, { recursive: true, force: true });
  fs.cpSync(generated, output, { recursive: true });
  fs.writeFileSync(stamp, wanted);
  return true;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) generateXds();
