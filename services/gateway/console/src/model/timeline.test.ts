import { describe, expect, test } from 'vitest';
import { order } from './fixture';
import { scaleOf, segmentKinds, ticksOf, timelineRows } from './timeline';

describe('the timeline', () => {
  const rows = timelineRows(order(60_000, [{ kind: 'once', service: 'inventory' }]));
  test('the parts of a gap follow one another from the cause to the event', () => {
    const row = rows.find((one) => one.step.type === 'stock.reserved')!;
    expect(row.segments.map((segment) => segment.kind)).toEqual(['wait', 'retries', 'handling', 'publishing']);
    for (let i = 1; i < row.segments.length; ++i) expect(row.segments[i]!.from).toBeCloseTo(row.segments[i - 1]!.to, 6);
    expect(row.segments.at(-1)!.to).toBeCloseTo(row.at, 3);
  });
  test('the longest part of the flow is marked, once', () => {
    const longest = rows.flatMap((row) => row.segments).filter((segment) => segment.longest);
    expect(longest.map((segment) => segment.kind)).toEqual(['retries']);
  });
  test('a gap that is not split stays whole', () => {
    const picture = order(60_000);
    picture.steps[1]!.gap = { total_ms: 5 };
    expect(timelineRows(picture)[1]!.segments).toMatchObject([{ kind: 'gap' }]);
    expect(segmentKinds).toContain('gap');
  });
});

describe('the axis', () => {
  const at = (...times: number[]) => times.map((time, i) => ({ key: `${i}`, step: order(0).steps[0]!, at: time, segments: [{ kind: 'gap' as const, from: time - 10, to: time, longest: false }], total_ms: 10 }));
  test('runs from 0 to 1 and never back', () => {
    const scale = scaleOf(at(1000, 1030, 1_000_000, 1_000_020));
    const places = [990, 1000, 1030, 500_000, 1_000_000, 1_000_020].map(scale.place);
    expect(places[0]).toBe(0);
    expect(places.at(-1)).toBeCloseTo(1, 9);
    for (let i = 1; i < places.length; ++i) expect(places[i]!).toBeGreaterThanOrEqual(places[i - 1]!);
  });
  test('a long silence is folded, so that what happens can be seen', () => {
    const scale = scaleOf(at(1000, 1030, 1_000_000));
    expect(scale.folds).toHaveLength(1);
    expect(scale.place(1000) - scale.place(990)).toBeGreaterThan(0.1);
  });
  test('without a silence nothing is folded and the axis is straight', () => {
    const scale = scaleOf(at(1000, 1010, 1020));
    expect(scale.folds).toEqual([]);
    expect(scale.place(1005)).toBeCloseTo(0.5, 9);
  });
  test('one event, or none, is an axis too', () => {
    expect(scaleOf([]).place(5)).toBe(0);
    expect(Number.isFinite(scaleOf(at(7)).place(7))).toBe(true);
  });
  test('ticks are few, inside, and in no fold', () => {
    const scale = scaleOf(at(1000, 1030, 1_000_000, 1_000_020));
    const ticks = ticksOf(scale, 5);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(10);
    for (const tick of ticks) expect(scale.folds.some((fold) => tick > fold.from && tick < fold.to)).toBe(false);
  });
});
