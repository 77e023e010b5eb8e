/** Hands on together what is added during one turn of the event loop: a message costs more than what is in it. */
export function createOutbox<Item>(post: (items: readonly Item[]) => void) {
  let items: Item[] = [];
  const flush = (): void => {
    const batch = items;
    items = [];
    post(batch);
  };
  return {
    add(item: Item): void {
      if (items.length === 0) setImmediate(flush);
      items.push(item);
    },
  };
}
