/** What a client asked of a container and how far it came. Reported, never the driver of an effect. */
import type { Failure } from './container.ts';
import type { Actor } from './principal.ts';

export const operationStates = ['accepted', 'succeeded', 'failed', 'superseded'] as const;
export type OperationState = (typeof operationStates)[number];

export const operationKinds = [
  'create',
  'start',
  'stop',
  'restart',
  'kill',
  'pause',
  'unpause',
  'rename',
  'connect',
  'disconnect',
  'remove',
  'update',
] as const;
export type OperationKind = (typeof operationKinds)[number];

export interface Operation {
  id: string;
  containerId: string;
  kind: OperationKind;
  generation: number;
  state: OperationState;
  failure: Failure | null;
  actor: Actor;
  createdAt: Date;
  finishedAt: Date | null;
}
