/** Cloud Map: names of a private namespace and the addresses behind them. */
import {
  CreatePrivateDnsNamespaceCommand,
  CreateServiceCommand,
  DeleteNamespaceCommand,
  DeleteServiceCommand,
  DeregisterInstanceCommand,
  GetOperationCommand,
  ListInstancesCommand,
  ListNamespacesCommand,
  ListServicesCommand,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import { expect, test } from 'vitest';
import { defaultAccount } from '../front-door.ts';
import { startAwsFake } from '../server.ts';

test('an instance is an address of its name, and nothing goes while it is used', async () => {
  const region = 'eu-west-1';
  const fake = await startAwsFake();
  const { ec2, names } = fake.site(defaultAccount, region);
  const credentials = fake.addUser();
  const client = new ServiceDiscoveryClient({ region, endpoint: fake.url, credentials, maxAttempts: 1 });
  const { OperationId } = await client.send(
    new CreatePrivateDnsNamespaceCommand({ Name: 'a.internal', Vpc: ec2.vpc.VpcId }),
  );
  const { Operation } = await client.send(new GetOperationCommand({ OperationId }));
  const Id = Operation?.Targets?.NAMESPACE ?? '';
  const filter = [{ Name: 'NAME' as const, Values: ['a.internal'], Condition: 'EQ' as const }];
  expect((await client.send(new ListNamespacesCommand({ Filters: filter }))).Namespaces).toMatchObject([{ Id }]);
  const DnsConfig = { DnsRecords: [{ Type: 'A' as const, TTL: 10 }] };
  const create = () => client.send(new CreateServiceCommand({ Name: 'db', NamespaceId: Id, DnsConfig }));
  const ServiceId = (await create()).Service?.Id ?? '';
  await expect(create()).rejects.toMatchObject({ name: 'ServiceAlreadyExists', ServiceId });
  const register = (Attributes: Record<string, string>) =>
    client.send(new RegisterInstanceCommand({ ServiceId, InstanceId: 'task-1', Attributes }));
  await expect(register({})).rejects.toMatchObject({ name: 'InvalidInput' });
  await register({ AWS_INSTANCE_IPV4: '10.0.0.7' });
  expect(names.lookUp('db.a.internal.')).toEqual(['10.0.0.7']);
  expect((await client.send(new ListInstancesCommand({ ServiceId }))).Instances).toMatchObject([{ Id: 'task-1' }]);
  await expect(client.send(new DeleteServiceCommand({ Id: ServiceId }))).rejects.toMatchObject({
    name: 'ResourceInUse',
  });
  await expect(client.send(new DeleteNamespaceCommand({ Id }))).rejects.toMatchObject({ name: 'ResourceInUse' });
  await client.send(new DeregisterInstanceCommand({ ServiceId, InstanceId: 'task-1' }));
  expect(names.lookUp('db.a.internal')).toEqual([]);
  await client.send(new DeleteServiceCommand({ Id: ServiceId }));
  expect((await client.send(new ListServicesCommand({}))).Services).toEqual([]);
  await client.send(new DeleteNamespaceCommand({ Id }));
  await fake.close();
  expect({ failures: fake.failures, violations: fake.violations }).toEqual({ failures: [], violations: [] });
});
