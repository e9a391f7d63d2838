import { describe, expect, test } from 'vitest';
import { conditionOf, isCondition, no_filters, quoted, wordCondition } from './search';

const of = (changes: Partial<typeof no_filters>) => conditionOf({ ...no_filters, ...changes });

describe('search', () => {
  test('nothing asked is no condition', () => {
    expect(of({})).toBe('');
    expect(of({ text: '   ' })).toBe('');
  });
  test('a word is looked for in ids', () => {
    expect(of({ text: 'order-7' })).toBe('flow like "*order-7*" or id == "order-7"');
  });
  test('a word with dots may be a topic', () => {
    expect(wordCondition('payment.captured')).toContain('topic == payment.captured');
    expect(wordCondition('payment.*')).toContain('topic == payment.*');
  });
  test('a text cannot leave its quotes', () => {
    expect(quoted('a"b\\c')).toBe('"a\\"b\\\\c"');
    expect(wordCondition('x" or late or flow == "y')).toBe(
      'flow like "*x\\" or late or flow == \\"y*" or id == "x\\" or late or flow == \\"y"',
    );
  });
  test('a star in a word is a star', () => {
    expect(wordCondition('5*')).toContain('"*5\\**"');
  });
  test('conditions are passed as they stand', () => {
    for (const text of ['state == overdue', 'duration > 10m', 'late', 'not impossible', 'flow like "a*"', 'order.placed[data.customer == "c1"]']) {
      expect(isCondition(text)).toBe(true);
      expect(of({ text })).toBe(text);
    }
    expect(isCondition('lately')).toBe(false);
    expect(isCondition('a like affair')).toBe(false);
  });
  test('filters are joined, and an `or` keeps its parentheses', () => {
    expect(of({ text: 'order-7', owner: 'payments', missing: 'payment.captured', overdue_for: '10m', older_than: '1h' })).toBe(
      '(flow like "*order-7*" or id == "order-7") and owner == "payments" and missing == payment.captured and overdue >= 10m and age > 1h',
    );
  });
});
