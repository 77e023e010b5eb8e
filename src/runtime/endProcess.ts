/**
 * Ends the process at once, whatever its threads do. `process.exit` waits for those of the thread pool, and a library
 * may keep one for as long as a server is silent: the client for Kafka does, when it leaves its group. So a program that
 * ends with this code takes this one's place.
 */
export function endProcess(code: number): never {
  process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {});
  // Where there is no `execve`.
  return process.exit(code);
}
