/** Secrets with their versions, found by name or ARN. */
import { AwsError } from '../aws-error.ts';
import { letters } from '../random-ids.ts';

export interface SecretVersion {
  id: string;
  stages: string[];
  text: string | undefined;
  binary: Uint8Array | undefined;
  createdAt: Date;
}

export interface Secret {
  arn: string;
  name: string;
  description: string | undefined;
  tags: { Key?: string | undefined; Value?: string | undefined }[];
  createdAt: Date;
  deletedAt: Date | undefined;
  versions: SecretVersion[];
}

export class SecretStore {
  readonly secrets = new Map<string, Secret>();
  private readonly arnOf: (resource: string) => string;

  constructor(arnOf: (resource: string) => string) {
    this.arnOf = arnOf;
  }

  newArn(name: string): string {
    return this.arnOf(`secret:${name}-${letters(6)}`);
  }

  /** By name, ARN, or an ARN without its six last characters. */
  find(id: string): Secret {
    for (const secret of this.secrets.values()) {
      if (secret.name === id || secret.arn === id || secret.arn.slice(0, -7) === id) return secret;
    }
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }

  version(secret: Secret, { id, stage }: { id?: string | undefined; stage?: string | undefined } = {}): SecretVersion {
    if (secret.deletedAt) {
      const text = 'You can’t perform this operation on the secret because it was marked for deletion.';
      throw new AwsError('InvalidRequestException', text);
    }
    const wanted = stage ?? (id === undefined ? 'AWSCURRENT' : undefined);
    const found = secret.versions.find(
      (version) => (!id || version.id === id) && (!wanted || version.stages.includes(wanted)),
    );
    const text = `Secrets Manager can't find the specified secret value for staging label: ${wanted ?? id}`;
    if (!found) throw new AwsError('ResourceNotFoundException', text);
    return found;
  }

  /** What a container's `valueFrom` names: an ARN, which may go on with `:json-key:version-stage:version-id`. */
  valueFrom(reference: string): string {
    const parts = reference.split(':');
    const [key, stage, id] = parts.slice(7);
    const secret = this.find(parts.slice(0, 7).join(':'));
    const version = this.version(secret, { id: id || undefined, stage: stage || undefined });
    const text = version.text ?? Buffer.from(version.binary ?? []).toString('base64');
    if (!key) return text;
    const value: unknown = JSON.parse(text)[key];
    if (value === undefined) {
      throw new AwsError(
        'ResourceNotFoundException',
        `retrieved secret from Secrets Manager did not contain json key ${key}`,
      );
    }
    return typeof value === 'string' ? value : JSON.stringify(value);
  }
}
