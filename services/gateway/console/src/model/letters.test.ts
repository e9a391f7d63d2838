import { expect, test } from 'vitest';
import type { Letter } from '../api/types';
import { groupLetters, normalError, standsAt } from './letters';

test('an error is the same but for numbers, ids and names', () => {
  const same = [
    ["card reader 3 did not answer within 250 ms for 'c-1041'", "card reader 12 did not answer within 9 ms  for 'c-7'"],
    ['no 0198f2a0-1111-7abc-8def-0123456789ab', 'no 0198f2a0-2222-7abc-8def-0123456789ff'],
    ['at 0xdeadbeef', 'at 0x1'],
    ['commit deadbeef01 gone', 'commit 0a1b2c3d4e gone'],
  ];
  for (const [one, other] of same) expect(normalError(one!)).toBe(normalError(other!));
  expect(normalError('disk full')).not.toBe(normalError('disk broken'));
  expect(normalError("the customer's card")).toBe("the customer's card");
});

function letter(service: string, offset: number, error: string, failed: string): Letter {
  return {
    service,
    topic: 'order.placed',
    id: `${offset}`,
    correlationid: 'f',
    failed_at: failed,
    event: null,
    source: '',
    dataschema: '',
    recordedtime: null,
    failure: { offset, ending: 'dead', attempt: 8, error_type: 'E', error, retry_at: null, first_failed_at: failed, failed_at: failed, losses: 0, key_hash: '0', origin: 0 },
  };
}

test('letters are grouped by service and error, the largest group first', () => {
  const groups = groupLetters([
    letter('a', 1, 'boom 1', '2026-03-02T10:00:00Z'),
    letter('b', 2, 'boom 2', '2026-03-02T10:00:01Z'),
    letter('b', 3, 'boom 3', '2026-03-02T10:00:05Z'),
  ]);
  expect(groups.map((group) => [group.service, group.error, group.letters.length])).toEqual([
    ['b', 'E: boom <n>', 2],
    ['a', 'E: boom <n>', 1],
  ]);
  expect(groups[0]!.last! - groups[0]!.first!).toBe(4000);
});

test('a redriven event is named by where it stands itself', () => {
  const one = letter('a', 500, 'x', '2026-03-02T10:00:00Z');
  one.failure!.origin = 42;
  expect(standsAt(one)).toBe(42);
  expect(standsAt(letter('a', 7, 'x', '2026-03-02T10:00:00Z'))).toBe(7);
});
