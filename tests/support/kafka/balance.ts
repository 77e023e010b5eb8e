interface Owner {
  readonly id: string;
  readonly owned: readonly number[];
  readonly generation: number;
}

/**
 * Shares partitions as the cooperative sticky assignor does: as evenly as can be, and each stays where it is if it may.
 * One that is to go to another member is given to nobody until its owner has let go of it.
 */
export function balance(
  partitions: readonly number[],
  members: readonly Owner[],
): ReadonlyMap<string, readonly number[]> {
  const owners = new Map<number, string>();
  // Of two that claim it the later generation's is right.
  for (const { id, owned } of members.toSorted((one, other) => one.generation - other.generation)) {
    for (const partition of owned) owners.set(partition, id);
  }
  const ownedBy = (id: string): number[] =>
    partitions.filter((partition) => owners.get(partition) === id);
  const bySize = members.toSorted(
    (one, other) => ownedBy(other.id).length - ownedBy(one.id).length,
  );
  const few = Math.floor(partitions.length / members.length);
  const withOneMore = partitions.length % members.length;
  const targets = new Map<number, string>();
  const room: string[] = [];
  for (const [index, { id }] of bySize.entries()) {
    const quota = few + (index < withOneMore ? 1 : 0);
    const kept = ownedBy(id).slice(0, quota);
    for (const partition of kept) targets.set(partition, id);
    for (let free = quota - kept.length; free > 0; free -= 1) room.push(id);
  }
  for (const partition of partitions) {
    const id = targets.has(partition) ? undefined : room.shift();
    if (id !== undefined) targets.set(partition, id);
  }
  return new Map(
    members.map(({ id }) => [
      id,
      partitions.filter(
        (partition) => targets.get(partition) === id && (owners.get(partition) ?? id) === id,
      ),
    ]),
  );
}
