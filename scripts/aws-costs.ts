/** `npm run aws-costs`: writes the costs of the stages into docs/aws-deploy.md, from what their templates hold. With `--check` only compares. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Longshore } from '../infra/constructs/longshore.ts';
import type { Resources } from '../infra/costs.ts';
import { costsPage, type Priced } from '../infra/costs-page.ts';
import type { SettingsInput } from '../infra/settings.ts';

const path = 'docs/aws-deploy.md';
const [begin, end] = ['<!-- costs: npm run aws-costs -->', '<!-- end of costs -->'];

const before = readFileSync(path, 'utf8');
const [head, rest] = before.split(begin);
const [, tail] = (rest ?? '').split(end);
if (head === undefined || tail === undefined) throw new Error(`${path} has no place for the costs`);
const folder = mkdtempSync(join(tmpdir(), 'longshore-costs-'));
const after = `${head}${begin}\n\n${costsPage(priced())}\n\n${end}${tail}`;
rmSync(folder, { recursive: true });
if (!process.argv.includes('--check')) writeFileSync(path, after);
else if (after !== before) {
  console.error(`${path} is not what the stacks cost: run npm run aws-costs and commit it`);
  process.exitCode = 1;
}

function priced(): Priced[] {
  const stage = (name: string): SettingsInput => JSON.parse(readFileSync(`infra/stages/${name}.json`, 'utf8'));
  return [
    price('`infra/stages/dev.json`', stage('dev')),
    price('the same with a NAT gateway', { ...stage('dev'), network: { egress: 'nat-gateway' } }),
    price('the same with endpoints', { ...stage('dev'), network: { egress: 'endpoints' } }),
    price('`infra/stages/prod.json`', stage('prod')),
    price('that with the node process', {
      ...stage('prod'),
      service: { tlsSecret: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:tls-AbCdEf' },
    }),
  ];
}

function price(title: string, input: SettingsInput): Priced {
  const app = new App({
    outdir: join(folder, 'out'),
    builtinCloudFormationValidation: false,
    context: { 'aws:cdk:disable-stack-trace': true },
  });
  const longshore = new Longshore(app, 'Longshore', { ...input, bundles: standIns() });
  const assembly = app.synth();
  const resources: Resources = assembly.stacks.flatMap(
    ({ template }) => Object.values(template.Resources) as Resources,
  );
  return { title, settings: longshore.settings, resources };
}

/** What the functions do costs nothing until they run. */
function standIns(): string {
  for (const name of ['api', 'events', 'sweep', 'migrate']) {
    mkdirSync(join(folder, 'functions', name), { recursive: true });
    writeFileSync(join(folder, 'functions', name, 'index.mjs'), '');
  }
  return join(folder, 'functions');
}
