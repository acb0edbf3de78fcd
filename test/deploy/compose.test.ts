/** The compose file keeps the container as locked down as the cluster does. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readDeploy } from './support/manifests.ts';

/** Strict: a misspelt key fails here. */
const compose = z.strictObject({
  name: z.literal('rdb-archiver'),
  services: z.strictObject({
    'rdb-archiver': z.strictObject({
      image: z.string().regex(/:\d+\.\d+\.\d+$/),
      build: z.strictObject({ context: z.literal('..') }),
      command: z.tuple([z.literal('schedule')]),
      restart: z.literal('unless-stopped'),
      stop_grace_period: z.string().regex(/^\d+s$/),
      env_file: z.tuple([z.strictObject({ path: z.literal('.env'), required: z.literal(false) })]),
      environment: z.record(z.string().regex(/^ARCHIVER_(?!.*(SECRET|KEY|TOKEN))/), z.string()),
      ports: z.tuple([z.string().regex(/^127\.0\.0\.1:\d+:8080$/)]),
      healthcheck: z.strictObject({
        test: z.array(z.string()),
        interval: z.string(),
        timeout: z.string(),
        start_period: z.string(),
      }),
      user: z.literal('1000:1000'),
      read_only: z.literal(true),
      cap_drop: z.tuple([z.literal('ALL')]),
      security_opt: z.tuple([z.literal('no-new-privileges:true')]),
      ulimits: z.strictObject({ core: z.literal(0) }),
      mem_limit: z.literal('512m'),
      logging: z.strictObject({
        driver: z.literal('json-file'),
        options: z.strictObject({ 'max-size': z.string(), 'max-file': z.string() }),
      }),
    }),
    drill: z.strictObject({
      image: z.string().regex(/^rdb-archiver-drill:\d+\.\d+\.\d+$/),
      build: z.strictObject({ context: z.literal('..'), target: z.literal('drill') }),
      profiles: z.tuple([z.literal('drill')]),
      command: z.tuple([z.literal('drill'), z.literal('--sample'), z.string()]),
      env_file: z.tuple([z.strictObject({ path: z.literal('.env'), required: z.literal(false) })]),
      user: z.literal('1000:1000'),
      read_only: z.literal(true),
      volumes: z.tuple([z.literal('scratch:/tmp')]),
      cap_drop: z.tuple([z.literal('ALL')]),
      security_opt: z.tuple([z.literal('no-new-privileges:true')]),
      ulimits: z.strictObject({ core: z.literal(0) }),
      mem_limit: z.string(),
    }),
  }),
  volumes: z.strictObject({ scratch: z.strictObject({}) }),
});

describe('the compose file', () => {
  test('runs the daemon locked down, its page for this machine only, without core files', () => {
    const { services } = compose.parse(parse(readDeploy('compose.yaml')));
    expect(services['rdb-archiver'].environment['ARCHIVER_HTTP_LISTEN']).toBe(':8080');
    expect(services['rdb-archiver'].healthcheck.test.join(' ')).toContain('http://127.0.0.1:8080/healthz');
  });

  test('runs the version that package.json names', () => {
    const { version } = JSON.parse(readDeploy('../package.json')) as { version: string };
    const { services } = compose.parse(parse(readDeploy('compose.yaml')));
    expect(services['rdb-archiver'].image).toBe(`rdb-archiver:${version}`);
    expect(services.drill.image).toBe(`rdb-archiver-drill:${version}`);
  });
});
