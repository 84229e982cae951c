/**
 * Two holes of an Engine that tenants share, each shown open on the Engine itself and closed behind the door: builds share a cache,
 * and an archive gets the layers that it merely names.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { readTar } from '../../src/domain/tar.ts';
import { type PackedEntry, packTar, plainFile, wholeFile } from '../../src/services/archive-stream.ts';
import type { DockerCli } from '../support/docker-cli.ts';
import { openDoor } from '../support/door.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';

const nonce = randomBytes(6).toString('hex');
const secret = `secret of a ${nonce}`;
const docker = openDocker(testDockerHost());
const { app, a, b } = await openDoor();
/** What `docker save` wrote of an image of tenant a that holds a secret. */
let saved: Map<string, Buffer>;
/** The same of an image that both have. */
let baseFiles: Map<string, Buffer>;

beforeAll(async () => {
  const dockerfile = `FROM ${app.image}\nRUN echo ${secret} > /secret\nCMD cat /secret`;
  await a.ok(['build', '-q', '-t', 'victim', '-'], { input: dockerfile });
  const { exitCode, stderr } = await a.run(['save', '-o', `${a.configDir}/victim.tar`, 'victim']);
  expect([exitCode, stderr]).toEqual([0, '']);
  saved = await filesOf(createReadStream(`${a.configDir}/victim.tar`));
  await b.ok(['save', '-o', `${b.configDir}/base.tar`, app.image]);
  baseFiles = await filesOf(createReadStream(`${b.configDir}/base.tar`));
});
async function filesOf(source: AsyncIterable<Uint8Array>): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { entry, content } of readTar(source)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    if (entry.kind === 'file') files.set(entry.path, Buffer.concat(chunks));
  }
  return files;
}

