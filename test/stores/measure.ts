/**
 * The last part of `npm run stores`: what each real store does by `check` and by boto3 (ask.py), as a table, and every claim of the one held
 * against the other: ends in 1 where they differ. `-- --write` keeps the table in measured.json, which docs/providers.md is made from.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { available } from '../support/needs.ts';
import { type Findings, findingsOf, probeOn } from '../support/probe.ts';
import { claimsOf, type Facts, type Measured } from './measured.ts';
import { measuredTable, settingsTable } from './measured-part.ts';
import { type RealServer, startStore } from './servers.ts';
import { settingsSeen } from './settings.ts';
import { REAL_STORES, type StoreName } from './stores.ts';

const execute = promisify(execFile);
const everything = { sources: [], instances: ['*'], exclude: [], names: [], tags: {} };
const wanted = {
  objectLock: [{ ...everything, mode: 'governance', days: 1, legalHold: false }],
  storageClasses: [],
  readback: 'auto',
} as const;

async function byCheck(server: RealServer): Promise<Pick<Measured, 'check' | 'proof' | 'advised'>> {
  const bucket = await server.bucket();
  const found = await findingsOf(probeOn(bucket));
  bucket.close();
  const check: Record<string, Facts[string]> = {};
  for (const { check: name, facts, verdict } of found.all)
    for (const [fact, value] of Object.entries({ verdict, ...facts })) check[`${name}.${fact}`] = value;
  return {
    check,
    proof: String(found.of('proof').facts['by'] ?? ''),
    advised: String(found.of('profile').facts['fits']),
  };
}

async function lockByCheck(server: RealServer): Promise<Facts> {
  try {
    const bucket = await server.bucket({ objectLock: true });
    const found: Findings = await findingsOf(probeOn(bucket, { wanted }));
    bucket.close();
    const { verdict, facts } = found.of('object-lock');
    return { verdict, ...facts };
  } catch {
    return { verdict: 'not-tried' };
  }
}

async function byBoto(server: RealServer): Promise<{ readonly facts: Facts; readonly lock: Facts }> {
  const { endpoint, credentials, close } = await server.bucket();
  close();
  const words = [
    join(import.meta.dirname, 'ask.py'),
    endpoint,
    credentials.accessKeyId,
    credentials.secretAccessKey,
  ];
  const { stdout } = await execute('boto3-python', words);
  return JSON.parse(stdout) as { facts: Facts; lock: Facts };
}

/** Those whose buckets can be set to more than to be there. */
const SET_UP: readonly StoreName[] = ['ceph-20', 'versitygw'];

const measured: Measured[] = [];
const missing: StoreName[] = [];
for (const name of Object.keys(REAL_STORES) as StoreName[]) {
  const { title, version, tools } = REAL_STORES[name];
  if (!available(...tools, 'boto3-python')) {
    missing.push(name);
    continue;
  }
  const server = await startStore(name);
  try {
    const [asked, checked, lock] = [await byBoto(server), await byCheck(server), await lockByCheck(server)];
    const settings = SET_UP.includes(name) ? await settingsSeen(server) : undefined;
    measured.push({
      ...{ name, title, version, ...checked },
      ...{ checkOfLock: lock, boto3: asked.facts, lock: asked.lock },
      ...(settings && { settings }),
    });
  } finally {
    await server.stop();
  }
}

console.log(`${measuredTable(measured)}\n\n${settingsTable(measured)}`);
const claims = measured.flatMap(claimsOf);
const otherwise = claims.filter(({ check, boto3 }) => check !== boto3);
console.log(
  `\n${claims.length} claims of check about ${measured.length} stores; boto3 sees ${otherwise.length} otherwise`,
);
for (const { what, check, boto3 } of otherwise) console.log(`  ${what}: check ${check}, boto3 ${boto3}`);
if (missing.length > 0) console.log(`Skipped, since it is not installed: ${missing.join(', ')}`);
if (process.argv.includes('--write') && missing.length === 0) {
  const text = JSON.stringify(
    { date: new Date().toISOString().slice(0, 10), stores: measured },
    undefined,
    2,
  );
  writeFileSync(join(import.meta.dirname, 'measured.json'), `${text}\n`);
  console.log(
    'Written: test/stores/measured.json; docs/providers.md follows by `npx vitest run test/store/s3/provider-page.test.ts -u`',
  );
}
// The servers that outlive it are its children's; what is left is idle.
process.exit(otherwise.length === 0 ? 0 : 1);
