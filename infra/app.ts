/** The app that `npm run synth` and `npm run deploy` run: one stage, whose settings are a file, judged by AWS's solutions rules. */
import { readFileSync } from 'node:fs';
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Longshore } from './constructs/longshore.ts';

// The stack of each construct's making would cost most of the time.
const app = new App({ context: { 'aws:cdk:disable-stack-trace': true } });
const stage = String(app.node.tryGetContext('stage') ?? 'dev');
if (!/^[a-z][a-z0-9]*$/.test(stage))
  throw new Error(`The stage must be the name of a file in infra/stages, not ${stage}`);
const settings = JSON.parse(readFileSync(new URL(`./stages/${stage}.json`, import.meta.url), 'utf8'));
if (settings.stage !== stage)
  throw new Error(`infra/stages/${stage}.json says that it is of the stage ${settings.stage}`);
new Longshore(app, 'Longshore', settings);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true, writeSuppressionsToCloudFormation: true }));
app.synth();