async function packed(entries: Iterable<PackedEntry>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of packTar(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const manifestOf = (files: Map<string, Buffer>) =>
  JSON.parse(files.get('manifest.json')?.toString() ?? '') as { Config: string; Layers: string[] }[];

/** The victim's configuration, altered so that the image is another one, over layers of garbage. */
async function forged(alter: (config: Record<string, unknown>) => string): Promise<{ id: string; archive: Buffer }> {
  const [image] = manifestOf(saved);
  const config = Buffer.from(alter(JSON.parse(saved.get(image?.Config ?? '')?.toString() ?? '')));
  const garbage = await packed([wholeFile('garbage', randomBytes(64))]);
  const layers = (image?.Layers ?? []).map((_, position) => `${position}/layer.tar`);
  const hex = createHash('sha256').update(config).digest('hex');
  const manifest = Buffer.from(JSON.stringify([{ Config: `${hex}.json`, RepoTags: null, Layers: layers }]));
  const files = [wholeFile(`${hex}.json`, config), wholeFile('manifest.json', manifest)];
  return { id: `sha256:${hex}`, archive: await packed([...layers.map((path) => wholeFile(path, garbage)), ...files]) };
}

const renamed = (config: Record<string, unknown>) =>
  JSON.stringify({ ...config, comment: randomBytes(8).toString('hex') });
const victimId = () => `sha256:${manifestOf(saved)[0]?.Config.replace('.json', '')}`;
/** Others use the Engine too: only what is known by its id, or is this app's, can be looked for. */
const isThere = (id: string) =>
  docker
    .getImage(id)
    .inspect()
    .then(
      () => true,
      () => false,
    );
const ownImages = async () =>
  (await app.deps.provider.listOwned({ signal: AbortSignal.timeout(20_000) }))
    .filter(({ kind }) => kind === 'image')
    .map(({ handle }) => handle)
    .sort();

describe('the cache of builds', () => {
  const lines = `FROM longshore-test/busybox\nRUN echo ${nonce}; cat /proc/sys/kernel/random/uuid > /id\nCMD cat /id`;

  test('is one for all on the Engine', async () => {
    const build = async () => {
      const context = await packed([wholeFile('Dockerfile', Buffer.from(lines))]);
      const output = await docker.buildImage(Readable.from([context]), { q: true });
      const chunks: Buffer[] = [];
      for await (const chunk of output) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString();
    };
    const [first, second] = [await build(), await build()];
    const id = /sha256:[0-9a-f]{64}/.exec(first)?.[0] ?? '';
    await docker.getImage(id).remove();
    expect(second).toBe(first);
  });

  test("is each tenant's own behind the door", async () => {
    const build = (cli: DockerCli) => cli.ok(['build', '-q', '-'], { input: lines });
    const [ours, theirs] = [await build(a), await build(b)];
    expect(theirs).not.toBe(ours);
    expect(await build(a)).toBe(ours);
    expect(await a.ok(['run', '--rm', ours])).not.toBe(await b.ok(['run', '--rm', theirs]));
  });
});

describe('an archive whose layers are not what its image says', () => {
  test("gets another's layers on the Engine", async () => {
    const { id, archive } = await forged(renamed);
    await new Promise((resolve, reject) => {
      docker.loadImage(Readable.from([archive]), {}, (error, output) => {
        if (error || !output) return reject(error);
        output.resume().once('end', resolve);
      });
    });
    const container = await docker.createContainer({ Image: id, Cmd: ['cat', '/secret'], Tty: true });
    await container.start();
    await container.wait();
    const output = ((await container.logs({ stdout: true })) as unknown as Buffer).toString();
    await container.remove();
    await docker.getImage(id).remove();
    expect(output).toContain(secret);
  });

  const tricks: [what: string, alter: (config: Record<string, unknown>) => string][] = [
    ['as they are', renamed],
    [
      'under a second name that another reader takes',
      (config) =>
        `${JSON.stringify({ ...config, rootfs: { type: 'layers', diff_ids: [] } }).slice(0, -1)},"Rootf\u017f":${JSON.stringify(config.rootfs)}}`,
    ],
    ['twice', (config) => `${JSON.stringify({ ...config }).slice(0, -1)},"rootfs":${JSON.stringify(config.rootfs)}}`],
    ['with second names below', (config) => JSON.stringify(config).replace('"diff_ids":', '"Diff_Ids":[],"diff_ids":')],
  ];
  test.each(tricks)('is refused behind the door: %s', async (_, alter) => {
    const { id, archive } = await forged(alter);
    const refused = await b.run(['load'], { input: archive });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/not what its image says|twice|not as many layers/);
    expect(await isThere(id)).toBe(false);
  });
});

describe('the triggers of an image that somebody brings', () => {
  /** An image of tenant b with these triggers, under the name loaded:1. */
  async function withTriggers(...onBuild: string[]): Promise<string> {
    const [image] = manifestOf(baseFiles);
    const config = JSON.parse(baseFiles.get(image?.Config ?? '')?.toString() ?? '');
    const json = Buffer.from(JSON.stringify({ ...config, config: { ...config.config, OnBuild: onBuild } }));
    const hex = createHash('sha256').update(json).digest('hex');
    const layers = (image?.Layers ?? []).map((path) => [path, baseFiles.get(path) ?? Buffer.alloc(0)] as const);
    const manifest = [{ Config: `${hex}.json`, RepoTags: ['loaded:1'], Layers: layers.map(([path]) => path) }];
    const files = [wholeFile(`${hex}.json`, json), wholeFile('manifest.json', Buffer.from(JSON.stringify(manifest)))];
    const archive = await packed([...layers.map(([path, bytes]) => wholeFile(path, bytes)), ...files]);
    await b.ok(['load', '-q'], { input: archive });
    return `sha256:${hex}`;
  }
  const buildOn = (...lines: string[]) => b.run(['build', '-'], { input: ['FROM loaded:1', ...lines].join('\n') });

  test.each([
    ['a file of a URL', () => 'ADD http://127.0.0.1:1/x /x', 'ADD from a URL'],
    ['a file of another tenant', () => `COPY --from=${victimId()} /secret /secret`, 'No such image: sha256:'],
    ['the same by its name', () => 'COPY --from=victim /secret /secret', 'victim'],
    ['a trigger of its own', () => 'ONBUILD RUN true', "ONBUILD isn't allowed"],
    ['another base', () => `FROM ${victimId()}`, "FROM isn't allowed"],
    ['a maintainer', () => 'MAINTAINER x', "MAINTAINER isn't allowed"],
    ['two lines', () => `RUN true\nCOPY --from=${victimId()} /secret /secret`, 'must be one instruction'],
    ['a line that goes on', () => 'RUN true \\', 'as if it continued'],
    ['a here-document', () => 'RUN <<EOF', 'here-documents need BuildKit'],
    ['a mount', () => `RUN --mount=from=${victimId()},target=/x cat /x/secret`, '--mount'],
    ['a label of ours', () => 'LABEL longshore.build=x', 'reserved'],
    ['no instruction', () => 'FETCH x', 'unknown instruction'],
    ['nothing', () => '', 'no instructions'],
  ])('are refused as in a Dockerfile: %s', async (_, trigger, said) => {
    await withTriggers(trigger());
    const refused = await buildOn('RUN cat /secret');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(said);
    expect(refused.stderr + refused.stdout).not.toContain(secret);
  });

  test('may take from an image of the tenant, which is pinned like any other', async () => {
    const id = await b.ok(['build', '-q', '-t', 'source', '-'], {
      input: 'FROM longshore-test/busybox\nRUN echo mine > /mine',
    });
    await withTriggers('COPY --from=source /mine /mine', `COPY --from=${id} /mine /mine-too`);
    const built = await buildOn('RUN cat /mine /mine-too');
    expect(built).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('mine\nmine\n') });
  });
});

