import { existsSync, readFileSync } from 'node:fs';

/**
 * Prints the test files that failed in a jest result file, one per line. Prints nothing if there are more than three:
 * then it is not chance, and running them again would only take time.
 */
const [file] = process.argv.slice(2);
const { testResults } = existsSync(file)
  ? JSON.parse(readFileSync(file, 'utf8'))
  : { testResults: [] };
const failed = testResults.filter(({ status }) => status !== 'passed').map(({ name }) => name);
if (failed.length <= 3) for (const name of failed) process.stdout.write(`${name}\n`);
