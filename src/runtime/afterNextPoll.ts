let tasks: (() => void)[] = [];

/** Calls back when the event loop has once looked at every connection from now on: what has arrived by now was read. */
export function afterNextPoll(task: () => void): void {
  tasks.push(task);
  if (tasks.length > 1) return;
  // The first one comes in this turn of the loop, before it polls.
  setImmediate(() => {
    const due = tasks;
    tasks = [];
    setImmediate(() => {
      for (const each of due) each();
    });
  });
}
