/** A process of its own that sends requests as the product's clients do: some of what Node reads, it reads only at its start. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import got from 'got';
import { createAgents, directAgents } from '../../src/network/agents.ts';
import { createMetadataService } from '../../src/source/metadata.ts';
import { systemClock } from '../../src/system-clock.ts';

/** `got-default` is got as it comes, to show that a setting would have had its effect. */
type ProbeClient = 'got' | 's3' | 'metadata' | 'got-default';

export interface Probe {
  readonly client: ProbeClient;
  readonly url: string;
}

/** What each request brought: the body, or the error's message. */
export async function probeInChild(
  probes: readonly Probe[],
  environment: Readonly<Record<string, string>>,
): Promise<string[]> {
  const arguments_ = [fileURLToPath(import.meta.url), JSON.stringify(probes)];
  const { PATH = '' } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, arguments_, {
    env: { PATH, ...environment },
  });
  return JSON.parse(stdout);
}

/** The same in this process. */
export async function probe(
  { client, url }: Probe,
  environment: Readonly<Record<string, string | undefined>>,
  timeoutMs?: number,
): Promise<string> {
  const agents = createAgents(environment, systemClock, timeoutMs);
  const direct = directAgents(systemClock);
  try {
    if (client === 'got-default') return await got(url, { retry: { limit: 0 } }).text();
    if (client === 'metadata')
      return JSON.stringify(
        await createMetadataService({ agents: direct, baseUrl: url }).read('x', AbortSignal.timeout(5_000)),
      );
    if (client === 'got')
      return await got(url, {
        agent: agents,
        retry: { limit: 0 },
      }).text();
    return await readObject(url, agents);
  } finally {
    agents.destroy();
    direct.destroy();
  }
}

async function readObject(endpoint: string, agents: ReturnType<typeof createAgents>): Promise<string> {
  const s3 = new S3Client({
    endpoint,
    region: 'test',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
    requestHandler: new NodeHttpHandler({ httpAgent: agents.http, httpsAgent: agents.https }),
  });
  const { Body: body } = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }));
  return (await body?.transformToString()) ?? '';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const results: string[] = [];
  for (const one of JSON.parse(process.argv[2] ?? '[]')) {
    results.push(
      await probe(one, process.env).catch(
        (error: unknown) => `failed: ${error instanceof Error ? error.message : error}`,
      ),
    );
  }
  console.log(JSON.stringify(results));
}
