/** Cloud Map's API. */
import type {
  CreatePrivateDnsNamespaceRequest,
  CreatePrivateDnsNamespaceResponse,
  CreateServiceRequest,
  CreateServiceResponse,
  DeleteNamespaceRequest,
  DeleteNamespaceResponse,
  DeleteServiceRequest,
  DeregisterInstanceRequest,
  DeregisterInstanceResponse,
  GetNamespaceRequest,
  GetNamespaceResponse,
  GetOperationRequest,
  GetOperationResponse,
  GetServiceRequest,
  GetServiceResponse,
  ListInstancesRequest,
  ListInstancesResponse,
  ListNamespacesRequest,
  ListNamespacesResponse,
  ListServicesRequest,
  ListServicesResponse,
  RegisterInstanceRequest,
  RegisterInstanceResponse,
} from '@aws-sdk/client-servicediscovery';
import { AwsError } from '../aws-error.ts';
import { page } from '../pages.ts';
import type { Call, Service } from '../service.ts';

function createPrivateDnsNamespace(
  input: CreatePrivateDnsNamespaceRequest,
  { site }: Call,
): CreatePrivateDnsNamespaceResponse {
  const { Name = '', Vpc, Description, CreatorRequestId } = input;
  if (Vpc !== site.ec2.vpc.VpcId) throw new AwsError('InvalidInput', `The VPC ${Vpc} does not exist`);
  const same = [...site.names.namespaces.values()].find(({ shown }) => shown.Name === Name);
  if (same) {
    const text = `Namespace with name ${Name} already exists`;
    throw new AwsError('NamespaceAlreadyExists', text, 400, { NamespaceId: same.shown.Id });
  }
  const Id = site.names.newId('ns');
  const shown = {
    Id,
    Arn: site.arn('servicediscovery', `namespace/${Id}`),
    Name,
    Type: 'DNS_PRIVATE' as const,
    ...(Description !== undefined && { Description }),
    CreateDate: site.now(),
  };
  site.names.namespaces.set(Id, { shown, token: CreatorRequestId });
  return { OperationId: site.names.done('CREATE_NAMESPACE', { NAMESPACE: Id }, site.now()) };
}

function getNamespace({ Id }: GetNamespaceRequest, { site }: Call): GetNamespaceResponse {
  return { Namespace: site.names.namespace(Id).shown };
}

function listNamespaces(input: ListNamespacesRequest, { site }: Call): ListNamespacesResponse {
  const found = [...site.names.namespaces.values()]
    .map(({ shown }) => shown)
    .filter(({ Name, Type }) =>
      (input.Filters ?? []).every(({ Name: key, Values = [] }) =>
        Values.includes(key === 'NAME' ? Name : (Type ?? '')),
      ),
    );
  const { items, next } = page(found, input.NextToken, input.MaxResults ?? 100, 'InvalidInput');
  return { Namespaces: items, ...(next && { NextToken: next }) };
}

function deleteNamespace({ Id }: DeleteNamespaceRequest, { site }: Call): DeleteNamespaceResponse {
  const { shown } = site.names.namespace(Id);
  if ([...site.names.services.values()].some(({ shown: { NamespaceId } }) => NamespaceId === shown.Id)) {
    throw new AwsError('ResourceInUse', 'The namespace still has services');
  }
  site.names.namespaces.delete(shown.Id);
  return { OperationId: site.names.done('DELETE_NAMESPACE', { NAMESPACE: shown.Id }, site.now()) };
}

function createService(input: CreateServiceRequest, { site }: Call): CreateServiceResponse {
  const {
    Name = '',
    NamespaceId = input.DnsConfig?.NamespaceId ?? '',
    Description,
    DnsConfig,
    CreatorRequestId,
  } = input;
  const namespace = site.names.namespace(NamespaceId).shown;
  const same = [...site.names.services.values()].find(
    ({ shown }) => shown.NamespaceId === namespace.Id && shown.Name.toLowerCase() === Name.toLowerCase(),
  );
  if (same && CreatorRequestId !== undefined && same.token === CreatorRequestId) return { Service: same.shown };
  if (same) {
    throw new AwsError('ServiceAlreadyExists', `Service ${Name} already exists`, 400, { ServiceId: same.shown.Id });
  }
  const Id = site.names.newId('srv');
  const shown = {
    Id,
    Arn: site.arn('servicediscovery', `service/${Id}`),
    Name,
    NamespaceId: namespace.Id,
    ...(Description !== undefined && { Description }),
    ...(DnsConfig && { DnsConfig }),
    CreateDate: site.now(),
  };
  site.names.services.set(Id, { shown, instances: new Map(), token: CreatorRequestId });
  return { Service: shown };
}

