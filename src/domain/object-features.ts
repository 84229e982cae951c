/** The commands that work on images, volumes, networks and the whole, by provider. */
import { approximated, type Feature, feature, refused, works } from './feature.ts';

const notTaken = refused('a network is set when a task starts', 'remove the container and create it on the network');

export const imageFeatures: readonly Feature[] = [
  feature('pull', works),
  feature('images', approximated('sizes are those of compressed layers')),
  feature('image inspect', works),
  feature('history', approximated('sizes are those of compressed layers')),
  feature('tag', works),
  feature('rmi', works),
  feature('image prune', works),
  feature('save', approximated('layers stay compressed, which load takes'), { member: 'images.save' }),
  feature('push', works),
  feature('load', works, { member: 'images.load' }),
  feature('import', works),
  feature('build', approximated('on a machine of CodeBuild of its own: nothing is cached, and no network is yours'), {
    ...{ member: 'images.build', setting: 'LONGSHORE_AWS_BUILD_PROJECT' },
  }),
];

export const objectFeatures: readonly Feature[] = [
  feature('volume create', works, { member: 'mounts.volume', setting: 'LONGSHORE_AWS_EFS' }),
  feature('volume ls', works),
  feature('volume inspect', works),
  feature('volume rm', approximated('its files stay in the file system, where nothing reaches them any more')),
  feature('volume prune', approximated('files stay in the file system, where nothing reaches them any more')),
  feature('network create', works),
  feature(
    'network create --internal',
    refused('a task on Fargate needs a way out, to its image and its log', 'leave it out'),
  ),
  feature(
    'network create --subnet',
    refused("networks on AWS take their addresses from the VPC's subnets", 'leave it out'),
  ),
  feature('network ls', works),
  feature('network inspect', works),
  feature('network rm', works),
  feature('network prune', works),
  feature('network connect', notTaken, { member: 'networks.connect' }),
  feature('network disconnect', notTaken, { member: 'networks.disconnect' }),
  feature('system df', approximated('sizes are those of compressed layers, and of volumes none is known')),
  feature('events', works),
  feature('info', works),
  feature('version', works),
  feature('login', works),
];
