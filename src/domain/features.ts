/** All that a Docker client can ask for, and what a provider lacks of it as it is set up. Pure. */
import { containerFeatures } from './container-features.ts';
import { AppError } from './errors.ts';
import { type Feature, noteOf, refused, type Standing, type TabledProvider } from './feature.ts';
import { imageFeatures, objectFeatures } from './object-features.ts';
import { runFeatures } from './run-features.ts';

export const features: readonly Feature[] = [...imageFeatures, ...containerFeatures, ...runFeatures, ...objectFeatures];

/** @param has whether the provider has a member: what its settings leave out is refused although AWS could do it */
export function standingAt(provider: TabledProvider, feature: Feature, has: (member: string) => boolean): Standing {
  const standing = feature[provider];
  if (standing.verdict === 'refused' || feature.member === undefined || has(feature.member)) return standing;
  const { setting, without } = feature;
  if (without) return without;
  if (setting === undefined) return refused('this installation does not do it', 'do it elsewhere');
  return refused('it is not set up here', `ask the operator to set ${setting}`);
}

/** Why a spec that asks for it is refused there, by nature or as it is set up. Throws for what the tables do not refuse. */
export function reasonOf(provider: TabledProvider, command: string): string {
  const found = features.find((feature) => feature.command === command);
  const standing = found && standingAt(provider, found, () => false);
  if (standing?.verdict !== 'refused') throw new Error(`${command} is not refused by ${provider}`);
  return noteOf(standing) ?? '';
}

/** By its nature, whatever an operator sets up. */
export const neverHas = (provider: string, member: string): boolean =>
  features.some((feature) => feature.member === member && feature[tableOf(provider)].verdict === 'refused');

/** For who lacks a member of the provider's. @param member such as `pause` or `networks.connect` */
export function lacking(provider: string, member: string): AppError {
  const found = features.find((feature) => feature.member === member);
  const standing = found && standingAt(tableOf(provider), found, () => false);
  const text = standing && noteOf(standing);
  return new AppError('unsupported', text ? `${found.command}: ${text}` : `This provider cannot ${member}`);
}

/** What is said of it there, whatever the verdict. */
export function noteOn(provider: TabledProvider, command: string): string {
  const standing = features.find((feature) => feature.command === command)?.[provider];
  return `${command}: ${(standing && noteOf(standing)) ?? ''}`;
}

export const tableOf = (provider: string): TabledProvider => (provider === 'aws' ? 'aws' : 'docker');
