/**
 * Sends everything that is added during one turn of the event loop together: a message costs more than its contents.
 */
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
