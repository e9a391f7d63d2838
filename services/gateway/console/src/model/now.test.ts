import { describe, expect, test } from 'vitest';
import type { Incident, Service, Status, Summary } from '../api/types';
import { causeSentence, mendOf } from './causes';
import { order, placed } from './fixture';
import { troubles, whoOwes } from './incidents';
import { headline } from './now';
import { backlog_ms, serviceLine, serviceLines } from './services';

const summary = (changes: Partial<Summary> = {}): Summary => ({ watermark: null, offset: 0, caught_up: true, flows: 10, open: 2, overdue: 0, completed: 8, untracked: 0, definitions: [], ends: {}, ...changes });
const cause = { kind: 'paused' as const, sentence: 'payments is paused by ada', service: 'payments', instance: '', since: null, until: null, by: 'ada', attempt: 0, attempts: 8, error_type: '', error: '', waiting: 4, topic: 'order.placed', id: '', offset: 7, correlationid: '', commands: [], check: '' };
const incident = (changes: Partial<Incident> = {}): Incident => ({
  id: 'i1', state: 'open', kind: 'overdue', definition: 'order-fulfilment', after: 'order.placed', missing: ['payment.captured', 'payment.declined'], any_of: true, owner: 'payments', severity: '', runbook: '', cause, reason: '',
  first_at: '2026-03-02T10:00:10Z', last_at: '2026-03-02T10:00:20Z', resolved_at: null, count: 3, open: 3, correlationids: ['order-1'], acknowledged_by: '', acknowledged_reason: '', acknowledged_at: null, snoozed_until: null, snoozed_by: '', snoozed_reason: '', ...changes,
});
const service = (changes: Partial<Service> = {}): Service => ({
  service: 'payments', patterns: [], instances: [{ instance: 'a', host: 'h', pid: 1, last_beat: null, in_flight: 0 }], waiting: 0, behind: false, next_offset: 0, retrying: 0, dead: 0, acked: 0, nacked: 0,
  oldest_unsettled: null, paused_until: null, paused_by: '', parked: 0, expired: 0, in_flight: 0, filters: [], ephemeral: false, checks: [], drained_in_ms: 0, ...changes,
});
const now = placed + 60_000;
const say = (changes: Partial<Summary> | undefined, incidents: Incident[] = [], services: Service[] = [service()], status?: Partial<Status>) =>
  headline({ summary: changes && summary(changes), status: status as Status | undefined, troubles: troubles(incidents, [], now), services: serviceLines(services, now) });

describe('the headline', () => {
  test('all quiet is said plainly', () => {
    expect(say({})).toEqual({ tone: 'quiet', says: 'All quiet.', detail: 'Nothing is overdue. 2 flows are open, all in time. Every service keeps up.' });
    expect(say({ open: 0 }).detail).toContain('No flow is open.');
  });
  test('what is overdue comes first, with whose it is and why', () => {
    expect(say({ overdue: 3 }, [incident()])).toEqual({ tone: 'wrong', says: '3 flows are overdue.', detail: 'payments owes 3. The cause: paused. Every service keeps up.' });
    expect(say({ overdue: 1 }).says).toBe('1 flow is overdue.');
  });
  test('nothing overdue is not all quiet where a service is in trouble', () => {
    expect(say({}, [], [service({ dead: 4 })])).toMatchObject({ tone: 'watch', says: 'Nothing is overdue.' });
  });
  test('a broken rule is wrong', () => {
    expect(say({}, [incident({ kind: 'violated', reason: 'forbidden' })]).says).toBe('1 rule is broken.');
    expect(say({}, [incident({ kind: 'violated', acknowledged_by: 'ada' })]).tone).toBe('quiet');
  });
  test('a journal that cannot be written is worse than all', () => {
    expect(say({ overdue: 3 }, [], [], { journal_error: 'no space' }).says).toBe('The broker cannot write its journal.');
  });
  test('what is not known is not called quiet', () => {
    expect(say(undefined).tone).toBe('unknown');
    expect(say({ caught_up: false }).says).toBe('The tracker is catching up.');
  });
});

