import { describe, expect, test } from 'vitest';
import { longPicture } from '../scenario/long_flow';
import { order, placed } from './fixture';
import { treeRows } from './tree';

describe('the tree of causes', () => {
  test('an event stands below its cause, in the order of the log', () => {
    const rows = treeRows(order(60_000), { deliveries: false });
    const depth = Object.fromEntries(rows.flatMap((row) => (row.kind === 'event' ? [[row.step.type, row.rails.length]] : [])));
    expect(depth).toMatchObject({ 'order.placed': 0, 'order.archived': 1, 'payment.captured': 1, 'stock.reserved': 2, 'customer.notified': 5 });
  });
  test('each attempt of a delivery has a row', () => {
    const rows = treeRows(order(60_000, [{ kind: 'dead' }]), { deliveries: true });
    const attempts = rows.filter((row) => row.kind === 'delivery' && row.part.service === 'payments');
    expect(attempts).toHaveLength(8);
    expect(attempts.at(-1)).toMatchObject({ attempt: { what: 'dead', attempt: 8 } });
  });
  test('a service that was never given the event has a row too', () => {
    const rows = treeRows(order(5_000, [{ kind: 'offline' }]), { deliveries: true });
    expect(rows.find((row) => row.kind === 'delivery')).toMatchObject({ attempt: undefined, part: { service: 'payments', state: 'waiting' } });
  });
  test('what is owed stands at the end', () => {
    expect(treeRows(order(5_000, [{ kind: 'offline' }]), { deliveries: false }).at(-1)).toMatchObject({ kind: 'owed', expectation: { owner: 'payments' } });
  });
  test('a cause that is not here, or stands behind its effect, makes a root and no circle', () => {
    const picture = order(60_000);
    picture.steps[0]!.causationid = picture.steps[1]!.id;
    picture.steps[1]!.causationid = 'from elsewhere';
    const rows = treeRows(picture, { deliveries: false }).filter((row) => row.kind === 'event');
    expect(rows).toHaveLength(picture.steps.length);
    expect(rows[0]!.rails).toEqual([]);
  });
  test('an event whose cause is not here says so', () => {
    const picture = order(60_000);
    picture.steps[2]!.causationid = 'from elsewhere';
    const orphans = () => treeRows(picture, { deliveries: false }).flatMap((row) => (row.kind === 'event' && row.orphan ? [row.orphan] : []));
    expect(orphans()).toEqual(['caused by from elsewhere, which is not of this flow']);
    picture.events = picture.steps.length + 100;
    expect(orphans()).toEqual(['caused by from elsewhere, which is not on this page']);
  });
  test('a chain of ten thousand events is no trouble', () => {
    const picture = longPicture('batch-1', 10_000, placed);
    picture.steps.forEach((step, i) => i > 0 && (step.causationid = picture.steps[i - 1]!.id));
    expect(treeRows(picture, { deliveries: false })).toHaveLength(10_000);
  });
});
