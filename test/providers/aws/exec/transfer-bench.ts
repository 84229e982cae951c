/** Tasks that reach the fake's S3, or do not, and what there is to see of their files on the way. */
import { createHash, randomBytes } from 'node:crypto';
import { CreateRepositoryCommand } from '@aws-sdk/client-ecr';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import type { ExecTarget } from '../../../../src/providers/aws/exec/exec.ts';
import { region, startEngineBench } from '../../../aws-fake/runtime/engine-bench.ts';
import { makeImageWith, pushImage } from '../../../support/base-images.ts';
import { hostAddress } from '../../../support/engine.ts';
import { makeTar } from '../../../support/tar.ts';
import { awsSite } from '../aws-site.ts';
import { startTarget } from './exec-bench.ts';

export const MiB = 1024 * 1024;
export const digest = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');
export const within = (seconds = 120) => ({ signal: AbortSignal.timeout(seconds * 1000) });
export const putting = { noOverwriteDirNonDir: false, copyUidGid: false };

/** Text, since tars of tests hold text, and random, since nothing must be guessed. */
export const randomText = (bytes: number): string => randomBytes((bytes / 4) * 3).toString('base64');
export const tarOf = (path: string, text: string): Buffer => makeTar([{ path, text }]);

export type TransferBench = Awaited<ReturnType<typeof startTransferBench>>;

export async function startTransferBench() {
  const bench = await startEngineBench();
  const reachable = await bench.fake.openAt(await hostAddress(bench.docker));
  process.env.AWS_ENDPOINT_URL_S3 = reachable;
  const site = awsSite(bench.fake, region);
  const { bucket } = site.settings;
  await site.clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));

  const targetWith = async (program: 'curl' | 'wget', others: string[] = []): Promise<ExecTarget> => {
    await bench.ecr.send(new CreateRepositoryCommand({ repositoryName: `a/${program}` }));
    const image = await makeImageWith(bench.docker, program, [`/usr/bin/${program}`, ...others]);
    await pushImage(bench.docker, image, { ...(await bench.login()), name: `a/${program}:1` });
    const own = bench.image.replace('a/busybox', `a/${program}`);
    return startTarget(bench, { image: own, command: ['sleep', '3600'] });
  };
  return {
    ...bench,
    reachable,
    site,
    targetWith,
    plainTarget: () => startTarget(bench, { command: ['sleep', '3600'] }),
    /** Names of what is on its way. */
    objects: () => [...bench.site.buckets.bucket(bucket).objects.keys()].filter((key) => key.includes('/transfers/')),
    /** How many requests of S3 there were during the call, by operation. */
    async counting(call: () => Promise<unknown>): Promise<Record<string, number>> {
      const before = bench.fake.calls.length;
      await call();
      const counts: Record<string, number> = {};
      for (const { action, error } of bench.fake.calls.slice(before)) {
        if (action.startsWith('s3:') && error === undefined) counts[action] = (counts[action] ?? 0) + 1;
      }
      return counts;
    },
  };
}
