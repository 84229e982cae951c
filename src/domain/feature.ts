/**
 * How a command of Docker's, or one of its options, stands at a provider. The tables of features are what `GET /v1/provider`,
 * docs/docker-compat.md and the refusals of services say. Pure.
 */

export const standings = ['works', 'approximated', 'refused'] as const;

export type Standing =
  | { verdict: 'works' }
  /** `how`: what differs from a Docker Engine. */
  | { verdict: 'approximated'; how: string }
  | { verdict: 'refused'; why: string; instead: string };

/** Those that have tables: the provider in memory does whatever its methods do. */
export type TabledProvider = 'docker' | 'aws';

export interface Feature {
  /** As it is typed: `commit`, `run --hostname`, `network connect`. */
  command: string;
  docker: Standing;
  aws: Standing;
  /** Of the provider, without which there is no such thing: `pause`, `networks.connect`. */
  member?: string;
  /** With what the operator switches it on, where it is not there by itself. */
  setting?: string;
  /** Said where it is not, unless that the setting is missing says it all. */
  without?: Standing;
}

export const works: Standing = { verdict: 'works' };
export const approximated = (how: string): Standing => ({ verdict: 'approximated', how });
export const refused = (why: string, instead: string): Standing => ({ verdict: 'refused', why, instead });

/** One that a Docker Engine has as Docker has it. */
export const feature = (
  command: string,
  aws: Standing,
  more: Pick<Feature, 'member' | 'setting' | 'without'> & { docker?: Standing } = {},
): Feature => ({ docker: works, ...more, command, aws });

/** What a tenant reads of it. */
export function noteOf(standing: Standing): string | null {
  if (standing.verdict === 'works') return null;
  return standing.verdict === 'approximated' ? standing.how : `${standing.why}; ${standing.instead}`;
}
