/** What the operator did not set up on AWS says so. */
import { expect, test } from 'vitest';
import { openAwsDoor } from '../support/aws-door.ts';

const { a, app, image } = await openAwsDoor({ LONGSHORE_AWS_BUILD_PROJECT: '', LONGSHORE_AWS_PUSH_ROLE: '' });

test('builds and passwords for ECR are refused, naming the setting', async () => {
  await a.ok(['pull', image]);
  const { stderr } = await a.run(['build', '-'], { input: `FROM ${image}\n` });
  expect(stderr).toContain('ask the operator to set LONGSHORE_AWS_BUILD_PROJECT');
  const wanted = { repositories: ['web'] };
  const { detail } = await app.a.admin.expect<{ detail: string }>(501, 'POST', '/v1/images/push-credentials', wanted);
  expect(detail).toContain('LONGSHORE_AWS_PUSH_ROLE');
}, 60_000);
