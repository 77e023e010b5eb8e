import type { Route } from '../context.ts';

export const findRoutes: readonly Route[] = [];
