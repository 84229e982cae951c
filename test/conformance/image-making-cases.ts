/** Images that are made or moved: saved, loaded and built, each tenant's apart from the others'. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { ImageDetails } from '../../src/domain/image.ts';
import { readTar } from '../../src/domain/tar.ts';
import type { BuildInput } from '../../src/providers/provider.ts';
import { packTar, wholeFile } from '../../src/services/archive-stream.ts';
import type { When } from './capabilities.ts';
import { type World, within } from './harness.ts';

export function imageMakingCases(world: () => World, when: When): void {
  const build = async (tenantId: string, steps: string[], more: Partial<BuildInput> = {}) => {
    const { provider, harness } = world();
    const input: BuildInput = {
      ...{ tenantId, dockerfile: [`FROM ${harness.imageId}`, ...steps, ''].join('\n'), dockerfilePath: 'made-up' },
      context: (dockerfile) =>
        packTar([wholeFile('made-up', Buffer.from(dockerfile)), wholeFile('file', Buffer.from('content'))]),
      ...{ target: null, buildArgs: {}, labels: {}, noCache: false, network: null, extraHosts: [] },
      ...{ memoryMiB: 64, cpus: 1, shmMiB: null, ...more },
    };
    const said: string[] = [];
    const building = provider.images.build(input, within(120));
    for (;;) {
      const step = await building.next();
      if (step.done) return { details: step.value, said: said.join('') };
      said.push(step.value);
    }
  };
  const held = async ({ id }: ImageDetails) =>
    (await world().provider.listOwned(within()))
      .filter(({ kind, key }) => kind === 'image' && key === id)
      .map(({ tenantId }) => tenantId);

  when('images.build')('a build says its steps, and its image has what they made', async () => {
    const { provider, harness } = world();
    const [ann] = harness.tenants;
    const steps = ['ENV A=b', 'COPY file /file', 'RUN echo said', 'CMD ["echo", "hello"]'];
    const { details, said } = await build(ann, steps, { labels: { by: 'suite' } });
    expect(said).toContain(`Step 1/6 : FROM ${harness.imageId}`);
    expect(said).toContain('Step 4/6 : RUN echo said');
    expect(said).toContain('said\n');
    expect(said).not.toContain('longshore');
    expect(details.config).toMatchObject({ command: ['echo', 'hello'], labels: { by: 'suite' } });
    expect(Object.keys(details.config.labels).filter((name) => name.startsWith('longshore'))).toEqual([]);
    expect(details.config.env).toContain('A=b');
    expect(await held(details)).toEqual([ann]);
    await provider.images.release(details.id, ann, within());
  });

  when('images.build')('a step that fails ends its build with the code', async () => {
    const { harness } = world();
    await expect(build(harness.tenants[0], ['RUN echo doomed; exit 7'])).rejects.toMatchObject({
      code: 'invalid',
      message: "The command '/bin/sh -c echo doomed; exit 7' returned a non-zero code: 7",
      details: { exitCode: 7 },
    });
  });

  when(
    'images.save',
    'images.load',
    'images.build',
  )('what is saved can be loaded by another tenant, as the same image', async () => {
    const { provider, harness } = world();
    const { save, load } = provider.images;
    const [ann, bob] = harness.tenants;
    const { details } = await build(ann, [`COPY file /${randomUUID()}`]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of save([details.id], within(60))) chunks.push(chunk);
    const paths: string[] = [];
    for await (const { entry } of readTar(each(chunks))) paths.push(entry.path);
    expect(paths).toEqual(expect.arrayContaining([`${details.id.slice('sha256:'.length)}.json`, 'manifest.json']));
    await provider.images.release(details.id, ann, within());
    // Whatever names the provider wants them to have are for its own eyes.
    const wanted = new Set<string>();
    const archive = (namesOf: (id: string) => string[]) => {
      for (const name of namesOf(details.id)) wanted.add(name);
      return each(chunks);
    };
    const input = { imageIds: [details.id], archive, tenantId: bob };
    for (let round = 0; round < 2; round++) {
      const [loaded] = await load(input, within(60));
      expect(loaded).toMatchObject({ id: details.id, layers: details.layers, config: details.config });
    }
    expect(await held(details)).toEqual([bob]);
    const handles = (await provider.listOwned(within()))
      .filter(({ key }) => key === details.id)
      .map(({ handle }) => handle);
    expect(wanted.size === 0 || handles.some((handle) => wanted.has(handle))).toBe(true);
    await provider.images.release(details.id, bob, within());
  });

  /** Everything in an archive but the layers. */
  const descriptions = async (id: string) => {
    const { save } = world().provider.images;
    const texts: string[] = [];
    for await (const { entry, content } of readTar(save([id], within(60)))) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      if (entry.kind === 'file' && !entry.path.endsWith('layer.tar')) texts.push(Buffer.concat(chunks).toString());
    }
    return texts.join('\n');
  };

  when(
    'commit',
    'images.save',
    'images.build',
  )('what is saved of an image that was built or made of a run says nothing of ours', async () => {
    const { provider, harness, create, later } = world();
    const [ann] = harness.tenants;
    const steps = ['RUN mkdir /folder', 'ENV A=b', 'RUN true', 'COPY file /file', 'CMD ["cat", "/file"]'];
    const { details } = await build(ann, steps, { labels: { by: 'suite' } });
    const run = await create({ spec: { labels: { app: 'shop' } } });
    const input = { tenantId: ann, author: 'ann', comment: 'by hand', pause: false, config: {} };
    const committed = await provider.commit(run, input, within(60));
    for (const { id } of [details, committed]) later(() => provider.images.release(id, ann, within()));
    for (const { id, config, history } of [details, committed]) {
      const text = await descriptions(id);
      expect(text).toContain('"Labels":{');
      for (const ours of ['longshore', ann, run.input.containerId, run.key]) expect(text).not.toContain(ours);
      expect(JSON.stringify([config, history])).not.toContain('longshore');
    }
    expect(details.history.map(({ createdBy }) => createdBy).slice(0, 6)).toEqual(
      ['LABEL', 'CMD', 'COPY', 'true', 'ENV', 'mkdir'].map((part) => expect.stringContaining(part)),
    );
  });

  when('images.save')('nothing is saved of an image that is not there', async () => {
    const { save } = world().provider.images;
    const read = async () => {
      for await (const _ of save([`sha256:${'0'.repeat(64)}`], within())) {
        // Reading on is the point.
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'not_found' });
  });
}

async function* each(chunks: Uint8Array[]): AsyncGenerator<Uint8Array, void, void> {
  yield* chunks;
}
