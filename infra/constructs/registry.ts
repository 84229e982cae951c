/** A repository for images of the platform's own that tenants' execution role may pull, such as the forwarder. Tenants' are made at run time. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { Repository, RepositoryEncryption, TagMutability } from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';

export class Registry extends Construct {
  readonly platform: Repository;

  constructor(scope: Construct, id: string, { prefix, keepData }: { prefix: string; keepData: boolean }) {
    super(scope, id);
    this.platform = new Repository(this, 'Platform', {
      repositoryName: `${prefix}/platform/images`,
      imageScanOnPush: true,
      imageTagMutability: TagMutability.IMMUTABLE,
      encryption: RepositoryEncryption.AES_256,
      lifecycleRules: [{ description: 'The last fifty', maxImageCount: 50 }],
      removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }
}
