/** The commands that make the stacks and hand them to AWS, up to where an account is needed. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { runProgram } from '../support/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'longshore-synth-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Without a network and without Docker. */
const env = {
  PATH: join(root, 'node_modules/.bin'),
  HOME: folder,
  DOCKER_HOST: 'unix:///nowhere',
  https_proxy: 'http://127.0.0.1:9',
};
const node = (...args: string[]) => runProgram(process.execPath, args, { cwd: root, env });

describe('npm run synth', () => {
  test("makes a stage's templates with the real functions, to which no rule objects, and which the CDK can read", async () => {
    const made = await node('scripts/synth.ts', '--stage', 'dev', '--output', folder);
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    expect(made.stdout).toMatch(/dev .* 4 stacks, \d+ resources in /);
    const assembly = join(folder, 'dev');
    const templates = readdirSync(assembly).filter((name) => name.endsWith('.template.json'));
    const judged = templates.filter((name) => readFileSync(join(assembly, name), 'utf8').includes('rules_to_suppress'));
    expect(judged.length).toBeGreaterThan(0);
    const code = readdirSync(assembly).filter((name) => existsSync(join(assembly, name, 'index.mjs')));
    expect(code).toHaveLength(4);
    const listed = await runProgram(join(root, 'node_modules/.bin/cdk'), ['list', '--app', assembly, '--no-notices'], {
      env: { ...env, CDK_DISABLE_CLI_TELEMETRY: 'true' },
    });
    expect(listed.exitCode).toBe(0);
    expect(listed.stdout.trim().split('\n')).toEqual(
      ['Network', 'Data', 'Tenants', 'ControlPlane'].map((name) => expect.stringMatching(`^Longshore/${name} `)),
    );
  });

  test('fails when a rule objects, and says to what', async () => {
    const script = `
      import { Bucket } from 'aws-cdk-lib/aws-s3';
      import { stageApp } from './infra/stage.ts';
      const app = stageApp('dev', { outdir: process.argv[1] });
      new Bucket(app.node.findChild('Longshore').node.findChild('Tenants'), 'Careless');
      app.synth();`;
    const made = await node('--input-type=module', '--eval', script, '--', join(folder, 'careless'));
    expect(made.exitCode).not.toBe(0);
    expect(made.stderr).toMatch(/AwsSolutions-S10[\s\S]*Validation failed/);
  });

  test('says what stages there are when it is asked for another', async () => {
    expect(await node('scripts/synth.ts', '--stage', 'moon')).toMatchObject({
      exitCode: 1,
      stderr: 'There is no infra/stages/moon.json. Stages: dev, prod\n',
    });
    expect((await node('scripts/synth.ts', '--colour')).stderr).toMatch(/^Usage: /);
  });
});

test('npm run deploy does nothing for a part that there is not', async () => {
  const { exitCode, stderr } = await node('scripts/deploy.ts', '--stage', 'dev', '--stack', 'moon');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: '--stack is one of network, data, tenants, control-plane\n',
  });
});

test('npm run deploy does nothing without a stage', async () => {
  const { exitCode, stderr } = await node('scripts/deploy.ts', 'destroy');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr:
      'Usage: npm run deploy -- [deploy|bootstrap|diff|destroy] --stage dev|prod [--stack PART] [arguments of cdk]\n',
  });
});
