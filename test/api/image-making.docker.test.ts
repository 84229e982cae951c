/** Images that are built, saved, loaded, imported and pushed over HTTP. Needs Postgres, an Engine and a registry. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packTar, wholeFile } from '../../src/services/archive-stream.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { TestClient } from '../support/client.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

interface View {
  id: string;
  tags: string[];
  repoDigests: string[];
  config: { command: string[]; labels: Record<string, string> };
}

const nonce = randomBytes(6).toString('hex');
let app: TestApp;
let registry: TestRegistry;
let a: TestClient;
let b: TestClient;

beforeAll(async () => {
  registry = await startRegistry();
  app = await startTestApp({ provider: 'docker', env: { LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: '1' } });
  [a, b] = [app.a.admin, app.b.admin];
});
afterAll(() => Promise.all([app?.close(), registry?.stop()]));

async function tarOf(files: Record<string, string>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const entries = Object.entries(files).map(([path, text]) => wholeFile(path, Buffer.from(text)));
  for await (const chunk of packTar(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const put = (client: TestClient, path: string, body: Uint8Array, accept = 'application/json') =>
  fetch(client.url + path, {
    method: 'PUT',
    headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/x-tar', accept },
    body: Buffer.from(body),
  });
const path = (reference: string) => `/v1/images/${encodeURIComponent(reference)}`;
const dockerfile = (...lines: string[]) => ({ Dockerfile: [`FROM ${app.image}`, ...lines].join('\n') });

it('a build says what its steps say to whoever asks for it, and answers its image', async () => {
  const files = { ...dockerfile('ARG WHO', `RUN echo ${nonce} $WHO`, 'COPY text /text'), text: nonce };
  const query = 'name=built:1&name=team/built&arg=WHO=me&label=by=test';
  const answer = await put(a, `/v1/image-build?${query}`, await tarOf(files), 'application/x-ndjson');
  expect(answer.status).toBe(200);
  const lines = (await answer.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ text }) => text ?? '').join('')).toContain(`${nonce} me\n`);
  const { image } = lines.at(-1) as { image: View };
  expect(image).toMatchObject({ tags: ['built:1', 'team/built:latest'], config: { labels: { by: 'test' } } });
  const again = await put(a, '/v1/image-build?arg=WHO=me&label=by=test', await tarOf(files));
  expect(await again.json()).toMatchObject({ id: image.id });
  await b.expect(404, 'GET', path('built:1'));
});

it('a step that fails is a problem with its code', async () => {
  const answer = await put(a, '/v1/image-build', await tarOf(dockerfile('RUN exit 3')));
  expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ exitCode: 3 })]);
  expect((await put(a, '/v1/image-build', Buffer.from('no tar'))).status).toBe(400);
  expect((await put(a, '/v1/image-build?colour=blue', await tarOf({}))).status).toBe(400);
});

it('an image that was saved is loaded by another tenant under its names', async () => {
  const saved = await a.send('GET', `${path('built:1')}/archive?also=team/built`);
  expect([saved.status, saved.headers.get('content-type')]).toEqual([200, 'application/x-tar']);
  const archive = Buffer.from(await saved.arrayBuffer());
  const manifest = JSON.parse(
    execFileSync('tar', ['-xOf', '-', 'manifest.json'], { input: archive, encoding: 'utf8' }),
  );
  expect(manifest[0].RepoTags).toEqual(['built:1', 'team/built:latest']);
  const loaded = await put(b, '/v1/image-archive', archive);
  const { id } = await a.expect<View>(200, 'GET', path('built:1'));
  expect(await loaded.json()).toMatchObject({ items: [{ image: { id }, names: ['built:1', 'team/built:latest'] }] });
  expect((await put(b, '/v1/image-archive', Buffer.from('no tar'))).status).toBe(400);
});

it('a root file system becomes an image', async () => {
  const root = await tarOf({ 'etc/text': nonce });
  const query = `repository=imported&tag=2&comment=by%20hand&change=${encodeURIComponent('CMD ["x"]')}`;
  const made = await put(a, `/v1/image-import?${query}`, root);
  expect(await made.json()).toMatchObject({ tags: ['imported:2'], config: { command: ['x'] } });
  expect((await put(a, '/v1/image-import?change=RUN%20x', root)).status).toBe(400);
});

it('a push says where the image is now, and a pull finds it there', async () => {
  const name = `${registry.host}/team/app:1`;
  const [repository, tag] = [`${registry.host}/team/app`, '1'];
  await a.expect(200, 'POST', `${path('built:1')}/tags`, { repository, tag });
  const pushed = await a.expect<{ digest: string }>(200, 'PUT', `${path(name)}/push`, {});
  expect(pushed).toMatchObject({ repository, tag, digest: expect.stringMatching(/^sha256:/) });
  const { id, repoDigests } = await b.expect<View>(200, 'POST', '/v1/images/pull', { reference: name });
  expect(repoDigests).toContain(`${repository}@${pushed.digest}`);
  expect(await a.expect(200, 'GET', path(`${repository}@${pushed.digest}`))).toMatchObject({ id });
  await b.expect(404, 'PUT', `${path('imported:2')}/push`, {});
});
