import { expect, test } from 'vitest';
import { carry_on_max_ms, logTime, standsStill, watermarkOf } from './watermark';

const heard = 1_000;
const watermark = watermarkOf('2026-03-02T10:15:30Z', heard)!;

test('log time goes on between two answers', () => {
  expect(logTime(watermark, heard + 700) - watermark.at).toBe(700);
});
test('log time stands still when the tracker says no more, however long one waits', () => {
  expect(logTime(watermark, heard + 60_000) - watermark.at).toBe(carry_on_max_ms);
  expect(standsStill(watermark, heard + 60_000)).toBe(true);
  expect(standsStill(watermark, heard + 700)).toBe(false);
});
test('log time never goes back', () => {
  expect(logTime(watermark, heard - 5)).toBe(watermark.at);
});
test('without a watermark there is none', () => {
  expect(watermarkOf(null, 0)).toBeUndefined();
});
