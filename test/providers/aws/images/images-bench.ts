/** The images of the AWS provider on a fake AWS with the bucket that they need. */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { imagesOf } from '../../../../src/providers/aws/images/images.ts';
import { createLogReader } from '../../../../src/providers/aws/logs/pages.ts';
import type { AwsSettings } from '../../../../src/providers/aws/settings.ts';
import type { ImagePort } from '../../../../src/providers/provider.ts';
import { type AwsFake, startAwsFake } from '../../../aws-fake/server.ts';
import { awsSite, type TestSite } from '../aws-site.ts';

export const region = 'eu-west-1';

export interface ImagesBench {
  fake: AwsFake;
  site: TestSite;
  images: ImagePort;
  /** As it is with today's settings of the site. */
  open(): ImagePort;
  /** AWS must have had nothing to complain of. */
  close(): Promise<void>;
}

export async function startImagesBench(settings: Partial<AwsSettings> = {}): Promise<ImagesBench> {
  const fake = await startAwsFake();
  const site = awsSite(fake, region, settings);
  await site.clients.s3.send(new CreateBucketCommand({ Bucket: site.settings.bucket }));
  const open = () => imagesOf(site, { hosts: [], loopback: true }, createLogReader(site, 0));
  return {
    fake,
    site,
    open,
    images: open(),
    close: async () => {
      expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
      await fake.close();
    },
  };
}
