import { expect, test } from 'vitest';
import { likelyText, lostText } from './orphans';

test('an orphan says what it lost', () => {
  expect(lostText({ lost: 'cause', causationid: 'e-1' })).toBe('its flow has no event e-1, which it names as its cause');
  expect(lostText({ lost: 'flow', causationid: 'e-1' })).toBe('it begins a flow, but names the cause e-1');
  expect(lostText({ lost: 'flow', causationid: '' })).toBe('it begins a flow, but is only expected in one that has begun');
});

test('and by what it likely belongs elsewhere', () => {
  const orphan = { partitionkey: 'cart-1', subject: 'ada' };
  expect(likelyText({ ...orphan, likely_by: 'cause' })).toBe('where its cause is');
  expect(likelyText({ ...orphan, likely_by: 'key' })).toBe('which has the key cart-1');
  expect(likelyText({ ...orphan, likely_by: 'subject' })).toBe('which has the subject ada');
  expect(likelyText({ ...orphan, likely_by: 'unknown' })).toBe('');
});
