/** The sandbox on a port that it cannot have. */
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { createWorld } from '../../src/sandbox/world.ts';
import { createTestClock } from '../support/clock.ts';

test('says that its port is taken, and what to do, instead of calling it a bug', async () => {
  const clock = createTestClock();
  const first = await createSandbox({ world: createWorld(clock), clock });
  onTestFinished(() => first.close());
  const port = Number(new URL(first.url).port);
  await expect(createSandbox({ world: createWorld(clock), clock, port })).rejects.toMatchObject({
    code: 'usage',
    exit: 2,
    message: expect.stringContaining('EADDRINUSE'),
    hint: expect.stringContaining('--port'),
  });
});
