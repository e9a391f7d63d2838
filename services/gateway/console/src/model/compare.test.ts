import { describe, expect, test } from 'vitest';
import { longPicture } from '../scenario/long_flow';
import { compared, differencesText } from './compare';
import { order, placed } from './fixture';

const differing = (rows: ReturnType<typeof compared>) => rows.filter((row) => row.difference !== 'same').map((row) => `${row.type} ${row.difference}`);

describe('two flows beside each other', () => {
  test('a flow is like itself', () => {
    const rows = compared(order(60_000), order(60_000));
    expect(differing(rows)).toEqual([]);
    expect(rows).toHaveLength(order(60_000).steps.length);
    expect(differencesText(rows)).toBe('no difference');
  });

  test('what did not come stands where it would be, with all that it would have caused', () => {
    const rows = compared(order(60_000, [{ kind: 'lost', service: 'payments' }]), order(60_000));
    expect(differing(rows)).toContain('payment.captured only_there');
    expect(differing(rows)).toContain('stock.reserved only_there');
    expect(rows.find((row) => row.type === 'stock.reserved')?.depth).toBe(2);
    expect(differencesText(rows)).toMatch(/^\d+ only there$/);
  });

  test('a step that took far longer is marked, from both sides', () => {
    const slow = order(60_000);
    const step = slow.steps.find((one) => one.type === 'payment.captured')!;
    step.gap = { ...step.gap!, total_ms: 5_000 };
    expect(differing(compared(slow, order(60_000)))).toEqual(['payment.captured slower']);
    expect(differing(compared(order(60_000), slow))).toEqual(['payment.captured quicker']);
  });

  test('what differs by milliseconds is the same', () => {
    const other = order(60_000);
    for (const step of other.steps) if (step.gap) step.gap = { ...step.gap, total_ms: step.gap.total_ms + 20 };
    expect(differing(compared(order(60_000), other))).toEqual([]);
  });

  test('the second of a type is compared with the second', () => {
    const twice = order(60_000);
    const first = twice.steps.find((one) => one.type === 'payment.captured')!;
    twice.steps.push({ ...first, id: 'again', reeloffset: 9_000 });
    expect(differing(compared(twice, order(60_000)))).toEqual(['payment.captured only_here']);
  });

  test('a chain of ten thousand events is no trouble', () => {
    const picture = longPicture('batch-1', 10_000, placed);
    picture.steps.forEach((step, i) => i > 0 && (step.causationid = picture.steps[i - 1]!.id));
    expect(compared(picture, picture)).toHaveLength(10_000);
  });
});
