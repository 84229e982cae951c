/** A stage of infra/stages in an app: its stacks, judged by AWS's solutions rules when the app is synthesised. */
import { readFileSync } from 'node:fs';
import { App, type AppProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Longshore } from './constructs/longshore.ts';

/** Throws when there is no such stage, or a setting of it is wrong. @param name null: as the context of the app says */
export function stageApp(name: string | null, props: AppProps = {}): App {
  // The stack of each construct's making would cost most of the time.
  const app = new App({ ...props, context: { 'aws:cdk:disable-stack-trace': true } });
  const stage = name ?? String(app.node.tryGetContext('stage') ?? 'dev');
  if (!/^[a-z][a-z0-9]*$/.test(stage))
    throw new Error(`The stage must be the name of a file in infra/stages, not ${stage}`);
  const settings = JSON.parse(readFileSync(new URL(`./stages/${stage}.json`, import.meta.url), 'utf8'));
  if (settings.stage !== stage)
    throw new Error(`infra/stages/${stage}.json says that it is of the stage ${settings.stage}`);
  new Longshore(app, 'Longshore', settings);
  Validations.of(app).addPlugins(
    new AwsSolutionsChecks(app, { verbose: true, writeSuppressionsToCloudFormation: true }),
  );
  return app;
}
