import { expect, test } from 'vitest';
import { bytesText, countText, listText, plural, rateText, shareText } from './words';

test('one is singular, none is plural', () => {
  expect([0, 1, 2].map((count) => plural(count, 'flow'))).toEqual(['0 flows', '1 flow', '2 flows']);
  expect(plural(2, 'breach', 'breaches')).toBe('2 breaches');
});
test('thousands stand apart', () => {
  expect(countText(1_234_567)).toBe('1\u202f234\u202f567');
});
test('lists end with a word, and long ones are counted', () => {
  expect(listText([])).toBe('');
  expect(listText(['a'])).toBe('a');
  expect(listText(['a', 'b', 'c'], 'or')).toBe('a, b or c');
  expect(listText(['a', 'b', 'c', 'd', 'e', 'f'])).toBe('a, b, c and 3 more');
});
test('a small share is not nothing', () => {
  expect([shareText(0, 0), shareText(0, 9), shareText(1, 100_000), shareText(1, 3)]).toEqual(['–', '0.0 %', '<0.1 %', '33 %']);
});
test('an unknown rate is not zero', () => {
  expect([rateText(undefined), rateText(0), rateText(0.25), rateText(1234)]).toEqual(['–', '0/s', '0.3/s', '1\u202f234/s']);
});
test('bytes', () => {
  expect([bytesText(12), bytesText(2048), bytesText(3 << 20)]).toEqual(['12 B', '2.0 KiB', '3.0 MiB']);
});
