/** Dockerfiles that would become too long where their variables are replaced, and what is read otherwise than it looks. */
import { expect, test } from 'vitest';
import { parseDockerfile } from '../../src/services/dockerfile.ts';
import { pinImages } from '../../src/services/dockerfile-images.ts';

const image = { id: `sha256:${'0'.repeat(64)}`, onBuild: [] as string[], env: ['PATH=/bin'] };

function pin(lines: string[], { onBuild = image.onBuild, env = image.env, args = {} } = {}) {
  return pinImages(parseDockerfile(lines.join('\n')), args, async () => ({ ...image, onBuild, env }));
}

const tenTimes = (name: string) => `$${name}`.repeat(10);
/** Each is ten times as long as the one before. */
const growing = (keyword: string) =>
  Array.from({ length: 10 }, (_, step) => `${keyword} a${step + 1}=${tenTimes(`a${step}`)}`);

test.each([
  ['arguments before the first FROM', ['ARG a0=0123456789', ...growing('ARG'), 'FROM $a10']],
  ['arguments of a stage', ['FROM base', 'ARG a0=0123456789', ...growing('ARG')]],
  ['variables of a stage', ['FROM base', 'ENV a0=0123456789', ...growing('ENV')]],
  [
    'variables in the older form',
    ['FROM base', 'ENV a0 0123456789', ...growing('ENV').map((each) => each.replace('=', ' '))],
  ],
  [
    'variables with variable names',
    ['FROM base', 'ENV b=a', 'ENV a0=0123456789', ...growing('ENV').map((each) => each.replace('ENV a', `ENV \${b}`))],
  ],
  ['variables with escapes', ['FROM base', 'ENV a0=0123456789', ...growing('ENV').map((each) => `${each}\\ x`)]],
  ['one that repeats itself', ['FROM base', 'ENV a=0123456789', ...Array(10).fill(`ENV a=${tenTimes('a')}`)]],
  ['labels', ['FROM base', `ENV a=${'x'.repeat(50_000)}`, `LABEL b=${tenTimes('a').repeat(10)}`]],
])('%s that grow without end are refused', async (_, lines) => {
  await expect(pin(lines)).rejects.toMatchObject({ code: 'limit', message: expect.stringContaining('4 MiB') });
});

test('so are those that triggers, the base or an argument of the build make grow', async () => {
  const limit = { code: 'limit' };
  const env = ['a0=0123456789'];
  await expect(pin(['FROM base'], { env, onBuild: growing('ENV') })).rejects.toMatchObject(limit);
  await expect(pin(['FROM base', ...growing('ENV')], { env })).rejects.toMatchObject(limit);
  const args = { a0: 'x'.repeat(10_000) };
  await expect(pin(['FROM base', 'ARG a0', ...growing('ENV').slice(0, 4)], { args })).rejects.toMatchObject(limit);
  const late = ['ENV a=x', `ONBUILD ENV b=${tenTimes('a').repeat(10)}`, `ENV a=${'x'.repeat(50_000)}`, 'FROM one'];
  await expect(pin(['FROM base AS one', ...late])).rejects.toMatchObject(limit);
});

test('many lines that each make a variable a little longer are taken', async () => {
  const lines = Array.from({ length: 300 }, (_, step) =>
    `ENV PATH=/opt/${step}/bin:\${PATH} HOME_${step} = x`.replace(' = ', '='),
  );
  const { instructions } = await pin(['FROM base', ...lines, 'LABEL path=$PATH', 'RUN echo $PATH']);
  expect(instructions).toHaveLength(303);
});

test('labels of the tenant may have quotes and variables', async () => {
  const lines = ['LABEL a="b c" org.$x=y', 'LABEL description $text', 'LABEL "a b"=c'];
  expect((await pin(['FROM base', ...lines])).instructions).toHaveLength(4);
});

test('what would take long to be read is refused at once', async () => {
  const started = performance.now();
  expect(() => parseDockerfile(`FROM base\n${'RUN a\n'.repeat(150_000)}`)).toThrow('longer than 64 KiB');
  expect(() => parseDockerfile(`FROM base\n${'RUN a\n'.repeat(3000)}`)).toThrow('at most 2000 instructions');
  await expect(pin(['FROM base'], { onBuild: Array(200_000).fill('RUN a') })).rejects.toMatchObject({ code: 'limit' });
  await expect(pin(['FROM base'], { onBuild: [`RUN ${'a '.repeat(5000)}`] })).rejects.toThrow('at most 8 KiB');
  expect(performance.now() - started).toBeLessThan(2000);
});
