import type { Request } from './context.ts';

/** Writes down what is about to be done. It must not be done when this rejects. */
export async function audit(request: Request, what: string, on: string): Promise<void> {
  await request.get('context').audit.add({ user: request.get('person').name, what, on });
}
