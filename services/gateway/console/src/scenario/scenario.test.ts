// The scenarios answer as the gateway would: what the console shows without a back end is what it would show with one.
import { describe, expect, test } from 'vitest';
import { answer } from './answers';
import type { Scenario } from './scenario';
import { compileWhere, WhereError } from './where';
import { World } from './world';

const files = import.meta.glob<{ default: Scenario }>('../../scenarios/*.json', { eager: true });
const world = (name: string) => new World(files[`../../scenarios/${name}.json`]!.default);
const get = (of: World, path: string, query = '') => answer(of, 'GET', path, new URLSearchParams(query), undefined).value as never as Record<string, never>;

describe('a scenario', () => {
  test.each(Object.keys(files).filter((file) => !file.includes('ten-thousand')))('%s answers every question', (file) => {
    const of = new World(files[file]!.default);
    of.gone = undefined;
    for (const path of ['status', 'summary', 'topics', 'services', 'routes', 'definitions', 'flows', 'incidents', 'dead', 'retries', 'delayed', 'replays', 'variants', 'edges']) {
      expect(answer(of, 'GET', `/v1/${path}`, new URLSearchParams(), undefined).status, path).toBe(200);
    }
  });
  test('is the same each time', () => {
    expect(JSON.stringify(get(world('incident'), '/v1/flows'))).toBe(JSON.stringify(get(world('incident'), '/v1/flows')));
  });
  test('what is redriven completes', () => {
    const of = world('one-overdue');
    const [letter] = of.letters('dead');
    expect(of.picture(letter!.correlationid)?.state).toBe('overdue');
    const reply = of.command({ service: letter!.service, redrive: { offsets: [letter!.failure!.offset, 1] }, by: 'ada', note: '' });
    expect([reply.count, reply.left_out.length]).toEqual([1, 1]);
    of.advance(1000);
    expect(of.picture(letter!.correlationid)?.state).toBe('completed');
    expect(of.letters('dead')).toEqual([]);
  });
  test('who is gone answers 503 and is named', () => {
    const of = world('all-quiet');
    of.gone = 'tracker';
    expect(answer(of, 'GET', '/v1/summary', new URLSearchParams(), undefined)).toMatchObject({ status: 503, value: { detail: 'the tracker does not answer' } });
    expect(answer(of, 'GET', '/v1/status', new URLSearchParams(), undefined).status).toBe(200);
  });
});

describe('conditions', () => {
  const find = (where: string) => (get(world('incident'), '/v1/flows', new URLSearchParams({ where, limit: '1000' }).toString()).flows as unknown as unknown[]).length;
  test('narrow what is found', () => {
    expect(find('flow == "order-41"')).toBe(1);
    expect(find('flow like "*order-3*" and state == overdue')).toBeGreaterThan(1);
    expect(find('state == overdue or state == open')).toBe(find('not state == completed'));
    expect(find('owner == "payments" and overdue >= 10s')).toBeGreaterThan(0);
  });
  test('what makes no sense is refused with a sentence', () => {
    for (const where of ['colour == red', '(state == open', 'state == open )']) expect(() => compileWhere(where)).toThrow(WhereError);
  });
});
