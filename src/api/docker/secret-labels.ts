/** Outside of a swarm the Engine's API has no word for secrets: a label `longshore.secret.NAME` says which one NAME gets. */
import type { ContainerSpec } from '../../domain/container-spec.ts';

const prefix = 'longshore.secret.';

/** The labels that remain, and the secrets that the others ask for. */
export function withoutSecrets(given: Record<string, string>) {
  const entries = Object.entries(given);
  const isSecret = ([key]: [string, string]) => key.startsWith(prefix);
  const secrets = entries.filter(isSecret).map(([key, secret]) => ({ name: key.slice(prefix.length), secret }));
  return {
    labels: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    secrets: secrets.length > 0 ? secrets : undefined,
  };
}

export const secretLabels = ({ secrets = [] }: ContainerSpec): Record<string, string> =>
  Object.fromEntries(secrets.map(({ name, secret }) => [`${prefix}${name}`, secret]));
