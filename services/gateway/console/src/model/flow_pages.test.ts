import { expect, test } from 'vitest';
import type { Flows, FlowSummary } from '../api/types';
import { FlowPages, newest_max } from './flow_pages';

const flow = (id: number, state: FlowSummary['state'] = 'open'): FlowSummary => ({ correlationid: `f${id}`, state, definitions: [], first_topic: '', last_topic: '', started_at: null, last_at: null, events: 1, overdue: [], ends: [] });
const page = (ids: number[], next: string): Flows => ({ flows: ids.map((id) => flow(id)), next, watermark: null, looked_at: 0 });
const ids = (pages: FlowPages) => pages.rows.map((row) => row.correlationid);

test('pages follow one another until there is no next', () => {
  const pages = new FlowPages();
  expect(pages.wanted).toBe('');
  pages.take('', page([9, 8], 'c8'));
  expect(pages.wanted).toBe('c8');
  pages.take('c8', page([7], ''));
  expect([ids(pages), pages.complete, pages.wanted]).toEqual([['f9', 'f8', 'f7'], true, undefined]);
});
test('an empty page may have a next one', () => {
  const pages = new FlowPages();
  pages.take('', page([], 'c1'));
  expect(pages.wanted).toBe('c1');
});
test('new flows come in at the top and push nobody out', () => {
  const pages = new FlowPages();
  pages.take('', page([9, 8], 'c8'));
  pages.take('c8', page([7, 6], ''));
  pages.take('', page([11, 10], 'c10'));
  expect(ids(pages)).toEqual(['f11', 'f10', 'f9', 'f8', 'f7', 'f6']);
});
test('a page that is asked again shows how its flows stand now', () => {
  const pages = new FlowPages();
  pages.take('', page([9], 'c9'));
  pages.take('c9', page([8], ''));
  pages.take('c9', { ...page([], ''), flows: [flow(8, 'completed')] });
  expect(pages.rows[1]!.state).toBe('completed');
});
test('a row leads to the page it stands on', () => {
  const pages = new FlowPages();
  pages.take('', page([9, 8], 'c8'));
  pages.take('c8', page([7, 6], ''));
  expect([0, 1, 2, 99].map((row) => pages.cursorOf(row))).toEqual(['', '', 'c8', 'c8']);
});
test('a list that was open for a day is bounded: it begins anew', () => {
  const pages = new FlowPages();
  pages.take('', page(Array.from({ length: newest_max + 1 }, (_, i) => i + 10), 'c10'));
  pages.take('c10', page([9], ''));
  pages.take('', page([99_999], 'c'));
  expect([ids(pages), pages.wanted]).toEqual([['f99999'], 'c']);
});
