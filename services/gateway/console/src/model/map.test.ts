import { describe, expect, test } from 'vitest';
import type { Service, Topic } from '../api/types';
import { definitions } from '../scenario/shop';
import { order } from './fixture';
import { mapOf, matches, publishersOwed, publishersSeen } from './map';

const topic = (name: string, published = 1): Topic => ({ topic: name, type: 't', durable: true, published, unrouted: 0, refused: 0, services: [], newest_offset: published, low_importance: false });
const service = (name: string, patterns: string[]): Service => ({
  service: name, patterns, instances: [], waiting: 0, behind: false, next_offset: 0, retrying: 0, dead: 0, acked: 0, nacked: 0,
  oldest_unsettled: null, paused_until: null, paused_by: '', parked: 0, expired: 0, in_flight: 0, filters: [], ephemeral: false, checks: [], drained_in_ms: 0,
});

describe('patterns', () => {
  test('are those of subscriptions', () => {
    expect(matches('order.*', 'order.placed')).toBe(true);
    expect(matches('order.*', 'order.placed.late')).toBe(false);
    expect(matches('order.>', 'order.placed.late')).toBe(true);
    expect(matches('order.>', 'order')).toBe(false);
    expect(matches('*.placed', 'order.placed')).toBe(true);
    expect(matches('>', 'reel.flow.overdue')).toBe(false);
    expect(matches('reel.>', 'reel.flow.overdue')).toBe(true);
  });
});

describe('the map', () => {
  const seen = publishersSeen(order(60_000).steps.map((step) => ({ topic: step.type, source: step.source })));
  const bus = mapOf([topic('order.placed'), topic('order.archived'), topic('payment.captured', 0)], [service('payments', ['order.placed']), service('inventory', ['payment.*'])], undefined, seen);
  test('who publishes is who was seen to', () => {
    expect(bus.topics.find((one) => one.topic === 'order.placed')?.publishers).toEqual(['orders']);
    expect(bus.services.find((one) => one.service === 'payments')).toMatchObject({ publishes: ['payment.captured'], hears: ['order.placed'] });
    expect(bus.services.find((one) => one.service === 'orders')?.known).toBe(false);
  });
  test('what is published and heard by nobody is named', () => {
    expect(bus.unheard).toEqual(['order.archived']);
  });
  test('a subscription for which nothing is published is named', () => {
    expect(bus.unfed).toEqual([{ service: 'inventory', pattern: 'payment.*' }]);
  });
  test('Reel’s own services and passers-by are left out', () => {
    const own = mapOf([topic('a.b')], [service('reel.tracker', ['>']), { ...service('tail', ['>']), ephemeral: true }], undefined, new Map());
    expect(own.services).toEqual([]);
  });
  test('an owner is taken for the publisher only where it is one topic that it owes', () => {
    const owed = publishersOwed(definitions);
    expect(owed.get('shipment.dispatched')).toEqual(new Set(['shipping']));
    expect(owed.has('customer.notified')).toBe(false);
  });
});
