import { sampleDocument } from '../../../tests/support/seedSample.ts';
import { stopDemoWorker } from '../demoWorker.ts';
import { count } from '../layout.ts';
import type { Scene } from '../scene.ts';

export const cleanStop: Scene = {
  name: 'clean-stop',
  title: 'The end',
  async play({ stage, narrator, checks }) {
    const { worker } = stage;
    const began = performance.now();
    await narrator.during('The worker gets a SIGTERM …', stopDemoWorker(worker));
    const exit = await worker.exit;
    const tookMs = performance.now() - began;
    narrator.say(`The worker gets a SIGTERM and ends ${count(tookMs)} ms later.`);
    const log = worker.output();
    const told = [sampleDocument.text, sampleDocument.to].filter((secret) => log.includes(secret));
    checks.equal('It finished what it had begun: exit code 0.', exit, { code: 0, signal: null });
    checks.equal('Its log has no text of an SMS and no phone number.', told, []);
  },
};
