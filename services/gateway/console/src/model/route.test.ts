import { expect, test } from 'vitest';
import { flowRoute, parseRoute, routeText, topicRoute } from './route';

test('every address says where it leads, and back', () => {
  for (const address of ['#/', '#/flows?state=overdue', '#/flow/order-7/timeline?event=4711', '#/topic/order.placed']) {
    expect(routeText(parseRoute(address))).toBe(address);
  }
});
test('a flow id may be anything', () => {
  for (const id of ['a/b', 'order 7?x=1#2', '50%', '<b>', 'ü.json', '..']) {
    expect(parseRoute(flowRoute(id, 'tree')).subject).toBe(id);
  }
});
test('no address is Now', () => {
  expect(parseRoute('').view).toBe('now');
  expect(parseRoute('#').view).toBe('now');
});
test('a broken escape is taken as it stands', () => {
  expect(parseRoute('#/flow/100%').subject).toBe('100%');
});
test('empty parts are left out', () => {
  expect(routeText({ view: 'flows', query: { q: '', state: '' } })).toBe('#/flows');
  expect(topicRoute('order.placed')).toBe('#/topic/order.placed');
});
