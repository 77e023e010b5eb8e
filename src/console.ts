import { startOnSupportedNode } from './runtime/nodeVersion.ts';

await startOnSupportedNode(async () => await import('./consoleProcess.ts'));
