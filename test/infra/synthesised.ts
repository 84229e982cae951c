/** Longshore's stacks as templates, made once per set of settings. What the functions do is no matter here, so that their code stands in. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Longshore, type LongshoreProps } from '../../infra/constructs/longshore.ts';

export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DependsOn?: string[];
  DeletionPolicy?: string;
}

export interface Synthesised {
  app: App;
  longshore: Longshore;
  /** By the part's name: `network`, `data`, `tenants`, `control-plane`. */
  template(part: string): Template;
  /** Of the only resource of that type, or the only one with these properties. */
  one<T>(type: string, properties?: Record<string, unknown>): T;
  /** Of all stacks, by stack and logical id. */
  resources(type?: string): Record<string, Resource>;
}

/** With a file for each function, as `npm run bundle` writes it. */
export function standInBundles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'longshore-bundles-'));
  for (const name of ['api', 'events', 'sweep', 'migrate']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'index.mjs'), `export const handler = () => '${name}';\n`);
  }
  return folder;
}

/** Without what costs most of the time: the stack of each construct's making, and the rules that `npm run synth` judges by as well. */
export const quickApp = (flags: Record<string, unknown> = {}): App =>
  new App({
    outdir: mkdtempSync(join(tmpdir(), 'longshore-cdk-')),
    context: { ...flags, 'aws:cdk:disable-stack-trace': true },
    builtinCloudFormationValidation: false,
    treeMetadata: false,
  });

export function synthesised(settings: Partial<LongshoreProps> = {}): Synthesised {
  const app = quickApp();
  const longshore = new Longshore(app, 'Longshore', { stage: 'test', bundles: standInBundles(), ...settings });
  const templates = new Map(longshore.stacks.map((stack) => [partOf(stack), Template.fromStack(stack)]));
  const template = (part: string): Template => {
    const found = templates.get(part);
    if (!found) throw new Error(`There is no stack ${part}`);
    return found;
  };
  const resources: Synthesised['resources'] = (type) => {
    const all = [...templates].flatMap(([part, each]) =>
      Object.entries(each.toJSON().Resources as Record<string, Resource>).map(
        ([id, resource]) => [`${part}/${id}`, resource] as const,
      ),
    );
    return Object.fromEntries(all.filter(([, { Type }]) => type === undefined || Type === type));
  };
  return {
    app,
    longshore,
    template,
    resources,
    one: <T>(type: string, properties: Record<string, unknown> = {}) => {
      const wanted = Object.entries(properties);
      const all = Object.values(resources(type)).map((each) => each.Properties);
      const found = all.filter((each) => wanted.every(([key, value]) => each[key] === value));
      if (found.length !== 1) throw new Error(`There are ${found.length} of ${type}`);
      return found[0] as T;
    },
  };
}

const partOf = ({ stackName }: Stack): string => stackName.split('-').slice(2).join('-');

/** What AWS's solutions rules object to, as `rule at construct`. */
export function findingsOf({ app }: Pick<Synthesised, 'app'>): string[] {
  const { violations } = new AwsSolutionsChecks(app, { verbose: true }).validateScope(app);
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
  );
}
