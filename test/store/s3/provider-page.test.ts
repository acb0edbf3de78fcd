/** docs/providers.md is made from the profiles; when this fails because one changed, write it anew: `npx vitest run test/store/provider-page.test.ts -u`. */
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { destinationShape } from '../../../src/config/settings.ts';
import { providersPage } from '../../../src/store/s3/provider-page.ts';
import { EXAMPLE_HOSTS, PROFILES, providerFor } from '../../../src/store/s3/provider-profile.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

test('docs/providers.md tells every profile as it is', async () => {
  await expect(providersPage()).toMatchFileSnapshot(join(ROOT, 'docs/providers.md'));
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
