import type { Route } from '../context.ts';

export const smsRoutes: readonly Route[] = [];
