/** The metadata service: what its silence means, and what its answers are worth. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { directAgents } from '../../src/network/agents.ts';
import { createMetadataService } from '../../src/source/metadata.ts';
import { systemClock } from '../../src/system-clock.ts';
import { type Answer, serve } from '../support/loopback.ts';

const never = new AbortController().signal;

async function cloudMachine(answer: () => Answer, patienceMs = 1_000) {
  const service = await serve(answer);
  const agents = directAgents(systemClock);
  onTestFinished(() => agents.destroy());
  return { service, metadata: createMetadataService({ agents, baseUrl: service.url, patienceMs }) };
}

describe('the network', () => {
  test('is the intranet where the metadata service names the machine', async () => {
    const { service, metadata } = await cloudMachine(() => ({ body: 'ins-g4oyd37g\n' }));
    expect(await metadata.detectNetwork(never)).toBe('intranet');
    expect(service.asked.map(({ path }) => path)).toEqual(['/latest/meta-data/instance-id']);
  });

  test.for<[string, Answer]>([
    ['nobody answers in time', 'silence'],
    ['the connection is cut', 'reset'],
    ['some other web server answers', { body: '<html>please log in</html>' }],
    ['there is no such page', { status: 404, body: 'ins-g4oyd37g' }],
  ])('is the extranet where %s', async ([, answer]) => {
    // On a busy machine 50 ms may pass before the service has even heard the question.
    const { service, metadata } = await cloudMachine(() => answer, answer === 'silence' ? 500 : 10_000);
    expect(await metadata.detectNetwork(never)).toBe('extranet');
    expect(service.asked).toHaveLength(1);
  });

  test('is asked for once, by however many sources at a time', async () => {
    const { service, metadata } = await cloudMachine(() => ({ body: 'ins-g4oyd37g' }));
    const networks = await Promise.all([metadata.detectNetwork(never), metadata.detectNetwork(never)]);
    networks.push(await metadata.detectNetwork(never));
    expect(networks).toEqual(['intranet', 'intranet', 'intranet']);
    expect(service.asked).toHaveLength(1);
  });

  test('is not decided by a caller who gave up', async () => {
    const answers: Answer[] = ['silence'];
    const { metadata } = await cloudMachine(() => answers.shift() ?? { body: 'ins-g4oyd37g' });
    const impatient = new AbortController();
    const leaving = metadata.detectNetwork(impatient.signal);
    impatient.abort(new Error('interrupted'));
    await expect(leaving).rejects.toThrow('interrupted');
    answers.length = 0;
    expect(await metadata.detectNetwork(never)).toBe('intranet');
  });
});

describe('reading', () => {
  test('says why nobody answered, without waiting', async () => {
    const agents = directAgents(systemClock);
    onTestFinished(() => agents.destroy());
    const metadata = createMetadataService({ agents, baseUrl: 'http://127.0.0.1:1' });
    expect(await metadata.read('instance-id', never)).toEqual({
      unreachable: 'connect ECONNREFUSED 127.0.0.1:1',
    });
  });

  test('ends at once when the caller gives up', async () => {
    const arrived = Promise.withResolvers<void>();
    const { metadata } = await cloudMachine(() => {
      arrived.resolve();
      return 'silence';
    });
    const impatient = new AbortController();
    const reading = metadata.read('instance-id', impatient.signal);
    await arrived.promise;
    impatient.abort(new Error('interrupted'));
    await expect(reading).rejects.toThrow('interrupted');
  });
});
