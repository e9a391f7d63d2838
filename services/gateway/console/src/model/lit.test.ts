import { describe, expect, test } from 'vitest';
import { definitions } from '../scenario/shop';
import { graphOf, ruleKey } from './definition_graph';
import { order, placed } from './fixture';
import { leftText, light, progressOf } from './lit';

const fulfilment = definitions[0]!;
const graph = graphOf(fulfilment);

function states(picture: ReturnType<typeof order>, after_ms: number): Record<string, string> {
  return Object.fromEntries([...light(graph, picture, placed + after_ms).nodes].map(([topic, node]) => [topic, node.state]));
}

describe('a definition as a graph', () => {
  test('topics are nodes, and each expected one has an edge from what it follows', () => {
    expect(graph.nodes.map((node) => node.topic)).toContain('customer.notified');
    const from_placed = graph.edges.filter((edge) => edge.from === 'order.placed');
    expect(from_placed.map((edge) => [edge.to, edge.kind])).toEqual([['payment.captured', 'any_of'], ['payment.declined', 'any_of']]);
    expect(graph.nodes.find((node) => node.start)?.topic).toBe('order.placed');
  });
  test('a rule is the same whatever order its topics stand in', () => {
    expect(ruleKey({ after: 'a', topics: ['c', 'b'] })).toBe(ruleKey({ after: 'a', topics: ['b', 'c'] }));
  });
  test('what a flow was judged by is drawn although the definition is another by now', () => {
    const bare = { ...fulfilment, expectations: [] };
    expect(graphOf(bare, order(60_000).expectations).edges.length).toBeGreaterThan(4);
  });
});

describe('lit up by a flow', () => {
  test('a completed order: what came is done, the alternatives are skipped, the rest is not reached', () => {
    const seen = states(order(60_000), 60_000);
    expect(seen['shipment.delivered']).toBe('done');
    expect(seen['payment.declined']).toBe('skipped');
    expect(seen['stock.unavailable']).toBe('skipped');
    expect(seen['order.cancelled']).toBe('not_reached');
  });
  test('what is owed waits with a countdown', () => {
    const picture = order(2_000, [{ kind: 'offline' }]);
    const node = light(graph, picture, placed + 2_000).nodes.get('payment.captured')!;
    expect(node).toMatchObject({ state: 'waiting', note: '8 s left', owner: 'payments' });
  });
  test('a deadline that passed here is not overdue before the tracker says so', () => {
    expect(states(order(9_000, [{ kind: 'offline' }]), 11_000)['payment.captured']).toBe('waiting');
    expect(leftText(placed, placed + 1)).toBe('due now');
  });
  test('what has not come in time is overdue, with how late', () => {
    const picture = order(22_500, [{ kind: 'offline' }]);
    expect(light(graph, picture, placed + 22_500).nodes.get('payment.declined')).toMatchObject({ state: 'overdue', note: '12 s late' });
  });
  test('it has failed where who owes it has its cause as a dead letter', () => {
    expect(states(order(60_000, [{ kind: 'dead' }]), 60_000)['payment.captured']).toBe('failed');
    expect(states(order(60_000, [{ kind: 'dead', service: 'invoicing' }]), 60_000)['payment.captured']).toBe('done');
  });
  test('it is impossible where everybody is done and nothing came', () => {
    expect(states(order(3_000, [{ kind: 'lost' }]), 3_000)['payment.captured']).toBe('impossible');
  });
  test('what came late says by how much', () => {
    const picture = order(60_000, [{ kind: 'late' }]);
    const node = light(graph, picture, placed + 60_000).nodes.get('payment.captured')!;
    expect(node.state).toBe('late');
    expect(node.note).toMatch(/^2 s late$|^2\.0\d* s late$/);
  });
  test('what was waived is owed by nobody', () => {
    expect(states(order(60_000, [{ kind: 'lost' }], true), 60_000)['payment.captured']).toBe('skipped');
  });
  test('a forbidden event that came is broken', () => {
    const picture = order(60_000);
    picture.expectations = [{ definition: fulfilment.name, after: 'order.placed', expected: ['payment.captured'], any_of: true, missing: [], owner: '', verdict: 'broken', armed_at: null, never: true }];
    expect(states(picture, 60_000)['payment.captured']).toBe('broken');
  });
  test('an edge says how long it took', () => {
    const lit = light(graph, order(60_000), placed + 60_000);
    const edge = graph.edges.find((one) => one.to === 'payment.captured')!;
    expect(lit.edges.get(edge.id)).toMatchObject({ state: 'done' });
    expect(lit.edges.get(edge.id)!.note).toMatch(/^\+\d/);
  });
});

describe('how far a flow is', () => {
  test('counts what was owed and what has come', () => {
    expect(progressOf(order(60_000).expectations)).toMatchObject({ done: 6, all: 6 });
    expect(progressOf(order(60_000, [{ kind: 'lost' }]).expectations).says).toBe('0 of 1 owed step has come');
    expect(progressOf([]).says).toBe('nothing is owed');
  });
});
