// Asks a real Envoy whether it takes a configuration.
import { spawn } from 'node:child_process';
import { envoyBinary } from '../e2e/harness/data-planes.ts';

/** What Envoy says against it; empty if nothing. Its stdout must be something that can be opened by name. */
export function validateWithEnvoy(config: string): Promise<string> {
  const args = ['--mode', 'validate', '-c', config, '-l', 'error', '--disable-hot-restart'];
  return new Promise((resolve) => {
    const envoy = spawn(envoyBinary() ?? '', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
    let said = '';
    envoy.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    envoy.on('error', (error) => resolve(error.message));
    envoy.on('close', (code, signal) => resolve(code === 0 ? '' : `${signal ?? code}: ${said}`));
  });
}
