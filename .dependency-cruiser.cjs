/**
 * Who may import whom: the arrows of docs/architecture.md. `only` lists what a folder may see of src; everything else in
 * src is an error for it.
 */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^src/', pathNot: allowed },
});
const stranger = (name, from, to) => ({ name, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    stranger('no-circular', {}, { circular: true }),
    stranger('no-unresolvable', {}, { couldNotResolve: true }),
    only('domain', '^src/domain/', '^src/domain/'),
    only('config', '^src/config\\.ts$', '^$'),
    only('pki', '^src/pki/', '^src/(pki|domain)/'),
    only('agent', '^src/agent/', '^src/(agent|session-manager|domain)/|^src/providers/provider\\.ts$'),
    only('session-manager', '^src/session-manager/', '^src/(session-manager|domain)/|^src/providers/provider\\.ts$'),
    only('cli', '^src/cli/', '^src/(cli|agent|pki|domain)/'),
    only('db', '^src/db/', '^src/(db|domain)/'),
    only('registry', '^src/registry/', '^src/(registry|domain)/|^src/providers/provider\\.ts$'),
    only('port', '^src/providers/provider\\.ts$', '^src/domain/'),
    only(
      'provider',
      '^src/providers/([^/]+)/',
      '^src/(domain/|registry/|session-manager/|providers/provider\\.ts$|providers/$1/)',
    ),
    only('context', '^src/context\\.ts$', '^src/domain/|^src/db/client\\.ts$|^src/providers/provider\\.ts$'),
    only(
      'reconcile',
      '^src/reconcile/',
      '^src/(reconcile|domain|db)/|^src/context\\.ts$|^src/providers/provider\\.ts$',
    ),
    only(
      'services',
      '^src/services/',
      '^src/(services|reconcile|registry|domain|db)/|^src/context\\.ts$|^src/providers/provider\\.ts$',
    ),
    only('api', '^src/api/', '^src/(api|services|domain)/|^src/context\\.ts$'),
    only(
      'lambda',
      '^src/lambda/',
      '^src/(lambda|api|services|reconcile|db|domain)/|^src/(config|context|deps|log)\\.ts$|^src/providers/provider\\.ts$',
    ),
    stranger(
      'only-entrypoints-see-lambda',
      { pathNot: '^src/(lambda|entrypoints)/|^(test|bench)/' },
      { path: '^src/lambda/' },
    ),
    only('scripts', '^scripts/', '^src/(entrypoints|domain|pki)/|^src/db/migrate\\.ts$|^src/(deps|config)\\.ts$'),
    stranger(
      'v1-and-docker-are-strangers',
      { path: '^src/api/(v1|docker)/' },
      { path: '^src/api/(v1|docker)/', pathNot: '^src/api/$1/' },
    ),
    stranger(
      'composition-root',
      { pathNot: '^src/(entrypoints/|lambda/|deps\\.ts$)|^(test|scripts|bench)/' },
      { path: '^src/(deps\\.ts$|providers/registry\\.ts$)' },
    ),
    stranger(
      'sdk-stays-home',
      { pathNot: '^src/(providers/(docker|aws)/|lambda/|schedule-rule\\.ts$)|^(test|bench)/' },
      { path: 'node_modules/(dockerode|@types/dockerode|@aws-sdk)' },
    ),
    stranger(
      'sql-stays-home',
      { pathNot: '^src/db/|^(test|bench)/|^drizzle|^scripts/postgres\\.ts$' },
      { path: 'node_modules/(drizzle-orm|postgres)/' },
    ),
    stranger('asn1-stays-home', { pathNot: '^src/pki/|^test/' }, { path: 'node_modules/@peculiar/' }),
    stranger('infra-sees-config-only', { path: '^infra/' }, { path: '^src/', pathNot: '^src/config\\.ts$' }),
    stranger('aws-fake-is-independent', { path: '^test/aws-fake/' }, { path: '^src/' }),
    stranger('web-is-separate', { path: '^web/' }, { path: '^src/' }),
    stranger('src-sees-src-only', { path: '^src/' }, { path: '^(test|bench|scripts|infra|web)/' }),
    stranger('only-tests-see-tests', { pathNot: '^(test|bench)/' }, { path: '^(test|bench)/' }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