describe('troubles', () => {
  test('are the open incidents, the worst and then the oldest first, the quieted last', () => {
    const list = troubles(
      [incident({ id: 'new', first_at: '2026-03-02T10:00:30Z' }), incident({ id: 'old' }), incident({ id: 'acked', acknowledged_by: 'ada' }), incident({ id: 'critical', severity: 'critical', first_at: '2026-03-02T10:00:40Z' }), incident({ id: 'done', state: 'resolved' })],
      [],
      now,
    );
    expect(list.map((one) => one.key)).toEqual(['critical', 'old', 'new', 'acked']);
  });
  test('what is overdue and in no incident has a line all the same, one for an edge', () => {
    const overdue = [order(60_000, [{ kind: 'lost' }]), { ...order(60_000, [{ kind: 'lost' }]), correlationid: 'order-2' }];
    expect(troubles([], overdue, now)).toMatchObject([{ missing: 'payment.captured or payment.declined', owner: 'payments', count: 2, flows: ['order-1', 'order-2'] }]);
    expect(troubles([incident()], overdue, now)).toHaveLength(1);
  });
  test('who owes most stands first', () => {
    expect(whoOwes(troubles([incident({ id: 'a', owner: 'shipping', open: 1 }), incident({ id: 'b', open: 5 }), incident({ id: 'c', owner: '', open: 2 })], [], now))).toBe('payments owes 5, nobody named 2, shipping 1');
  });
  test('a snooze is over when its time is', () => {
    const snoozed = (until: string) => troubles([incident({ snoozed_until: until, snoozed_by: 'ada' })], [], now)[0]!.quieted;
    expect(snoozed('2026-03-02T10:02:00Z')).toBe('snoozed by ada');
    expect(snoozed('2026-03-02T10:00:30Z')).toBe('');
  });
});

const refused = { name: 'database', instances: 3, failed: 2, failing: [{ instance: 'a', host: 'h', pid: 1, since: '2026-03-02T10:00:20Z', reason: 'connection refused' }] };
const disk = { name: 'disk', instances: 3, failed: 0, failing: [] };

describe('services', () => {
  test('a check that fails is a trouble, with its reason, and others are counted', () => {
    const says = (checks: Service['checks'], more: Partial<Service> = {}) => serviceLine(service({ checks, ...more }), now);
    expect(says([disk])).toMatchObject({ health: 'fine', says: 'keeping up' });
    expect(says([refused, disk])).toMatchObject({ health: 'check_failed', says: 'check database fails for 40 s on 2 of 3 instances: connection refused' });
    expect(says([refused, { ...refused, name: 'cache' }], { waiting: 1 }).says).toBe('check database fails for 40 s on 2 of 3 instances: connection refused (and 1 other check); 1 event waits');
    expect(says([{ name: 'disk', instances: 1, failed: 1, failing: [] }]).says).toBe('check disk fails: no reason was given');
    expect(say({}, [], [service({ checks: [refused] })]).tone).toBe('watch');
  });
  const health = (changes: Partial<Service>) => serviceLine(service(changes), now).health;
  test('waiting a moment is no backlog, waiting long is one', () => {
    const oldest = (ms: number) => ({ waiting: 3, oldest_unsettled: new Date(now - ms).toISOString() });
    expect(health(oldest(backlog_ms - 1000))).toBe('fine');
    expect(health(oldest(backlog_ms + 1000))).toBe('backlog');
  });
  test('paused, silent and failing are told apart', () => {
    expect(health({ paused_until: 'forever', instances: [] })).toBe('paused');
    expect(health({ instances: [] })).toBe('silent');
    expect(health({ dead: 1 })).toBe('failing');
  });
  test('say what waits', () => {
    expect(serviceLine(service({ paused_until: 'forever', paused_by: 'ada', waiting: 1 }), now).says).toBe('paused by ada until somebody resumes it; 1 event waits');
    expect(serviceLine(service({ paused_until: '2026-03-02T10:02:00Z' }), now).says).toBe('paused for another 1 min');
    expect(serviceLine(service(), now).says).toBe('keeping up');
  });
});

describe('causes', () => {
  test('are the tracker’s own sentence, or that it is not known', () => {
    expect(causeSentence(cause)).toBe('payments is paused by ada.');
    expect(causeSentence(undefined)).toBe('Why is not known yet.');
    expect(causeSentence({ ...cause, kind: 'unknown' })).toBe('Why is not known yet.');
  });
  test('are mended by a command where one does', () => {
    expect(mendOf(cause)?.command).toEqual({ service: 'payments', resume: {} });
    expect(mendOf({ ...cause, kind: 'dead_lettered' })?.command).toEqual({ service: 'payments', redrive: { offsets: [7] } });
    expect(mendOf({ ...cause, kind: 'retrying' })?.command).toEqual({ service: 'payments', retry_now: { offsets: [7] } });
    expect(mendOf({ ...cause, kind: 'service_offline' })).toBeUndefined();
  });
});
