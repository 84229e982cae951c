/**
 * Labels of a container. Outside of a swarm the Engine's API has no word for secrets: a label `longshore.secret.NAME` says which
 * one NAME gets.
 */
import type { ContainerDetails } from '../../domain/container-details.ts';

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

/** As they are shown, and found by filters: the image's, its own over them, and its secrets. */
export function labelsOf({ spec, image }: Pick<ContainerDetails, 'spec' | 'image'>): Record<string, string> {
  const secrets = (spec.secrets ?? []).map(({ name, secret }) => [`${prefix}${name}`, secret]);
  return { ...image?.labels, ...spec.labels, ...Object.fromEntries(secrets) };
}
