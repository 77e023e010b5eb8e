/**
 * Lets one change of an SMS through at a time, in the order they came: two statuses of one SMS are never
 * in flight at once, and the second sees in the ledger how the first ended.
 */
export interface SmsGate {
  /** Runs `task` once every earlier task of the same SMS has ended. Settles as the task does. */
  enter<Result>(smsKey: string, task: () => Promise<Result>): Promise<Result>;
}

export function createSmsGate(): SmsGate {
  const lastOf = new Map<string, Promise<unknown>>();
  return {
    async enter(smsKey, task) {
      const before = lastOf.get(smsKey);
      const mine = before === undefined ? task() : before.then(task, task);
      lastOf.set(smsKey, mine);
      try {
        return await mine;
      } finally {
        if (lastOf.get(smsKey) === mine) lastOf.delete(smsKey);
      }
    },
  };
}
