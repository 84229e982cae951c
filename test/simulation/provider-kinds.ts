/** What containers may run on under simulation. */

/** Simulated together, one schedule each in turns. */
export const memoryKinds = ['docker-like', 'ecs-like'] as const;
/** `aws`: the provider of that name over the fake of AWS's services; it takes much longer. */
export const providerKinds = [...memoryKinds, 'aws'] as const;
export type ProviderKind = (typeof providerKinds)[number];
