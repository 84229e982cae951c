/**
 * The tables of verdicts against what others know of the Engine's create: the types that dockerode's users have, the bodies
 * that the docker CLI sends (all of its fields, asked for or not), and what each API version added.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { containerFields } from '../../../src/api/docker/container-fields.ts';
import type { Field, FieldTable } from '../../../src/api/docker/fields.ts';

/** By their paths; what is in a list or a record has the path of the field. */
function allFields(table: FieldTable, path = ''): [string, Field][] {
  return Object.entries(table).flatMap(([name, field]) => [
    [path + name, field] as [string, Field],
    ...(field.verdict === 'mapped' && field.fields ? allFields(field.fields, `${path}${name}.`) : []),
  ]);
}
const known = new Map(allFields(containerFields));
const without = (paths: string[]) => paths.filter((path) => !known.has(path));

describe('a verdict is on every field', () => {
  const types = createRequire(import.meta.url)
    .resolve('@types/dockerode/package.json')
    .replace('package.json', 'index.d.ts');
  const source = ts.createSourceFile(types, readFileSync(types, 'utf8'), ts.ScriptTarget.Latest);

  /** Names of an interface's members, and of the members of object types in them. */
  function membersOf(name: string): string[] {
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isInterfaceDeclaration(node) && node.name.text === name) found.push(...propertiesOf(node, ''));
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }

  function propertiesOf(node: ts.Node, path: string): string[] {
    const names: string[] = [];
    ts.forEachChild(node, (child) => {
      if (ts.isPropertySignature(child)) {
        const own = path + child.name.getText(source);
        names.push(own, ...propertiesOf(child, `${own}.`));
      } else if (ts.isUnionTypeNode(child) || ts.isTypeLiteralNode(child)) {
        names.push(...propertiesOf(child, path));
      }
    });
    return names;
  }

  test.for([
    ['ContainerCreateOptions', ''],
    ['HealthConfig', 'Healthcheck.'],
    ['HostConfig', 'HostConfig.'],
    ['HostRestartPolicy', 'HostConfig.RestartPolicy.'],
    ['Ulimit', 'HostConfig.Ulimits.'],
    ['MountSettings', 'HostConfig.Mounts.'],
    ['EndpointSettings', 'NetworkingConfig.EndpointsConfig.'],
    ['IPAMConfig', 'NetworkingConfig.EndpointsConfig.IPAMConfig.'],
  ] as const)('of dockerode’s %s', ([name, path]) => {
    // Not of the Engine: what dockerode itself listens to, and a slip of its types.
    const own = ['abortSignal', 'authconfig', 'GlobalIPV6PrefixLen'];
    const members = membersOf(name).filter((member) => !own.includes(member));
    expect(members.length).toBeGreaterThan(1);
    expect(without(members.map((member) => path + member))).toEqual([]);
  });

  test.for(['plain', 'everything', 'piped', 'two-networks'])('that the docker CLI sends (%s)', (name) => {
    const body = JSON.parse(readFileSync(new URL(`cli-bodies/${name}.json`, import.meta.url), 'utf8'));
    expect(without(pathsOf(body))).toEqual([]);
  });
});

/** Of a body, as far as the tables say that a value has fields. */
function pathsOf(value: Record<string, unknown>, path = ''): string[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    const field = known.get(path + name);
    const here = path + name;
    if (field?.verdict !== 'mapped' || !field.fields || typeof inner !== 'object' || inner === null) return [here];
    const objects = field.items ? Object.values(inner).flat() : [inner];
    return [here, ...objects.flatMap((one) => pathsOf(one as Record<string, unknown>, `${here}.`))];
  });
}

/** What newer versions of the API brought to the create body, by its history; 1.50 and 1.51 brought nothing. */
const added: Record<string, string[]> = {
  '1.40': ['HostConfig.DeviceRequests', 'HostConfig.KernelMemoryTCP', 'HostConfig.Mounts.BindOptions.NonRecursive'],
  '1.41': ['HostConfig.CgroupnsMode'],
  '1.42': ['HostConfig.Mounts.BindOptions.CreateMountpoint', 'HostConfig.Mounts.ClusterOptions'],
  '1.43': ['HostConfig.Annotations'],
  '1.44': [
    'Healthcheck.StartInterval',
    'HostConfig.Mounts.BindOptions.ReadOnlyNonRecursive',
    'HostConfig.Mounts.BindOptions.ReadOnlyForceRecursive',
    'NetworkingConfig.EndpointsConfig.DNSNames',
  ],
  '1.45': ['HostConfig.Mounts.VolumeOptions.Subpath'],
  '1.46': ['HostConfig.Mounts.TmpfsOptions.Options'],
  '1.48': ['NetworkingConfig.EndpointsConfig.GwPriority', 'HostConfig.Mounts.ImageOptions'],
};

test.for(Object.entries(added))('what API %s added says so', ([version, paths]) => {
  for (const path of paths) expect(known.get(path), path).toMatchObject({ since: version });
});

test('every sentence is one that can be read', () => {
  for (const [path, field] of known) {
    if (field.verdict === 'mapped') expect(field.to, path).toMatch(/^\S.*[^.]$/);
    if (field.verdict === 'approximated') expect(field.sentence, path).toMatch(/^[a-z].*[^.]$/);
    if (field.verdict === 'refused') {
      expect(field.because, path).toMatch(/^[a-z].*[^.]$/);
      expect(field.instead, path).toMatch(/^[A-Z].*[^.]$/);
    }
  }
});