describe('an archive with tricks', () => {
  const cases: [what: string, entries: () => PackedEntry[], said: string][] = [
    ['a path upwards', () => [wholeFile('../../etc/evil', Buffer.from('x'))], 'leads out of it'],
    ['an absolute path', () => [wholeFile('/etc/evil', Buffer.from('x'))], 'leads out of it'],
    [
      'a link to a file of the host',
      () => [{ entry: { ...plainFile('x/layer.tar', 0), kind: 'symlink', linkTarget: '/etc/passwd' }, content: [] }],
      'leads nowhere',
    ],
    [
      'a link that is no layer',
      () => [{ entry: { ...plainFile('manifest.json', 0), kind: 'symlink', linkTarget: 'x' }, content: [] }],
      'no file',
    ],
    ['nothing of images', () => [wholeFile('file', Buffer.from('x'))], 'none of images'],
    ['a manifest that is none', () => [wholeFile('manifest.json', Buffer.from('[1]'))], 'cannot be read'],
    [
      'a manifest of what is not there',
      () => [wholeFile('manifest.json', Buffer.from('[{"Config":"x.json","RepoTags":null,"Layers":[]}]'))],
      'lacks x.json',
    ],
    [
      'an image of another system',
      () => [
        wholeFile(
          'x.json',
          Buffer.from('{"os":"windows","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}'),
        ),
        wholeFile('manifest.json', Buffer.from('[{"Config":"x.json","RepoTags":null,"Layers":[]}]')),
      ],
      'Images for windows',
    ],
  ];
  test.each(cases)('is refused: %s', async (_, entries, said) => {
    const before = await ownImages();
    const refused = await b.run(['load'], { input: await packed(entries()) });
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(said) });
    expect(await ownImages()).toEqual(before);
  });

  test("gives names that are the tenant's own, and none on the Engine", async () => {
    expect(await b.ok(['load', '-q', '-i', `${a.configDir}/victim.tar`])).toContain('Loaded image: victim:latest');
    expect(await b.ok(['run', '--rm', 'victim'])).toBe(secret);
    const names = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(names.filter((name) => name.startsWith('victim'))).toEqual([]);
  });

  test('in the layout of OCI is read as well', async () => {
    const [image] = manifestOf(saved);
    const config = saved.get(image?.Config ?? '') ?? Buffer.alloc(0);
    const layers = (image?.Layers ?? []).map((path) => saved.get(path) ?? Buffer.alloc(0));
    const described = (bytes: Buffer, mediaType: string) => ({
      mediaType,
      digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
      size: bytes.length,
    });
    const blob = (bytes: Buffer) => wholeFile(`blobs/sha256/${described(bytes, '').digest.slice(7)}`, bytes);
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        config: described(config, 'application/vnd.oci.image.config.v1+json'),
        layers: layers.map((layer) => described(layer, 'application/vnd.oci.image.layer.v1.tar')),
      }),
    );
    const index = {
      schemaVersion: 2,
      manifests: [
        {
          ...described(manifest, 'application/vnd.oci.image.manifest.v1+json'),
          annotations: { 'io.containerd.image.name': 'docker.io/library/oci:1' },
        },
      ],
    };
    const archive = await packed([
      wholeFile('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
      wholeFile('index.json', Buffer.from(JSON.stringify(index))),
      ...[config, manifest, ...layers].map(blob),
    ]);
    expect(await b.ok(['load'], { input: archive })).toContain('Loaded image: oci:1');
    expect(await b.ok(['run', '--rm', 'oci:1'])).toBe(secret);
  });
});
