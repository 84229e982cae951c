/** Cloud Map: private DNS namespaces, their services, and the instances that are a name's addresses. */
import type { Instance, Namespace, Operation, Service } from '@aws-sdk/client-servicediscovery';
import { AwsError } from '../aws-error.ts';
import { letters } from '../random-ids.ts';

export interface NamespaceRecord {
  shown: Namespace & { Id: string; Name: string };
  token: string | undefined;
}

export interface ServiceRecord {
  shown: Service & { Id: string; Name: string; NamespaceId: string };
  instances: Map<string, Instance>;
  token: string | undefined;
}

export class NameStore {
  readonly namespaces = new Map<string, NamespaceRecord>();
  readonly services = new Map<string, ServiceRecord>();
  readonly operations = new Map<string, Operation>();

  namespace(id = ''): NamespaceRecord {
    const found = this.namespaces.get(id.split('/').at(-1) ?? '');
    if (!found) throw new AwsError('NamespaceNotFound', `Namespace ${id} not found`);
    return found;
  }

  service(id = ''): ServiceRecord {
    const found = this.services.get(id.split('/').at(-1) ?? '');
    if (!found) throw new AwsError('ServiceNotFound', `Service ${id} not found`);
    return found;
  }

  newId(prefix: 'ns' | 'srv'): string {
    return `${prefix}-${letters(16).toLowerCase()}`;
  }

  /** Everything that takes time is done at once, and says so when it is asked. */
  done(type: Operation['Type'], targets: Operation['Targets'], at: Date): string {
    const id = letters(33).toLowerCase();
    this.operations.set(id, {
      Id: id,
      Type: type,
      Status: 'SUCCESS',
      CreateDate: at,
      UpdateDate: at,
      Targets: targets,
    });
    return id;
  }

  /** The addresses of `service.namespace`, as the VPC's resolver gives them; undefined for names of no namespace. */
  lookUp(name: string): string[] | undefined {
    const wanted = name.toLowerCase().replace(/\.$/, '');
    const namespaces = [...this.namespaces.values()].map(({ shown }) => shown);
    const namespace = namespaces.find(({ Name }) => wanted.endsWith(`.${Name.toLowerCase()}`));
    if (!namespace) return undefined;
    return [...this.services.values()].flatMap(({ shown, instances }) => {
      const isIt = shown.NamespaceId === namespace.Id && `${shown.Name}.${namespace.Name}`.toLowerCase() === wanted;
      return isIt ? [...instances.values()].flatMap(({ Attributes }) => Attributes?.AWS_INSTANCE_IPV4 ?? []) : [];
    });
  }
}
