/** What providers under simulation are like. */
import type { Features } from '../../src/providers/provider.ts';

/** Docker starts a stopped run again and always answers the latest; ECS does neither, and lists late what it made. */
export const providerKinds = ['docker-like', 'ecs-like'] as const;
export type ProviderKind = (typeof providerKinds)[number];

export const featuresOf: Record<ProviderKind, Pick<Features, 'restartInPlace' | 'absenceSeconds'>> = {
  'docker-like': { restartInPlace: true, absenceSeconds: 2 },
  'ecs-like': { restartInPlace: false, absenceSeconds: 60 },
};