function getService({ Id }: GetServiceRequest, { site }: Call): GetServiceResponse {
  const { shown, instances } = site.names.service(Id);
  return { Service: { ...shown, InstanceCount: instances.size } };
}

function listServices(input: ListServicesRequest, { site }: Call): ListServicesResponse {
  const found = [...site.names.services.values()].filter(({ shown }) =>
    (input.Filters ?? []).every(
      ({ Name, Values = [] }) => Name !== 'NAMESPACE_ID' || Values.includes(shown.NamespaceId),
    ),
  );
  const { items, next } = page(found, input.NextToken, input.MaxResults ?? 100, 'InvalidInput');
  const Services = items.map(({ shown: { NamespaceId: _, ...rest }, instances }) => ({
    ...rest,
    InstanceCount: instances.size,
  }));
  return { Services, ...(next && { NextToken: next }) };
}

function deleteService({ Id }: DeleteServiceRequest, { site }: Call): object {
  const { shown, instances } = site.names.service(Id);
  if (instances.size > 0) throw new AwsError('ResourceInUse', 'The service still has registered instances');
  site.names.services.delete(shown.Id);
  return {};
}

function registerInstance(input: RegisterInstanceRequest, { site }: Call): RegisterInstanceResponse {
  const { ServiceId, InstanceId = '', Attributes = {} } = input;
  const { shown, instances } = site.names.service(ServiceId);
  const wantsAddress = shown.DnsConfig?.DnsRecords?.some(({ Type }) => Type === 'A');
  if (wantsAddress && !/^\d+(\.\d+){3}$/.test(Attributes.AWS_INSTANCE_IPV4 ?? '')) {
    throw new AwsError('InvalidInput', 'AWS_INSTANCE_IPV4 is required for a service with A records');
  }
  instances.set(InstanceId, { Id: InstanceId, Attributes });
  return { OperationId: site.names.done('REGISTER_INSTANCE', { INSTANCE: InstanceId, SERVICE: shown.Id }, site.now()) };
}

function deregisterInstance(
  { ServiceId, InstanceId = '' }: DeregisterInstanceRequest,
  { site }: Call,
): DeregisterInstanceResponse {
  const { shown, instances } = site.names.service(ServiceId);
  if (!instances.delete(InstanceId)) throw new AwsError('InstanceNotFound', `Instance ${InstanceId} not found`);
  return {
    OperationId: site.names.done('DEREGISTER_INSTANCE', { INSTANCE: InstanceId, SERVICE: shown.Id }, site.now()),
  };
}

function listInstances(input: ListInstancesRequest, { site }: Call): ListInstancesResponse {
  const all = [...site.names.service(input.ServiceId).instances.values()];
  const { items, next } = page(all, input.NextToken, input.MaxResults ?? 100, 'InvalidInput');
  return { Instances: items, ...(next && { NextToken: next }) };
}

function getOperation({ OperationId = '' }: GetOperationRequest, { site }: Call): GetOperationResponse {
  const found = site.names.operations.get(OperationId);
  if (!found) throw new AwsError('OperationNotFound', `Operation ${OperationId} not found`);
  return { Operation: found };
}

export const serviceDiscovery: Service = {
  iamName: 'servicediscovery',
  signingName: 'servicediscovery',
  modelName: 'servicediscovery',
  sdkPackage: '@aws-sdk/client-servicediscovery',
  invalidCode: () => 'InvalidInput',
  resource: (_operation, input, site) =>
    input.ServiceId === undefined ? '*' : site.arn('servicediscovery', `service/${input.ServiceId}`),
  handlers: {
    CreatePrivateDnsNamespace: createPrivateDnsNamespace,
    GetNamespace: getNamespace,
    ListNamespaces: listNamespaces,
    DeleteNamespace: deleteNamespace,
    CreateService: createService,
    GetService: getService,
    ListServices: listServices,
    DeleteService: deleteService,
    RegisterInstance: registerInstance,
    DeregisterInstance: deregisterInstance,
    ListInstances: listInstances,
    GetOperation: getOperation,
  },
};
