/** One request as the API serves it: idempotency key around a verb of the services, errors as a status. */
import type { Ctx, Deps } from '../../src/context.ts';
import { sha256 } from '../../src/domain/clock.ts';
import { type ContainerSpec, containerSpec } from '../../src/domain/container-spec.ts';
import { AppError, isRetryable } from '../../src/domain/errors.ts';
import { connectContainer, disconnectContainer } from '../../src/services/attachments.ts';
import { updateContainer } from '../../src/services/container-update.ts';
import * as verbs from '../../src/services/container-verbs.ts';
import { createContainer } from '../../src/services/containers.ts';
import { claimKey, finishKey, whileHeld } from '../../src/services/idempotency.ts';

export type Wish =
  | { kind: 'create'; name: string | undefined; spec: ContainerSpec; start: boolean }
  | { kind: 'start' | 'pause' | 'unpause'; target: string }
  | { kind: 'stop' | 'restart'; target: string; graceSeconds: number }
  | { kind: 'kill'; target: string; signal: string }
  | { kind: 'rename'; target: string; name: string }
  | { kind: 'update'; target: string; memoryMiB: number; restart: string | undefined }
  | { kind: 'connect'; target: string; network: string; aliases: string[] }
  | { kind: 'disconnect'; target: string; network: string }
  | { kind: 'remove'; target: string; force: boolean };

export interface Request {
  /** Unique; the actor of all that it causes, so that its effects can be counted. */
  id: string;
  tenantId: string;
  key: string | null;
  wish: Wish;
}

export interface Reply {
  /** 200, 4xx: refused, 503: unknown or not now. */
  status: number;
  containerId: string | null;
  operationId: string | null;
  converged: boolean;
  code: string | null;
}

export async function serve(deps: Deps, request: Request): Promise<Reply> {
  const { tenantId, key, wish } = request;
  const ctx: Ctx = {
    principal: { kind: 'tenant', tenantId, tenant: 'simulated', keyId: request.id, role: 'admin' },
    requestId: request.id,
    log: deps.log,
    signal: new AbortController().signal,
    claim: null,
  };
  if (key === null) return answer(() => perform(deps, ctx, wish));
  return answer(async () => {
    const route = `POST ${wish.kind}`;
    const requestHash = sha256(JSON.stringify(wish));
    const state = await claimKey(deps, { tenantId, route, key, requestHash });
    if (state.kind === 'done') return JSON.parse(state.body) as Reply;
    if (state.kind === 'busy') throw new AppError('unavailable', 'A request with this key is being worked on.');
    if (state.kind === 'mismatch') throw new AppError('idempotency_mismatch', 'This key belongs to another request.');
    const claim = { route, key, attempt: state.attempt };
    return whileHeld(deps, tenantId, claim, async () => {
      const reply =
        state.kind === 'accepted'
          ? { ...accepted, containerId: state.resource }
          : await answer(() => perform(deps, { ...ctx, claim }, wish));
      await finishKey(deps, tenantId, claim, { status: reply.status, body: JSON.stringify(reply) });
      return reply;
    });
  });
}

const accepted: Reply = { status: 200, containerId: null, operationId: null, converged: false, code: null };

async function perform(deps: Deps, ctx: Ctx, wish: Wish): Promise<Reply> {
  const { container, operationId, converged } = await act(deps, ctx, wish);
  return { ...accepted, containerId: container.id, operationId, converged };
}

function act(deps: Deps, ctx: Ctx, wish: Wish) {
  switch (wish.kind) {
    case 'create':
      return createContainer(deps, ctx, wish);
    case 'start':
      return verbs.startContainer(deps, ctx, wish.target);
    case 'pause':
      return verbs.pauseContainer(deps, ctx, wish.target);
    case 'unpause':
      return verbs.unpauseContainer(deps, ctx, wish.target);
    case 'stop':
      return verbs.stopContainer(deps, ctx, wish.target, wish);
    case 'restart':
      return verbs.restartContainer(deps, ctx, wish.target, wish);
    case 'kill':
      return verbs.killContainer(deps, ctx, wish.target, wish.signal);
    case 'rename':
      return verbs.renameContainer(deps, ctx, wish.target, wish.name);
    case 'connect':
      return connectContainer(deps, ctx, { ...wish, container: wish.target });
    case 'disconnect':
      return disconnectContainer(deps, ctx, { ...wish, container: wish.target });
    case 'update': {
      const restart = wish.restart === undefined ? undefined : containerSpec.shape.restart.parse(wish.restart);
      return updateContainer(deps, ctx, wish.target, { resources: { memoryMiB: wish.memoryMiB }, restart });
    }
    case 'remove':
      return verbs.removeContainer(deps, ctx, wish.target, { force: wish.force, volumes: false });
  }
}

/** An error that names its operation was accepted first. Anything but an AppError is a defect and goes up. */
async function answer(run: () => Promise<Reply>): Promise<Reply> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { containerId, operationId } = error.details;
    return {
      status: isRetryable(error) ? 503 : 409,
      containerId: typeof containerId === 'string' ? containerId : null,
      operationId: typeof operationId === 'string' ? operationId : null,
      converged: false,
      code: error.code,
    };
  }
}
