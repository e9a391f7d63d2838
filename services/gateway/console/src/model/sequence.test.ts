import { expect, test } from 'vitest';
import { order } from './fixture';
import { publisher, sequenceOf } from './sequence';

test('lanes stand in the order in which services come into it', () => {
  expect(sequenceOf(order(60_000)).lanes.slice(0, 3)).toEqual(['orders', 'payments', 'reel-broker']);
  expect(publisher('payments/payments-1')).toBe('payments');
});
test('an event is published, handed over and acked, in the order of log time', () => {
  const { rows, lanes } = sequenceOf(order(60_000));
  const of_first = rows.filter((row) => row.step.type === 'order.placed');
  expect(of_first.map((row) => row.kind)).toEqual(['published', 'handed', 'ended']);
  expect(lanes[of_first[1]!.to]).toBe('payments');
  for (let i = 1; i < rows.length; ++i) expect(rows[i]!.time).toBeGreaterThanOrEqual(rows[i - 1]!.time);
});
test('a lane is busy while it has an event in hand', () => {
  const { rows, lanes } = sequenceOf(order(60_000));
  const payments = lanes.indexOf('payments');
  const handed = rows.findIndex((row) => row.kind === 'handed' && row.to === payments);
  const ended = rows.findIndex((row) => row.kind === 'ended' && row.to === payments);
  expect(rows[handed]!.busy[payments]).toBe(true);
  expect(rows[ended]!.busy[payments]).toBe(false);
});
test('each failure is shown with its error, and the next attempt with its number', () => {
  const { rows } = sequenceOf(order(60_000, [{ kind: 'once', service: 'inventory' }]));
  expect(rows.find((row) => row.tone === 'bad')).toMatchObject({ label: 'payment.captured failed', error: 'std::runtime_error: inventory failed on purpose' });
  expect(rows.some((row) => row.label === 'payment.captured (attempt 2)')).toBe(true);
});
test('who was never given it waits', () => {
  expect(sequenceOf(order(5_000, [{ kind: 'offline' }])).rows.some((row) => row.kind === 'waits')).toBe(true);
});
