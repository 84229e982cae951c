/** Bytes of layers that ECR has, from where it says that they are. */
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions } from '../../provider.ts';

/** From an offset on. @param url a capability: it is not to be told to anybody */
export async function openUrl(url: string, from: number, { signal }: CallOptions): Promise<AsyncIterable<Uint8Array>> {
  const answer = await fetch(url, { signal, ...(from > 0 && { headers: { range: `bytes=${from}-` } }) }).catch(
    (error: unknown) => {
      throw new AppError('unavailable', 'A layer cannot be fetched from AWS', { cause: error });
    },
  );
  if (answer.status === (from > 0 ? 206 : 200) && answer.body) return answer.body;
  await answer.body?.cancel();
  throw new AppError('unavailable', `AWS answered with ${answer.status} instead of a layer`);
}
