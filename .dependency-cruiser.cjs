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

const below = ['^src/(domain|runtime)/'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    only('domain-is-pure', '^src/domain/', []),
    only('runtime-is-generic', '^src/runtime/', [
      '^node:|^(async_hooks|fs|net|http|url|timers|events|crypto|util|v8)',
      '^node_modules/(luxon|@types/luxon)/',
      '^src/domain/',
    ]),
    only('ports-need-no-more-than-the-domain', '^src/ports/', below),
    only('endpoints-know-no-notification', '^src/endpoints/', [...below, '^src/ports/']),
    only('notify-calls-endpoints', '^src/notify/', [
      ...below,
      '^src/(ports|endpoints)/',
      '^node_modules/p-retry/',
    ]),
    only('source-hands-to-notify', '^src/source/', [...below, '^src/(ports|endpoints|notify)/']),
    only('retries-hand-to-notify', '^src/retries/', [...below, '^src/(ports|endpoints|notify)/']),
    only('pipeline-knows-no-driver', '^src/pipeline\\.ts$', [
      ...below,
      '^src/(ports|endpoints|notify|source|retries)/',
    ]),
    {
      name: 'adapters-do-not-meet',
      severity: 'error',
      comment: 'an adapter knows the domain, the ports and its own driver',
      from: { path: '^src/(mongo|mysql|http|observability|kafka)/' },
      to: { path: '^(src|config)/', pathNot: [...below, '^src/ports/', '^src/$1/'] },
    },
    {
      name: 'support-runs-no-pipeline',
      severity: 'error',
      comment: 'the worker calls; support reads, and writes what it then serves',
      from: { path: '^src/support/' },
      to: {
        path: '^(src|config)/',
        pathNot: [
          ...below,
          '^src/(support|ports|mongo|mysql|http|kafka)/',
          '^src/(connections|topicPreflight)\\.ts$',
          '^config/config\\.ts$',
        ],
      },
    },
    {
      name: 'commands-go-through-support',
      severity: 'error',
      comment: 'commands read command lines and write pages; what they ask and do is in support',
      from: { path: '^src/cli/' },
      to: {
        path: '^(src|config)/',
        pathNot: [...below, '^src/(cli|support)/', '^config/config\\.ts$'],
      },
    },
    {
      name: 'console-goes-through-support',
      severity: 'error',
      comment: 'pages ask and do what commands do; a process of its own, which starts no worker',
      from: { path: '^src/console/' },
      to: {
        path: '^(src|config)/',
        pathNot: [...below, '^src/(console|support)/', '^config/config\\.ts$'],
      },
    },
    home('hono', '^src/console/'),
    home('@hono/node-server', '^src/console/'),
    home('commander', '^src/cli/'),
    home('p-retry', '^src/notify/deliver\\.ts$'),
    home('mongodb', '^src/mongo/'),
    home('mysql2', '^src/mysql/'),
    home('@confluentinc/kafka-javascript', '^src/kafka/client\\.ts$'),
    home('lru-cache', '^src/(mysql|http)/'),
    home('got', '^src/http/'),
    home('ipaddr.js', '^src/http/'),
    home('winston', '^src/observability/logger\\.ts$'),
    home('prom-client', '^src/observability/(metrics|(process|topic|trace)Metrics)\\.ts$'),
    home('@opentelemetry', '^src/observability/tracing/'),
    home('luxon', '^src/runtime/timeZone\\.ts$'),
    home('zod', '^config/'),
    home('string-width', '^src/cli/output/table\\.ts$'),
    home('@observablehq/plot', '^src/console/plots/'),
    home('linkedom', '^src/console/plots/drawSvg\\.ts$'),
    {
      name: 'config-stands-alone',
      severity: 'error',
      from: { path: '^config/' },
      to: { path: '^src/' },
    },
    {
      name: 'only-main-loads-config',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/(workerProcess|commandProcess|consoleProcess|installation|settingsFolder)\\.ts$',
      },
      to: { path: '^config/', pathNot: '^config/config\\.ts$' },
    },
    {
      name: 'no-tests-in-product',
      severity: 'error',
      from: { path: '^(src|config)/' },
      to: { path: '^(tests|scripts)/' },
    },
    {
      name: 'unit-tests-start-nothing',
      severity: 'error',
      comment: 'no processes and no servers: those belong to tests/integration',
      from: { path: '^tests/unit/' },
      to: {
        path: [
          '^(node:)?(child_process|worker_threads|cluster|dgram)$',
          '^tests/support/(servers|mongoReplicaSet|receiver|tcpProxy|connectProxy|listenLocally|cli|endToEnd)\\.ts$',
          '^src/observability/probeServer\\.ts$',
          '^scripts/services/(startServices|mongod|mysql|replicaSet)\\.ts$',
          '^scripts/services/kafka/(startKafka|broker|connect|client|topics)\\.ts$',
        ],
      },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs'],
    },
  },
};
