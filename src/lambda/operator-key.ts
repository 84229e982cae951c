/** The operator's key where a deployment has made a secret for it: the first one puts a key there, later ones leave it alone. */
import { newApiKey, parseApiKey } from '../domain/api-key.ts';
import type { Ids } from '../domain/clock.ts';
import { AppError } from '../domain/errors.ts';
import { readSecret } from './secrets.ts';

/** Repeatable. Whether one was made now. @param arn of a secret, whose text is random until then */
export async function ensureOperatorKey(arn: string, ids: Pick<Ids, 'bytes'>): Promise<boolean> {
  if (parseApiKey((await readSecret(arn)).trim())) return false;
  const { PutSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({});
  try {
    const { key } = newApiKey((length) => ids.bytes(length));
    await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: key }));
    return true;
  } catch (error) {
    throw new AppError('unavailable', "The operator's key cannot be kept", { cause: error });
  } finally {
    client.destroy();
  }
}
