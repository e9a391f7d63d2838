import { describe, expect, test } from 'vitest';
import { clockText, countText, durationText, millis, parseSpan } from './time';

describe('times', () => {
  test('nanoseconds survive as fractions of a millisecond', () => {
    const whole = Date.UTC(2026, 2, 2, 10, 15, 30);
    expect(millis('2026-03-02T10:15:30.123456789Z')! - whole).toBeCloseTo(123.4568, 3);
    expect(millis('2026-03-02T10:15:30Z')).toBe(whole);
  });
  test('no time is none: null, forever, rubbish', () => {
    for (const text of [null, undefined, '', 'forever', '2026', 'yesterday', '2026-13-02T10:15:30Z']) {
      expect(millis(text)).toBeUndefined();
    }
  });
  test('durations read with three digits that matter', () => {
    expect([0.0001, 0.84, 1.9, 12.44, 840, 8_240, 200_000, 7_500_000, 266_400_000].map(durationText)).toEqual([
      '0 ms', '840 µs', '1.9 ms', '12.4 ms', '840 ms', '8.2 s', '3 min 20 s', '2 h 5 min', '3 d 2 h',
    ]);
  });
  test('no unit is overfull at its edge', () => {
    expect(durationText(999.9)).toBe('1 s');
    expect(durationText(59_990)).toBe('1 min');
    expect(durationText(3_599_800)).toBe('1 h');
    expect(durationText(-1500)).toBe('−1.5 s');
  });
  test('what counts down does so in whole seconds and never below nothing', () => {
    expect([8_999, -5, 61_000].map(countText)).toEqual(['8 s', '0 s', '1 min 1 s']);
  });
  test('the clock shows as many digits as are asked for', () => {
    const time = new Date(2026, 2, 2, 10, 5, 3).getTime() + 7.9;
    expect(clockText(time)).toBe('10:05:03');
    expect(clockText(time, 3)).toBe('10:05:03.007');
    expect(clockText(undefined)).toBe('–');
  });
  test('spans are those of the search language', () => {
    expect(['500ms', '5s', '10m', '2h', '1d', '1.5h'].map(parseSpan)).toEqual([500, 5000, 600_000, 7_200_000, 86_400_000, 5_400_000]);
    expect(parseSpan('soon')).toBeUndefined();
  });
});
