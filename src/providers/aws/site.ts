/** What all parts of this folder share: the account's clients and settings, and the one way in which AWS is called. */
import type { Task } from '@aws-sdk/client-ecs';
import type { Clock, Ids } from '../../domain/clock.ts';
import { AppError } from '../../domain/errors.ts';
import type { CallOptions } from '../provider.ts';
import type { Clients } from './clients.ts';
import { type Subject, toAppError } from './errors.ts';
import type { Names } from './naming.ts';
import type { AwsSettings } from './settings.ts';
import type { Throttle } from './throttle.ts';

export interface AwsAccess extends Names {
  settings: AwsSettings;
  clients: Clients;
  clock: Clock;
  ids: Ids;
  throttle: Throttle;
  /** Told about what nobody waits for. */
  log: (event: string, data: Record<string, unknown>) => void;
}

export interface TaskReader {
  /** Null: ECS does not know it, which right after RunTask means nothing. */
  read(cluster: string, taskArn: string, options: CallOptions): Promise<Task | null>;
}

export interface Site extends AwsAccess {
  tasks: TaskReader;
}

/** One request of the SDK. The action is as IAM names it; the tenant (or its cluster) is for whom, so that none takes another's turn. */
export interface AwsCall<T> {
  action: string;
  subject: Subject;
  tenantId?: string;
  send: (http: { abortSignal: AbortSignal }) => Promise<T>;
}

/** Waits for its turn below the published limits, then asks. Throws AppError only. */
export async function ask<T>(site: AwsAccess, call: AwsCall<T>, { signal, mayAct }: CallOptions): Promise<T> {
  try {
    await site.throttle.take(call.action, call.tenantId ?? '', signal);
    signal.throwIfAborted();
    if (mayAct?.() === false) throw new AppError('timeout', 'Another worker has taken over');
    return await call.send({ abortSignal: signal });
  } catch (error) {
    throw toAppError(error, call.action, call.subject, signal);
  }
}
