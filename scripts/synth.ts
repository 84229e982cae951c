/**
 * `npm run synth [-- --stage X] [--output FOLDER]`: bundles the functions and makes CloudFormation's templates of each stage, judged by AWS's
 * solutions rules. Needs neither network nor Docker nor an account.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stageApp } from '../infra/stage.ts';
import { bundleFunctions } from './bundle.ts';
import { stageNames, takeStage } from './stage-arguments.ts';
import { step } from './steps.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

try {
  const { stage, rest } = takeStage(process.argv.slice(2));
  const [flag, output = 'cdk.out', ...more] = rest;
  if ((flag !== undefined && flag !== '--output') || more.length > 0)
    throw new Error('Usage: npm run synth -- [--stage X] [--output FOLDER]');
  await step(
    'bundle',
    () => bundleFunctions(join(root, 'dist/functions')),
    (bundles) => `${bundles.length} functions`,
  );
  for (const each of stage === null ? stageNames() : [stage]) {
    await step(
      each,
      async () => synthesise(each, resolve(root, output, each)),
      (folder) => `${describe(folder)} in ${relative(root, folder)}`,
    );
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

/** In this process, so that the rules are read once for all stages. Throws when one of them objects, after it has said to what. */
function synthesise(stage: string, folder: string): string {
  return stageApp(stage, { outdir: folder }).synth().directory;
}

function describe(folder: string): string {
  const templates = readdirSync(folder).filter((file) => file.endsWith('.template.json'));
  const resources = templates.map(
    (file) => Object.keys(JSON.parse(readFileSync(join(folder, file), 'utf8')).Resources).length,
  );
  return `${templates.length} stacks, ${resources.reduce((sum, count) => sum + count, 0)} resources`;
}
