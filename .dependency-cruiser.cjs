/** Which folder may import what. The reasons are in docs/architecture.md. */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { pathNot: [from, ...allowed] },
});

const home = (library, folder) => ({
  name: `${library}-stays-home`,
  severity: 'error',
  from: { path: '^(src|config)/', pathNot: folder },
  to: { path: `^node_modules/${library}/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    only('domain-is-pure', '^src/domain/', []),
    only('runtime-is-generic', '^src/runtime/', [
      '^node:|^(async_hooks|fs|net|http|url|timers|events|crypto|util|v8)',
      '^node_modules/(luxon|@types/luxon)/',
      '^src/domain/',
    ]),
    only('pipeline-knows-no-driver', '^src/pipeline/', [
      '^src/(domain|runtime)/',
      '^node_modules/p-retry/',
    ]),
    {
      name: 'adapters-do-not-meet',
      severity: 'error',
      comment: 'an adapter knows the domain, the ports and its own driver',
      from: { path: '^src/(mongo|mysql|http|observability)/' },
      to: {
        path: '^(src|config)/',
        pathNot: ['^src/(domain|runtime)/', '^src/pipeline/(ports|retryPort)\\.ts$', '^src/$1/'],
      },
    },
    {
      name: 'commands-run-no-pipeline',
      severity: 'error',
      comment: 'the worker calls; commands read, and write what it then serves',
      from: { path: '^src/cli/' },
      to: { path: '^src/pipeline/', pathNot: '^src/pipeline/(ports|retryPort)\\.ts$' },
    },
    home('commander', '^src/cli/'),
    home('mongodb', '^src/mongo/'),
    home('mysql2', '^src/mysql/'),
    home('lru-cache', '^src/(mysql|http)/'),
    home('got', '^src/http/'),
    home('ipaddr.js', '^src/http/'),
    home('winston', '^src/observability/logger\\.ts$'),
    home('prom-client', '^src/observability/metrics\\.ts$'),
    home('luxon', '^src/runtime/timeZone\\.ts$'),
    home('zod', '^config/'),
    {
      name: 'config-stands-alone',
      severity: 'error',
      from: { path: '^config/' },
      to: { path: '^src/' },
    },
    {
      name: 'only-main-loads-config',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main|cli|installation)\\.ts$' },
      to: { path: '^config/', pathNot: '^config/config\\.ts$' },
    },
    {
      name: 'no-tests-in-product',
      severity: 'error',
      from: { path: '^(src|config)/' },
      to: { path: '^(tests|scripts)/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs'],
    },
  },
};
