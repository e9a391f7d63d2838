import { expect, test } from 'vitest';
import { Samples, samples_max } from './rates';

function counted(values: [number, number][]): Samples {
  const samples = new Samples();
  for (const [at, count] of values) samples.add({ at, counts: { count } });
  return samples;
}

test('a rate is growth over time', () => {
  expect(counted([[0, 100], [1000, 110], [2000, 120]]).rate('count')).toBe(10);
});
test('a counter that began anew has no rate', () => {
  expect(counted([[0, 100], [1000, 3]]).rate('count')).toBeUndefined();
});
test('one sample is no rate, and an unknown name none', () => {
  expect(counted([[0, 1]]).rate('count')).toBeUndefined();
  expect(counted([[0, 1], [1000, 2]]).rate('other')).toBeUndefined();
});
test('what is plotted ends now', () => {
  expect(counted([[0, 0], [1000, 5], [2000, 5]]).series('count', 'rate')).toEqual({ x: [-1, 0], y: [5, 0] });
});
test('a clock that stands still adds nothing, and memory is bounded', () => {
  const samples = counted([[5, 1], [5, 2]]);
  expect(samples.all).toHaveLength(1);
  for (let i = 0; i < 2 * samples_max; ++i) samples.add({ at: 10 + i, counts: {} });
  expect(samples.all).toHaveLength(samples_max);
});
