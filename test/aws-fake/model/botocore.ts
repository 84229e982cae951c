/** Finds the service models that Debian's python3-botocore installs. They decide what a valid request is. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ServiceModel } from './service-model.ts';

const dataFolder = '/usr/lib/python3/dist-packages/botocore/data';

/** Throws unless the models are there. */
export function requireModels(): void {
  if (!existsSync(dataFolder))
    throw new Error(`No service models in ${dataFolder}: install Debian's python3-botocore.`);
}

/** @param name botocore's folder of the service, such as `ecs` or `secretsmanager` */
export function readBotocoreModel(name: string): ServiceModel {
  const folder = join(dataFolder, name);
  requireModels();
  const version = readdirSync(folder).sort().at(-1) ?? '';
  const path = join(folder, version, 'service-2.json');
  const text = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`));
  return JSON.parse(text.toString('utf8'));
}
