const swc = (tsx) => [
  '@swc/jest',
  {
    jsc: {
      target: 'esnext',
      parser: { syntax: 'typescript', tsx, explicitResourceManagement: true },
      transform: { react: { runtime: 'automatic', importSource: 'hono/jsx' } },
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  },
];

/** One project per kind of test: unit needs nothing, the others bring up real servers first. */
const base = {
  testEnvironment: '<rootDir>/tests/support/environment.mjs',
  // Tests import what they use. Where "it" is global, Observable Plot draws half a pixel beside.
  injectGlobals: false,
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '^.+\\.ts$': swc(false), '^.+\\.tsx$': swc(true) },
};

const withServers = {
  globalSetup: '<rootDir>/tests/support/globalSetup.mjs',
  globalTeardown: '<rootDir>/tests/support/globalTeardown.mjs',
};

/** They need Java and a compiler: `npm run test:kafka` asks for them. */
const kafka = {
  ...base,
  ...withServers,
  displayName: 'kafka',
  globalSetup: '<rootDir>/tests/support/kafka/globalSetup.mjs',
  testMatch: ['<rootDir>/tests/{integration,e2e}/kafka/**/*.test.ts'],
};

/** They need Chromium, which the set-up installs where it can: `npm run test:console` asks for them. */
const consoleProject = {
  ...base,
  ...withServers,
  displayName: 'console',
  globalSetup: '<rootDir>/tests/support/console/globalSetup.mjs',
  testMatch: ['<rootDir>/tests/console/**/*.test.ts'],
  // Fills a million SMS first: only when asked for.
  testPathIgnorePatterns: process.env.TEST_SCALE === '1' ? [] : ['/scale\\.test\\.ts$'],
};
/** It makes and boots a Debian, as root: `npm run test:install` asks for it. It starts servers of its own. */
const install = {
  ...base,
  displayName: 'install',
  testMatch: ['<rootDir>/tests/install/**/*.test.ts'],
};
const withoutKafka = { testPathIgnorePatterns: ['/node_modules/', '/tests/[^/]+/kafka/'] };

export default {
  // On two cores: most of the longer tests wait for processes of their own.
  maxWorkers: 3,
  testTimeout: 120_000,
  // What keeps a worker from ending is named by the environment; a busy machine is not to be taken for that.
  workerGracefulExitTimeout: 10_000,
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/tests/unit/**/*.test.ts'] },
    {
      ...base,
      ...withServers,
      ...withoutKafka,
      displayName: 'integration',
      testMatch: ['<rootDir>/tests/{integration,regressions}/**/*.test.ts'],
    },
    {
      ...base,
      ...withServers,
      ...withoutKafka,
      displayName: 'e2e',
      testMatch: ['<rootDir>/tests/e2e/**/*.test.ts'],
    },
    ...(process.env.TEST_KAFKA === '1' ? [kafka] : []),
    ...(process.env.TEST_CONSOLE === '1' ? [consoleProject] : []),
    ...(process.env.TEST_INSTALL === '1' ? [install] : []),
  ],
};
