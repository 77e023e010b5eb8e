import type { Route } from '../context.ts';

export const endpointRoutes: readonly Route[] = [];
