import { expect, test } from 'vitest';
import type { Variants } from '../api/types';
import { ruleKey } from './definition_graph';
import { edgeOf, overdueShare, variantRows } from './variants';

test('paths are spelt out, the most frequent first, with their share', () => {
  const reply: Variants = {
    topics: ['a', 'b'],
    variants: [
      { topics: [0], times: [1], cut: false, count: 1, overdue: 1, example: 'f1' },
      { topics: [0, 1], times: [1, 9], cut: true, count: 3, overdue: 0, example: 'f2' },
    ],
    next: '',
    looked_at: 4,
    others: 0,
    watermark: null,
  };
  expect(variantRows(reply)[0]).toMatchObject({ path: [{ topic: 'a', times: 1 }, { topic: 'b', times: 9 }], share: 0.75, cut: true });
});
test('an edge is found whatever order its topics stand in, and its late share counts what never came', () => {
  const edge = { definition: 'd', after: 'a', expected: ['c', 'b'], any_of: true, count: 10, came: 8, late: 1, overdue: 2 };
  expect(edgeOf([edge], 'd', ruleKey({ after: 'a', topics: ['b', 'c'] }))).toBe(edge);
  expect(edgeOf([edge], 'other', ruleKey({ after: 'a', topics: ['b', 'c'] }))).toBeUndefined();
  expect(overdueShare(edge)).toBeCloseTo(0.3);
  expect(overdueShare({ ...edge, count: 0 })).toBe(0);
});
