/** An Engine that says what a test wants: for answers that a real one gives only on a bad day, or in another version. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/domain/clock.ts';
import { createDockerProvider } from '../../../src/providers/docker/docker.ts';
import type { Provider } from '../../../src/providers/provider.ts';

type Answer = { status?: number; json: unknown };
/** Undefined: the test has dealt with the response itself, or wants no answer ever. */
type Script = (request: IncomingMessage, response: ServerResponse) => Answer | undefined;

export interface ScriptedEngine {
  provider: Provider;
  /** `METHOD /path?query` of every request so far. */
  requests: string[];
  logged: string[];
  close(): Promise<void>;
}

const version: Answer = { json: { ApiVersion: '1.41', MinAPIVersion: '1.12' } };

/** Answers `GET /version` like Engine 20.10 unless the script does. */
export async function scriptEngine(script: Script): Promise<ScriptedEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-scripted-engine-'));
  const socketPath = join(folder, 'engine.sock');
  const requests: string[] = [];
  const logged: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.replace(/\?$/, '')}`);
    const answer = script(request, response) ?? (request.url?.startsWith('/version') ? version : undefined);
    if (!answer || response.headersSent) return;
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.json));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const provider = createDockerProvider({
    dockerHost: `unix://${socketPath}`,
    installId: 'install-1',
    publishAddress: '127.0.0.1',
    clock: systemClock,
    log: (event) => logged.push(event),
  });
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  };
  return { provider, requests, logged, close };
}
