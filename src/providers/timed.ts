/** Any provider with its calls counted and timed. Changes nothing else about it: what is optional stays absent or present. */
import { AppError } from '../domain/errors.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { Provider } from './provider.ts';

type Call = (...args: unknown[]) => unknown;

/** They last as long as somebody listens or sends, which says nothing about the provider. */
const streams = new Set(['logs', 'stats', 'watch', 'put', 'save']);
/** They tell of their progress until their result. */
const telling = new Set(['pull', 'build', 'pushed']);

export function timed(provider: Provider, metrics: Metrics): Provider {
  const { images, networks, volumes, archive, ...own } = provider;
  return {
    ...timedMembers(own, '', metrics),
    ...(archive && { archive: timedMembers(archive, 'archive.', metrics) }),
    images: timedMembers(images, 'images.', metrics),
    networks: timedMembers(networks, 'networks.', metrics),
    volumes: timedMembers(volumes, 'volumes.', metrics),
  };
}

function timedMembers<T extends object>(members: T, prefix: string, metrics: Metrics): T {
  const entries = Object.entries(members).map(([name, member]) => {
    if (typeof member !== 'function' || streams.has(name)) return [name, member];
    const call: Call = member.bind(members);
    return [
      name,
      telling.has(name) ? timedTelling(call, prefix + name, metrics) : timedCall(call, prefix + name, metrics),
    ];
  });
  return Object.fromEntries(entries) as T;
}

function timedCall(call: Call, method: string, metrics: Metrics): Call {
  return async (...args) => {
    const end = metrics.providerCall(method);
    try {
      const result = await call(...args);
      end('ok');
      return result;
    } catch (error) {
      end(codeOf(error));
      throw error;
    }
  };
}

/** From its start to its result, with all the progress in between. */
function timedTelling(call: Call, method: string, metrics: Metrics): Call {
  return async function* (...args) {
    const end = metrics.providerCall(method);
    let outcome = 'ok';
    try {
      return yield* call(...args) as AsyncGenerator<unknown, unknown, void>;
    } catch (error) {
      outcome = codeOf(error);
      throw error;
    } finally {
      end(outcome);
    }
  };
}

const codeOf = (error: unknown): string => (error instanceof AppError ? error.code : 'internal');
