import { loadAdminSettings, loadConfig, loadUsersFile } from '../config/loadConfig.ts';
import { formatProblem } from '../config/reading.ts';
import { runCli } from './cli/program.ts';
import { loadDotEnv, readAlternativeQuery, readVersion } from './installation.ts';
import { surviveClosedOutputs } from './runtime/closedOutputs.ts';
import { onStopSignals } from './runtime/signals.ts';

surviveClosedOutputs(({ message }) => {
  process.stderr.write(`The output could not be written: ${message}\n`);
  // Later than the command's own, which may have been right.
  process.once('exit', () => (process.exitCode ||= 1));
});
loadDotEnv();
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
  stdout: process.stdout,
  stderr: process.stderr,
  settings() {
    const loaded = loadConfig(process.env);
    if (loaded.ok) return loaded;
    return { ok: false, problems: loaded.problems.map(formatProblem) };
  },
  adminSettings() {
    const loaded = loadAdminSettings(process.env);
    return loaded.ok ? loaded : { ok: false, problems: loaded.problems.map(formatProblem) };
  },
  usersFile() {
    const loaded = loadUsersFile(process.env);
    return loaded.ok ? loaded : { ok: false, problems: loaded.problems.map(formatProblem) };
  },
});
