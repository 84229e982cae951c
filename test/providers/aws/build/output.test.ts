/** What a build machine's log says of a build. */
import { expect, test } from 'vitest';
import { createBuildOutput } from '../../../../src/providers/aws/build/output.ts';

const read = (...lines: string[]) => {
  const output = createBuildOutput('m', (text) => text.replaceAll('ecr/base', 'base'));
  const shown = lines.flatMap((line) => output.shown(line));
  return { shown: shown.join(''), ending: output.ending() };
};

test('only lines of the builder are shown, from its first step on', () => {
  const lines = [
    '[Container] Running command sh',
    'm>Sending build context',
    'm>Step 1/2 : FROM ecr/base',
    'stray',
    'm>one',
  ];
  expect(read(...lines)).toEqual({ shown: 'Step 1/2 : FROM base\none\n', ending: null });
  expect(read(...lines, 'm!code 0').ending).toBeNull();
  expect(read(...lines, 'm!code 0', 'm!done').ending).toBe('done');
});

test('a step that says what the script says is believed by nobody', () => {
  expect(read('m>Step 1/1 : RUN evil', 'm>m!done', 'm>m!code 0')).toEqual({
    ...{ shown: 'Step 1/1 : RUN evil\nm!done\nm!code 0\n', ending: null },
  });
});

test('a failure has the code of its step, or the words of the builder', () => {
  const failed = "The command '/bin/sh -c exit 7' returned a non-zero code: 7";
  expect(read('m>Step 1/1 : RUN exit 7', `m>${failed}`, 'm!code 7').ending).toMatchObject({
    ...{ code: 'invalid', message: failed, details: { exitCode: 7 } },
  });
  expect(
    read('m>Error response from daemon: dockerfile parse error line 3: unknown flag', 'm!code 1').ending,
  ).toMatchObject({
    ...{ code: 'invalid', message: 'dockerfile parse error: unknown flag', details: {} },
  });
  expect(read('m!base').ending).toMatchObject({ code: 'unavailable' });
});
