import { describe, expect, test } from 'vitest';
import { hasOpenDeliveries } from './deliveries';
import { order } from './fixture';

describe('a picture is drawn again as long as a delivery may change', () => {
  test('all is settled long after an order was delivered', () => {
    expect(hasOpenDeliveries(order(3_600_000))).toBe(false);
  });

  test('one that is retried, waits or is in hand is open, one that is a dead letter is not', () => {
    const picture = order(3_600_000);
    const part = picture.steps.flatMap((step) => step.services ?? [])[0]!;
    const open = ['waiting', 'in_flight', 'retrying', 'parked', 'acked', 'dead', 'discarded'].filter((state) => {
      part.state = state as typeof part.state;
      return hasOpenDeliveries(picture);
    });
    expect(open).toEqual(['waiting', 'in_flight', 'retrying', 'parked']);
  });

  test('what is not known of its deliveries keeps nothing open', () => {
    const picture = order(3_600_000);
    for (const step of picture.steps) delete step.services;
    expect(hasOpenDeliveries(picture)).toBe(false);
  });
});
