/** Signatures as the receivers work them out. */
import { describe, expect, test } from 'vitest';
import { dingtalkSignature, feishuSignature } from '../../../src/report/notify/signature.ts';

describe('a signature', () => {
  test('is the one that Feishu expects', () => {
    // The documentation gives no result for its example; this one stands in the tests of two independent clients.
    expect(feishuSignature('demo', 1_599_360_473)).toBe('l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=');
  });

  test('is the one that DingTalk expects', () => {
    // Computed after the documentation's recipe, with its example's secret and a timestamp of ours, run apart from this project with its own example secret.
    expect(dingtalkSignature('this is secret', 1_577_262_236_757)).toBe(
      'hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=',
    );
  });
});
