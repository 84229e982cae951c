/** A service's model as the fake uses it: botocore's with what is newer in the SDK. */
import { readBotocoreModel } from './botocore.ts';
import { addSdkSchemas } from './sdk-schemas.ts';
import type { ServiceModel } from './service-model.ts';

/** Models are read once per process: EC2's takes a third of a second. */
const models = new Map<string, ServiceModel>();

interface Source {
  /** botocore's folder of the service. */
  modelName: string;
  /** The SDK's. */
  sdkPackage: string;
  metadata?: Partial<ServiceModel['metadata']>;
}

export function modelOf({ modelName, sdkPackage, metadata }: Source): ServiceModel {
  const known = models.get(modelName);
  if (known) return known;
  const model = readBotocoreModel(modelName);
  addSdkSchemas(model, sdkPackage);
  Object.assign(model.metadata, metadata);
  models.set(modelName, model);
  return model;
}
