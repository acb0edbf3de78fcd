/** docs/providers.md is made from the profiles and from what `npm run stores -- --write` measured; write it anew: `npx vitest run test/store/s3/provider-page.test.ts -u`. */
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { destinationShape } from '../../../src/config/settings.ts';
import { providersPage } from '../../../src/store/s3/provider-page.ts';
import { EXAMPLE_HOSTS, PROFILES, providerFor } from '../../../src/store/s3/provider-profile.ts';
import measuredJson from '../../stores/measured.json' with { type: 'json' };
import { claimsOf, type Measured } from '../../stores/measured.ts';
import { measuredPart } from '../../stores/measured-part.ts';

const measured = measuredJson as { readonly date: string; readonly stores: readonly Measured[] };
const ROOT = resolve(import.meta.dirname, '../../..');

test('docs/providers.md tells every profile as it is, and what real stores were seen to do', async () => {
  const page = `${providersPage()}\n${measuredPart(measured)}`;
  await expect(page).toMatchFileSnapshot(join(ROOT, 'docs/providers.md'));
});

test('what boto3 saw of real stores bears out every claim that check made', () => {
  const claims = measured.stores.flatMap(claimsOf);
  expect(claims.length).toBeGreaterThan(150);
  expect(claims.filter(({ check, boto3 }) => check !== boto3)).toEqual([]);
});

test.each(Object.entries(EXAMPLE_HOSTS))(
  'the address that the page shows for %s is told as such',
  (name, host) => {
    expect(providerFor('auto', `https://${host}`).profile.name).toBe(name);
  },
);

test('every profile can be set, and every one that can be set is there', () => {
  for (const name of ['auto', ...Object.keys(PROFILES)])
    expect(destinationShape.profile.safeParse(name).success).toBe(true);
  for (const [name, profile] of Object.entries(PROFILES)) expect(profile.name).toBe(name);
  expect(destinationShape.profile.safeParse('unknown').success).toBe(false);
});
