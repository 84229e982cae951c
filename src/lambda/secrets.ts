/** Secrets of Secrets Manager. The client is loaded only for who has one. */
import { AppError } from '../domain/errors.ts';

/** Its text as it is now. Throws unavailable, naming the secret to the log and not to the client. */
export async function readSecret(arn: string): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({});
  try {
    const { SecretString: text } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
    if (text === undefined) throw new Error(`The secret ${arn} has no text`);
    return text;
  } catch (error) {
    throw new AppError('unavailable', 'A setting cannot be read', { cause: error });
  } finally {
    client.destroy();
  }
}
