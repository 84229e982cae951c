/** A container registry on the loopback address for tests: Debian's docker-registry with its storage in a temp folder. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

export type TestRegistry = {
  /** `127.0.0.1:PORT`, what references to its images start with. */
  host: string;
  stop(): Promise<void>;
};

export type RegistryOptions = {
  /** With these, every request needs them by HTTP basic authentication. */
  credentials?: { username: string; password: string };
};

/** Answers once the registry serves. Needs Debian's docker-registry, and apache2-utils for credentials. */
export async function startRegistry({ credentials }: RegistryOptions = {}): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const auth = credentials && { htpasswd: { realm: 'test', path: writePasswords(folder, credentials) } };
  // JSON is YAML too.
  const settings = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'storage') }, delete: { enabled: true } },
    http: { addr: host, secret: 'test' },
    ...(auth && { auth }),
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(settings));
  const logPath = join(folder, 'log');
  const shell = `exec docker-registry serve ${folder}/config.json > ${logPath} 2>&1`;
  const child = spawn('sh', ['-c', shell], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await waitFor(async () => {
    if (child.exitCode !== null) throw new Error(`docker-registry ended: ${readFileSync(logPath, 'utf8')}`);
    const response = await fetch(`http://${host}/v2/`);
    return response.status === (credentials ? 401 : 200);
  });
  const stop = async () => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { host, stop };
}

function writePasswords(folder: string, { username, password }: { username: string; password: string }): string {
  const path = join(folder, 'htpasswd');
  writeFileSync(path, execFileSync('htpasswd', ['-Bbn', username, password]));
  return path;
}
