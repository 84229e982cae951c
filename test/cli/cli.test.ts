/** The `longshore` command as a process: what it says, how it ends, and what it leaves. */
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/child.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const key = `lsk_${'a'.repeat(16)}_${'b'.repeat(49)}`;
let folder: string;
let server: Server;
let url: string;
let authorizations: (string | undefined)[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longshore-cli-'));
  authorizations = [];
  server = createServer((incoming, response) => {
    authorizations.push(incoming.headers.authorization);
    response.end('OK');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** To its end, in a folder where nothing was started. */
function longshore(args: string[], env: NodeJS.ProcessEnv = {}) {
  const script = join(root, 'src/entrypoints/cli.ts');
  const plain = { PATH: process.env.PATH, HOME: folder };
  // One that goes on where it should refuse must not hold up everything.
  const options = { cwd: folder, env: { ...plain, ...env }, encoding: 'utf8', timeout: 30_000 } as const;
  return spawnSync(process.execPath, [script, ...args], options);
}

test('help is there for every command, and a mistake ends with 2 and a sentence', () => {
  for (const args of [['--help'], ['connect', '--help'], ['certs', '--help']]) {
    const { status, stdout } = longshore(args);
    expect([status, stdout]).toEqual([0, expect.stringContaining('longshore')]);
  }
  for (const [args, said] of [
    [[], 'COMMAND'],
    [['conect'], 'COMMAND'],
    [['connect', '--sockett', 'x'], '--sockett'],
    [['connect'], 'There is no key'],
    [['connect', '--key-file', 'nowhere'], 'cannot be read'],
    [['certs'], 'certs issue'],
    [['certs', 'issue', 'x'], 'certs issue'],
  ] as const) {
    const { status, stdout, stderr } = longshore([...args]);
    expect([args, status, stdout, stderr]).toEqual([args, 2, '', expect.stringContaining(said)]);
  }
});

test('the launcher runs it from any folder, with the Node that is there', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const launched = spawnSync('node', [join(root, 'scripts/longshore.mjs'), '--version'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect([launched.status, launched.stdout.trim()]).toEqual([0, version]);
});

describe('connect', () => {
  test.each([
    [['--url', 'http://longshore.example'], { LONGSHORE_KEY: key }, 'without TLS'],
    [['--url', 'ftp://longshore.example'], { LONGSHORE_KEY: key }, 'https://host:port'],
    [['--url', 'https://longshore.example/?tenant=a'], { LONGSHORE_KEY: key }, 'https://host:port'],
    [['--port', '70000'], { LONGSHORE_KEY: key }, '--port'],
    [['--port', '0', '--socket', 'x'], { LONGSHORE_KEY: key }, 'not both'],
    [['--socket', 'x'.repeat(200)], { LONGSHORE_KEY: key }, 'too long'],
    [['--port', '0'], { LONGSHORE_KEY: 'password' }, 'lsk_'],
  ])('%j is a mistake', (args, env, said) => {
    const { status, stderr } = longshore(['connect', ...args], env);
    expect([status, stderr]).toEqual([2, expect.stringContaining(said)]);
    expect(stderr).not.toContain(key);
  });

  test.each<[string, () => { args: string[]; env: NodeJS.ProcessEnv }]>([
    ['the environment', () => ({ args: ['--url', url], env: { LONGSHORE_KEY: key } })],
    [
      'a file',
      () => {
        writeFileSync(join(folder, 'key'), `${key}\n`);
        return { args: ['--url', url, '--key-file', join(folder, 'key')], env: {} };
      },
    ],
    [
      'what npm run up left',
      () => {
        writeFileSync(join(folder, 'dev.json'), JSON.stringify({ url, apiKey: key }));
        return { args: [], env: { LONGSHORE_DATA_DIR: folder } };
      },
    ],
  ])('relays with the key of %s, says how to use it, and never what the key is', async (_, given) => {
    const { args, env } = given();
    const socket = join(folder, 'docker.sock');
    const agent = run('src/entrypoints/cli.ts', ['connect', '--socket', socket, ...args], { env });
    let said = '';
    while (!said.includes('export')) said += `${await agent.nextLine()}\n`;
    expect(said).toContain(`docker context create longshore --docker host=unix://${socket}`);
    expect(said).toContain(`export DOCKER_HOST=unix://${socket}`);
    const plain = { HOME: folder, PATH: process.env.PATH };
    await promisify(execFile)('docker', ['-H', `unix://${socket}`, 'ps'], { env: plain, timeout: 20_000 }).catch(
      () => {},
    );
    await agent.end('SIGTERM');
    expect([agent.child.exitCode, existsSync(socket)]).toEqual([0, false]);
    expect(said + agent.errors()).not.toContain(key);
    expect(authorizations.at(-1)).toBe(`Bearer ${key}`);
  });

  test('a key of npm run up goes to no other server', () => {
    writeFileSync(join(folder, 'dev.json'), JSON.stringify({ url, apiKey: key }));
    const { status, stderr } = longshore(['connect', '--url', 'http://127.0.0.1:1'], { LONGSHORE_DATA_DIR: folder });
    expect([status, stderr]).toEqual([2, expect.stringContaining('There is no key')]);
  });

  test('the socket of an agent that was killed is used again', async () => {
    const socket = join(folder, 'stale.sock');
    const start = async () => {
      const agent = run('src/entrypoints/cli.ts', ['connect', '--url', url, '--socket', socket], {
        env: { LONGSHORE_KEY: key },
      });
      await agent.nextLine();
      return agent;
    };
    await (await start()).end('SIGKILL');
    expect(existsSync(socket)).toBe(true);
    const second = await start();
    await second.end('SIGINT');
    expect([second.child.exitCode, existsSync(socket)]).toEqual([0, false]);
  });
});

test('certs init makes what the settings of a server name, and does not do so twice', () => {
  const out = join(folder, 'authority');
  const made = longshore(['certs', 'init', '--out', out, '--host', 'longshore.example', '--host', '10.0.0.1']);
  expect([made.status, made.stdout]).toEqual([
    0,
    expect.stringContaining(`LONGSHORE_CA_KEY=${join(out, 'ca-key.pem')}`),
  ]);
  const again = longshore(['certs', 'init', '--out', out, '--host', 'longshore.example']);
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('already')]);
});
