/** docs/docker-compat.md, made of the tables that the door works with. */
import { httpStatuses } from '../../domain/errors.ts';
import { noteOf, type Standing } from '../../domain/feature.ts';
import { features } from '../../domain/features.ts';
import { containerFields } from './container-fields.ts';
import type { Field, FieldTable } from './fields.ts';
import { type Operation, operations } from './operations.ts';

const head = `# Docker compatibility

Made by \`npm run docker-compat\` from the tables that the Docker door works with; \`npm run check\` compares.

Served with and without a version in the path, \`/v1.24\` to \`/v1.51\`. Objects are named by ids of ours, 64 hex digits each.
`;

const fieldsHead = `## Fields of \`POST /containers/create\`

Every field of API 1.24 to 1.51 has one verdict. *mapped*: it becomes what is named, a member of the spec of \`/v1\`, and has its
effect. *approximated*: the create answer warns, with the sentence. *refused*: nothing is made; the answer has the status, the
reason and what to do instead. Values that ask for nothing (null, false, 0, empty texts, lists and objects, and the words in
parentheses) never count. A field that is not listed, or is written in another case, is refused with 400, and so is a body with a
key twice.

Folders of the host are mounted only below what the operator grants a tenant with \`LONGSHORE_DEV_BINDS\` (\`[tenant=]/path\` entries,
separated by colons). Whoever is granted one is trusted with the host: links in a folder can be swapped between the moment they are
looked at and the moment that the kernel mounts them.
`;

export function compatPage(): string {
  const sections = [...tablesOf('ContainerConfig', containerFields)];
  const fields = sections.map(({ title, rows }) => section(title, rows));
  return [head, commandsSection(), operationsSection(), fieldsHead, ...fields].join('\n');
}

const commandsHead = `## Commands

How each command, and each option of \`run\` and \`create\`, stands at each provider. *approximated*: it differs from a Docker Engine as
said. *refused*: it is answered with 501 and the sentence, and nothing is done. \`GET /v1/provider\` tells a tenant the same of the
installation that it uses, without what its operator has not set up.

| docker | on a Docker Engine | on AWS |
|---|---|---|`;

function commandsSection(): string {
  const rows = features.map(
    ({ command, docker, aws }) => `| \`${command}\` | ${standing(docker)} | ${standing(aws)} |`,
  );
  return [commandsHead, ...rows, ''].join('\n');
}

const standing = (given: Standing): string => [given.verdict, noteOf(given)].filter(Boolean).join(': ');

function operationsSection(): string {
  const served = operations.filter(({ verdict }) => verdict.kind !== 'refuse');
  const rows = operations.map(({ method, path, verdict }) => `| ${method} | \`${path}\` | ${verdictOn(verdict)} |`);
  return [
    '## Operations',
    '',
    `${served.length} of ${operations.length} are served. One that is not listed is answered with 404.`,
    '',
    '| | path | |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const verdictOn = (verdict: Operation['verdict']): string =>
  verdict.kind === 'refuse' ? `refused: ${verdict.message}` : 'served';

interface Section {
  title: string;
  rows: string[];
}

/** One for each table, the outer before the inner. */
function* tablesOf(title: string, table: FieldTable): Generator<Section> {
  yield { title, rows: Object.entries(table).map(([name, field]) => row(name, field)) };
  for (const [name, field] of Object.entries(table)) {
    if (field.verdict !== 'mapped' || !field.fields) continue;
    yield* tablesOf(title === 'ContainerConfig' ? name : `${title}.${name}`, field.fields);
  }
}

const section = (title: string, rows: string[]): string =>
  [`### ${title}`, '', '| field | verdict | |', '|---|---|---|', ...rows, ''].join('\n');

function row(name: string, field: Field): string {
  const since = field.since ? ` (${field.since})` : '';
  const neutral = field.neutral ? ` (${field.neutral.map((value) => `\`${value}\``).join(', ')})` : '';
  return `| \`${name}\`${since} | ${verdictOf(field)} | ${textOf(field)}${neutral} |`;
}

const verdictOf = (field: Field): string =>
  field.verdict === 'refused' ? `refused, ${httpStatuses[field.code]}` : field.verdict;

function textOf(field: Field): string {
  if (field.verdict === 'mapped') return field.to;
  return field.verdict === 'approximated' ? field.sentence : `${field.because}. ${field.instead}`;
}
