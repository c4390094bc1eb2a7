// Keeps requests coming over keep-alive connections while a test changes something, and remembers every one that failed.
import http from 'node:http';
import { sendRequest } from './send-request.ts';

export interface LoadReport {
  readonly succeeded: number;
  /** The first of the failures in words, at most 20. */
  readonly failures: readonly string[];
  readonly failed: number;
}

export interface Load {
  succeeded(): number;
  /** Lets requests in flight end, and reports. */
  stop(): Promise<LoadReport>;
}

export interface LoadOptions {
  readonly port: number;
  readonly host: string;
  readonly connections?: number;
}

/** Anything but a whole 200 is a failure. */
export function startLoad({ port, host, connections = 8 }: LoadOptions): Load {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const failures: string[] = [];
  let succeeded = 0;
  let failed = 0;
  let stopping = false;
  const fail = (text: string): void => {
    failed += 1;
    if (failures.length < 20) failures.push(`after ${succeeded} requests: ${text}`);
  };
  const lane = async (): Promise<void> => {
    while (!stopping)
      try {
        const { status, body, headers } = await sendRequest({ port, host, agent });
        if (status === 200) succeeded += 1;
        else fail(`${status} ${JSON.stringify(headers)} ${body.slice(0, 200)}`);
      } catch (error) {
        fail(String(error));
        // A gateway that is gone would otherwise keep this loop from yielding to the test.
        await new Promise((resolve) => setImmediate(resolve));
      }
  };
  const lanes = Promise.all(Array.from({ length: connections }, lane));
  return {
    succeeded: () => succeeded,
    stop: async () => {
      stopping = true;
      await lanes;
      agent.destroy();
      return { succeeded, failed, failures };
    },
  };
}
