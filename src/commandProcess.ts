import { loadAdminSettings, loadConfig, loadUsersFile } from '../config/loadConfig.ts';
import { formatProblem } from '../config/reading.ts';
import { namingCommands } from './cli/output/namedCommands.ts';
import { runCli } from './cli/program.ts';
import { loadDotEnv, readAlternativeQuery, readVersion } from './installation.ts';
import { surviveClosedOutputs } from './runtime/closedOutputs.ts';
import { onStopSignals } from './runtime/signals.ts';
import { commandEnvironment } from './settingsFolder.ts';

surviveClosedOutputs(({ message }) => {
  process.stderr.write(`The output could not be written: ${message}\n`);
  // Later than the command's own, which may have been right.
  process.once('exit', () => (process.exitCode ||= 1));
});
loadDotEnv();
const environment = commandEnvironment(process.env);
/** Set by the wrapper, to the name by which it was called. */
const { NOTIFY_ON_DELIVERY_COMMAND: command } = process.env;
/** What can go on later stops soon after the first signal; a second one ends the process. */
const { stopping } = onStopSignals({
  graceMs: 30_000,
  longestCallMs: 0,
  onSignal: () => undefined,
  onOverdue: () => process.exit(1),
});
process.exitCode = await runCli(process.argv.slice(2), {
  version: readVersion(),
  alternativeQuery: readAlternativeQuery(),
  stopping,
  stdin: process.stdin,
  stdout: command === undefined ? process.stdout : namingCommands(process.stdout, command),
  stderr: command === undefined ? process.stderr : namingCommands(process.stderr, command),
  settings() {
    if (!environment.ok) return environment;
    const loaded = loadConfig(environment.env);
    if (loaded.ok) return loaded;
    return { ok: false, problems: loaded.problems.map(formatProblem) };
  },
  adminSettings() {
    if (!environment.ok) return environment;
    const loaded = loadAdminSettings(environment.ownEnv);
    return loaded.ok ? loaded : { ok: false, problems: loaded.problems.map(formatProblem) };
  },
  usersFile() {
    if (!environment.ok) return environment;
    const loaded = loadUsersFile(environment.ownEnv);
    return loaded.ok ? loaded : { ok: false, problems: loaded.problems.map(formatProblem) };
  },
});
