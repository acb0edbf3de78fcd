/** Which instances are archived. */
import { describe, expect, it } from 'vitest';
import { EVERYTHING, idsToList, literalIds, selector } from '../../src/plan/selection.ts';
import { anInstance } from '../support/builders.ts';

const orders = anInstance({
  id: 'crs-orders1',
  name: 'orders/cache.prod',
  tags: { team: 'shop', tier: 'gold' },
});

const takes = (changes: Partial<typeof EVERYTHING>) => selector({ ...EVERYTHING, ...changes })(orders);

describe('a selection', () => {
  it('takes every instance by default, whatever its id holds', () => {
    expect(takes({})).toBe(true);
    for (const id of ['.hidden/one', '..', '.', 'два слова'])
      expect(selector(EVERYTHING)(anInstance({ id })), id).toBe(true);
  });

  it('takes ids and globs', () => {
    expect(takes({ instances: ['crs-orders1'] })).toBe(true);
    expect(takes({ instances: ['crs-o*'] })).toBe(true);
    expect(takes({ instances: ['crs-other', 'crs-{orders,carts}1'] })).toBe(true);
    expect(takes({ instances: ['crs-other'] })).toBe(false);
  });

  it('leaves out what is excluded, even if it is named', () => {
    expect(takes({ instances: ['crs-orders1'], exclude: ['crs-ord*'] })).toBe(false);
  });

  it('asks for a name and for all tags where they are configured', () => {
    expect(takes({ names: ['orders*prod'] })).toBe(true);
    expect(takes({ names: ['carts*'] })).toBe(false);
    expect(takes({ tags: { team: 'shop', tier: 'g*' } })).toBe(true);
    expect(takes({ tags: { team: 'shop', tier: 'silver' } })).toBe(false);
    expect(takes({ tags: { missing: '*' } })).toBe(false);
    const plain = anInstance({ name: '', tags: { team: '' } });
    for (const value of ['', '*']) {
      expect(selector({ ...EVERYTHING, names: ['*'], tags: { team: value } })(plain)).toBe(true);
    }
    expect(selector({ ...EVERYTHING, tags: { team: 'shop' } })(plain)).toBe(false);
  });

  it('asks the cloud for single instances only when all of them are named outright', () => {
    expect(idsToList({ ...EVERYTHING, instances: ['crs-a', 'crs-b'] })).toEqual(['crs-a', 'crs-b']);
    expect(idsToList({ ...EVERYTHING, instances: ['crs-a', 'crs-*'] })).toBeUndefined();
    expect(literalIds({ ...EVERYTHING, instances: ['crs-a', 'crs-*'] })).toEqual(['crs-a']);
  });
});
