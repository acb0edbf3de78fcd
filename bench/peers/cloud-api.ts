/**
 * The cloud's API for a bench, in a process of its own: the sandbox, whose links lead to a web server that costs less than ours.
 * Usage: node cloud-api.ts SIZE DUMPS FILE_SERVER FILE; sends the environment that points the product at it.
 */
import type { Exchange, Reply } from '../../src/sandbox/exchange.ts';
import { createSandbox, sandboxEnvironment } from '../../src/sandbox/sandbox.ts';
import { syntheticDump } from '../../src/sandbox/synthetic-dump.ts';
import { createWorld } from '../../src/sandbox/world.ts';

const [size = '0', dumps = '1', fileServer = '', file = ''] = process.argv.slice(2);
const clock = { now: () => Date.now() };
const world = createWorld(clock);
const dump = syntheticDump({ size: Number(size) });
for (let index = 0; index < Number(dumps); index += 1) {
  const { id } = world.addInstance({ id: `crs-bench${String(index).padStart(4, '0')}` });
  world.addBackup(id, { startedAt: clock.now() - 3_600_000, files: [{ name: file, dump }] });
}

const sandbox = await createSandbox({
  world,
  clock,
  async intercept(exchange: Exchange, answer) {
    const reply: Reply = await answer(exchange);
    if (exchange.action !== 'DescribeBackupUrl') return reply;
    const chunks: Uint8Array[] = [];
    for await (const chunk of reply.body) chunks.push(chunk);
    const body = Buffer.from(Buffer.concat(chunks).toString().replaceAll(sandbox.url, fileServer));
    return { ...reply, headers: { ...reply.headers, 'content-length': String(body.length) }, body: [body] };
  },
});
process.send?.(sandboxEnvironment(sandbox));
