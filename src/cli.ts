#!/usr/bin/env node
import { startOnSupportedNode } from './runtime/nodeVersion.ts';

await startOnSupportedNode(async () => await import('./commandProcess.ts'));
