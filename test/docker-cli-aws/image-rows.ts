/** Rows of the commands that work on images. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { busyboxImage, pushImage } from '../support/base-images.ts';
import { openDocker, testDockerHost } from '../support/engine.ts';
import { startRegistry } from '../support/registry.ts';
import { inChunks, makeTar, readEntries } from '../support/tar.ts';
import type { Bench, Rows } from './row.ts';

const auth = { username: 'ann', password: 'ann-s secret' };

export function imageRows({ a, b, image, folder, registry }: Bench): Rows {
  const archive = join(folder, 'saved.tar');
  const repository = image.slice(0, image.lastIndexOf(':'));
  return {
    pull: {
      checks: 'by tag and by digest; what is not there fails by its name',
      check: async () => {
        expect(await a.ok(['pull', image])).toContain('Image is up to date');
        const [digest = ''] = JSON.parse(await a.ok(['image', 'inspect', image, '--format', '{{json .RepoDigests}}']));
        await a.ok(['pull', '-q', digest]);
        const missing = await a.run(['pull', `${registry.host}/base/none:1`]);
        expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('no such image') });
      },
    },
    login: {
      checks: 'a private image is pulled with it, and not without',
      check: async () => {
        const guarded = await startRegistry({ credentials: auth });
        try {
          const docker = openDocker(testDockerHost());
          const target = { host: guarded.host, name: 'private/one:1', credentials: auth };
          const name = await pushImage(docker, busyboxImage, target);
          expect((await a.run(['pull', name])).exitCode).toBe(1);
          const wrong = await a.run(['login', '-u', 'ann', '--password-stdin', guarded.host], { input: 'other' });
          expect(wrong.exitCode).toBe(1);
          await a.ok(['login', '-u', 'ann', '--password-stdin', guarded.host], { input: auth.password });
          await a.ok(['pull', '-q', name]);
          await a.ok(['rmi', name]);
        } finally {
          await guarded.stop();
        }
      },
    },
    images: {
      checks: '--format, -q and filters, and nothing of another tenant',
      check: async () => {
        expect(await a.ok(['images', '--format', '{{.Repository}}:{{.Tag}}'])).toContain(image);
        const id = await a.ok(['images', '-q', '--no-trunc', '--filter', `reference=${repository}`]);
        expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(await b.ok(['images', '-q'])).toBe('');
      },
    },
    'image inspect': {
      checks: 'configuration, layers and digests',
      check: async () => {
        const [found] = JSON.parse(await a.ok(['image', 'inspect', image]));
        expect(found).toMatchObject({ Os: 'linux', Config: { Cmd: ['/bin/sh'] }, RepoTags: [image] });
        expect(found.RootFS.Layers).toHaveLength(1);
        expect((await b.run(['image', 'inspect', image])).exitCode).toBe(1);
      },
    },
    history: {
      checks: 'one row for each step',
      check: async () => {
        expect(await a.ok(['history', '-q', '--no-trunc', image])).toMatch(/^sha256:/);
      },
    },
    tag: {
      checks: 'several names of one image, of which each goes by itself',
      check: async () => {
        await a.ok(['tag', image, 'shop/web:1']);
        await a.ok(['tag', 'shop/web:1', 'shop/web:2']);
        expect((await a.ok(['images', 'shop/web', '--format', '{{.Tag}}'])).split('\n').sort()).toEqual(['1', '2']);
        await a.ok(['rmi', 'shop/web:1', 'shop/web:2']);
        expect(await a.ok(['images', '-q', image])).not.toBe('');
      },
    },
    rmi: {
      checks: 'in use it is a conflict, and otherwise gone from ECR too',
      check: async () => {
        const id = await a.ok(['images', '-q', '--no-trunc', image]);
        const used = await a.run(['rmi', id]);
        expect(used).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is in use by the container') });
      },
    },
    'image prune': {
      checks: 'what a container uses stays',
      check: async () => {
        await a.ok(['image', 'prune', '-a', '-f']);
        expect(await a.ok(['images', '-q', image])).not.toBe('');
      },
    },
    push: {
      checks: 'another tenant pulls what was pushed',
      check: async () => {
        const name = `${registry.host}/team/pushed:1`;
        await a.ok(['tag', image, name]);
        await a.ok(['push', name]);
        await a.ok(['rmi', name]);
        await b.ok(['pull', '-q', name]);
        await b.ok(['rmi', name]);
      },
    },
    save: {
      checks: 'an archive with its name and layers',
      check: async () => {
        await a.ok(['save', '-o', archive, image]);
        const entries = await readEntries(inChunks(readFileSync(archive)));
        expect(entries['manifest.json']?.text).toContain(image);
      },
    },
    load: {
      checks: 'another tenant has it from the archive, with its name',
      check: async () => {
        expect(await b.ok(['load', '-i', archive])).toContain(`Loaded image: ${image}`);
        const id = ['image', 'inspect', image, '--format', '{{.Id}}'];
        expect(await b.ok(id)).toBe(await a.ok(id));
        await b.ok(['rmi', image]);
      },
    },
    import: {
      checks: 'an image of the files of a tar',
      check: async () => {
        const tar = makeTar([{ path: 'note', text: 'hello\n' }]);
        expect(await a.ok(['import', '-c', 'CMD ["/note"]', '-', 'imported:1'], { input: tar })).toMatch(/^sha256:/);
        expect(await a.ok(['image', 'inspect', 'imported:1', '--format', '{{.Config.Cmd}}'])).toBe('[/note]');
        await a.ok(['rmi', 'imported:1']);
      },
    },
    build: {
      checks: 'an image of the steps, which runs',
      check: async () => {
        const input = `FROM ${image}\nRUN echo made > /made\nCMD ["cat", "/made"]`;
        await a.ok(['build', '-q', '-t', 'built:1', '-'], { input });
        expect(await a.ok(['run', '--rm', 'built:1'])).toBe('made');
        await a.ok(['rmi', 'built:1']);
      },
    },
  };
}
