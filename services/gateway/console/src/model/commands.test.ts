import { describe, expect, test } from 'vitest';
import { aboutOffsets, careOutcome, failureText, offsets_max, outcomeOf, pausing, replaying, snoozing, steppingReplay, waiving } from './commands';

const item = (service: string, offset: number) => ({ service, offset, label: `${service} ${offset}` });

describe('what is asked before it is done', () => {
  test('the count stands first, in the title and on the button', () => {
    const intention = aboutOffsets('redrive', [item('payments', 1), item('payments', 9)]);
    expect(intention.title).toBe('Redrive: 2 dead letters to payments');
    expect(intention.verb).toBe('Redrive 2 dead letters');
    expect(intention.commands).toEqual([{ service: 'payments', redrive: { offsets: [1, 9] } }]);
  });
  test('letters of several services become a command each', () => {
    const intention = aboutOffsets('discard', [item('a', 1), item('b', 2), item('a', 3)]);
    expect(intention.grave).toBe(true);
    expect(intention.commands).toEqual([
      { service: 'a', discard: { offsets: [1, 3] } },
      { service: 'b', discard: { offsets: [2] } },
    ]);
  });
  test('many letters are cut into requests of a bounded size, and none is lost', () => {
    const items = Array.from({ length: 2 * offsets_max + 1 }, (_, i) => item('a', i));
    const { commands } = aboutOffsets('redrive', items);
    expect(commands.map((command) => command.redrive?.offsets?.length)).toEqual([offsets_max, offsets_max, 1]);
  });
  test('no more than a few examples are shown', () => {
    expect(aboutOffsets('retry_now', Array.from({ length: 50 }, (_, i) => item('a', i))).examples).toHaveLength(5);
  });
  test('a pause says what waits', () => {
    expect(pausing('payments', 312, null).consequence).toContain('312 events wait for it now');
    expect(pausing('payments', 1, null).consequence).toContain('1 event waits');
  });
  test('a replay says how much of the journal is looked at', () => {
    const intention = replaying({ service: 'invoicing', from: 100, to: 350, patterns: ['order.*'], flow: '', when: '', speed: 0, step: false });
    expect(intention.verb).toBe('Replay up to 250 records');
    expect(intention.commands[0]?.replay).toMatchObject({ from_offset: 100, to_offset: 350, patterns: ['order.*'] });
  });
  test('a replay of some events says which, and that it stops at each', () => {
    const intention = replaying({ service: 'invoicing', from: 100, to: 350, patterns: [], flow: '', when: '{"subject": ["vip"]}', speed: 0, step: true });
    expect(intention.consequence).toContain('where {"subject": ["vip"]}');
    expect(intention.consequence).toContain('stops at each event');
    expect(intention.commands[0]?.replay).toMatchObject({ when: '{"subject": ["vip"]}', stepping: true });
    expect(steppingReplay('invoicing', 7, 120, 1).commands).toEqual([{ service: 'invoicing', step_replay: { id: 7, events: 1 } }]);
    expect(steppingReplay('invoicing', 7, 120, 0).verb).toBe('Hand over all that are left');
  });
  test('what a person says of an incident or a flow goes to the tracker', () => {
    expect(snoozing('i1', '2026-03-02T11:00:00Z', '1 h').care).toEqual({ snooze: { incident: 'i1', until: '2026-03-02T11:00:00Z' } });
    expect(waiving('order-7', 2).care).toEqual({ waive: { correlationid: 'order-7' } });
  });
});

describe('what the answer says', () => {
  test('what was left out is told', () => {
    const outcome = outcomeOf([
      { offset: 1, count: 3, left_out: ['offset 9 is no dead letter'], resumed: 0 },
      { offset: 2, count: 4, left_out: [], resumed: 2 },
    ]);
    expect(outcome).toEqual({ sentence: 'Done for 7. 2 events parked behind went on.', left_out: ['offset 9 is no dead letter'] });
  });
  test('nothing is nothing', () => {
    expect(outcomeOf([{ offset: 0, count: 0, left_out: [], resumed: 0 }]).sentence).toBe('Nothing was changed.');
    expect(careOutcome({ event_id: 'x', count: 1 }, waiving('f', 1).care!).sentence).toBe('1 follow-up waived.');
  });
  test('a failure says what was done before it, and whether it may be done itself', () => {
    expect(failureText('no such letter', true, [])).toBe('Not done: no such letter');
    expect(failureText('no answer', true, [{ offset: 9, count: 1000, left_out: [], resumed: 0 }])).toBe('Done for 1000. Then: Not done: no answer');
    expect(failureText('no answer', false, [])).toBe('It may be done all the same, look before you ask again: no answer');
  });
});
