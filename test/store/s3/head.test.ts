/** What a store's answer proves about the bytes it holds: too little belief reads everything twice, too much loses dumps. */
import { describe, expect, it, test } from 'vitest';
import type { SentBody } from '../../../src/store/s3/body-digest.ts';
import {
  compareHeld,
  type HeldObject,
  looksLikeMd5,
  plainEtag,
  usesKey,
} from '../../../src/store/s3/head.ts';
import type { ProviderProfile } from '../../../src/store/s3/provider-profile.ts';

const MD5 = 'ab'.repeat(16);
const OTHER = 'cd'.repeat(16);

type Believed = ProviderProfile['md5Etags'];

function compared(
  held: Partial<HeldObject>,
  sent: Partial<SentBody>,
  md5Etags: Believed = 'all',
): ReturnType<typeof compareHeld> {
  const profile = { md5Etags } as ProviderProfile;
  return compareHeld({ size: 10, keyed: false, ...held }, { size: 10, ...sent } as SentBody, profile);
}

describe('a held object', () => {
  it('of another size is another one, whatever its checksum says', () => {
    expect(compared({ size: 9, checksum: 'x', etag: MD5 }, { checksums: ['x'], etag: MD5 })).toBe(
      'different',
    );
  });

  test.each<[string, Partial<HeldObject>, Partial<SentBody>, Believed, string]>([
    ['the same checksum', { checksum: 'x' }, { checksums: ['x'] }, 'all', 'same'],
    ['another checksum', { checksum: 'x' }, { checksums: ['y'] }, 'all', 'different'],
    [
      'the same checksum and another ETag',
      { checksum: 'x', etag: OTHER },
      { checksums: ['x'], etag: MD5 },
      'all',
      'same',
    ],
    [
      'another checksum and the same ETag',
      { checksum: 'x', etag: MD5 },
      { checksums: ['y'], etag: MD5 },
      'all',
      'different',
    ],
    [
      'a checksum of the whole where we know the parts’',
      { checksum: 'x' },
      { checksums: ['x-2'] },
      'all',
      'unknown',
    ],
    [
      'a checksum of the parts where we know the whole’s',
      { checksum: 'x-2' },
      { checksums: ['x'] },
      'all',
      'unknown',
    ],
    [
      'the checksum of the whole among both that we know',
      { checksum: 'x' },
      { checksums: ['y-2', 'x'] },
      'all',
      'same',
    ],
    [
      'another checksum of the whole than both that we know',
      { checksum: 'z' },
      { checksums: ['y-2', 'x'] },
      'all',
      'different',
    ],
    ['no checksum, and the same ETag', { etag: MD5 }, { checksums: ['x'], etag: MD5 }, 'all', 'same'],
    ['no checksum, and another ETag', { etag: OTHER }, { checksums: ['x'], etag: MD5 }, 'all', 'different'],
    ['a checksum that we did not work out', { checksum: 'x', etag: MD5 }, { etag: MD5 }, 'all', 'same'],
    ['neither', {}, {}, 'all', 'unknown'],
    ['no ETag of its own', {}, { etag: MD5 }, 'all', 'unknown'],
    ['an ETag where we know none', { etag: MD5 }, {}, 'all', 'unknown'],
    ['an ETag under a key', { etag: MD5, keyed: true }, { etag: MD5 }, 'all', 'unknown'],
    ['another ETag under a key', { etag: OTHER, keyed: true }, { etag: MD5 }, 'all', 'unknown'],
    ['an ETag that is no MD5', { etag: 'opaque' }, { etag: MD5 }, 'all', 'unknown'],
    [
      'another ETag, single puts believed, of a single put',
      { etag: OTHER },
      { etag: MD5 },
      'single-put',
      'different',
    ],
    [
      'another ETag, single puts believed, of parts',
      { etag: `${OTHER}-2` },
      { etag: `${MD5}-2` },
      'single-put',
      'unknown',
    ],
    ['another ETag of parts, all believed', { etag: `${OTHER}-2` }, { etag: `${MD5}-2` }, 'all', 'different'],
    ['another ETag, none believed', { etag: OTHER }, { etag: MD5 }, 'none', 'unknown'],
    ['the same ETag, none believed', { etag: MD5 }, { etag: MD5 }, 'none', 'unknown'],
    [
      'the same ETag of parts, single puts believed',
      { etag: `${MD5}-2` },
      { etag: `${MD5}-2` },
      'single-put',
      'unknown',
    ],
  ])('with %s is %5$s', (_what, held, sent, believed, verdict) => {
    expect(compared(held, sent, believed)).toBe(verdict);
  });
});

describe('an ETag', () => {
  it('is compared without quotes and in small letters', () => {
    expect(plainEtag('"ABCDEF-2"')).toBe('abcdef-2');
    expect(plainEtag('abc')).toBe('abc');
  });

  it('looks like an MD5 or does not', () => {
    for (const etag of [MD5, `${MD5}-1`, `${MD5}-10000`]) expect(looksLikeMd5(etag), etag).toBe(true);
    for (const etag of [
      '',
      'x',
      MD5.slice(1),
      `${MD5}0`,
      `${MD5}-`,
      `${MD5}-x`,
      `x${MD5}`,
      MD5.toUpperCase(),
    ])
      expect(looksLikeMd5(etag), etag).toBe(false);
  });

  test.each([
    [undefined, undefined, false],
    ['AES256', undefined, false],
    ['aws:kms', undefined, true],
    ['aws:kms:dsse', undefined, true],
    [undefined, 'AES256', true],
  ])(
    'under the encryption %s and the customer algorithm %s says nothing: %s',
    (encryption, algorithm, keyed) => {
      expect(usesKey(encryption, algorithm)).toBe(keyed);
    },
  );
});
