// The shop of a scenario as a whole: its orders, services and letters at a moment of a clock of its own, and what changes
// when a person redrives, resumes or waives.
import type { Care, Command, CommandReply, DelayedEvent, FlowSummary, Incident, Letter, Orphan, Picture, RunningReplay, Service, Topic } from '../api/types';
import { edgeKey } from '../model/incidents';
import { millis, rfc3339, type Millis } from '../model/time';
import { longPicture } from './long_flow';
import { causeOf, orderPicture, timeText, type OrderInput, type Trouble } from './order';
import type { Scenario } from './scenario';
import { subscriptions, topics } from './shop';

/** Between two orders' first events: an order has some twenty records. */
const offsets_per_order = 40;

export class World {
  now: Millis;
  gone: Scenario['gone'];
  private readonly orders: OrderInput[] = [];
  private readonly pictures = new Map<string, { picture: Picture; version: number }>();
  private readonly discarded = new Set<number>();
  private readonly acknowledged = new Map<string, { by: string; reason: string; at: Millis }>();
  private readonly snoozed = new Map<string, { by: string; reason: string; until: string }>();
  private readonly paused = new Map<string, { by: string; until: string | null }>();
  private readonly offline = new Set<string>();
  private version = 0;
  private readonly worked_out = new Map<string, { version: number; value: unknown }>();
  private next_command = 5_000_000;
  private running: RunningReplay[] = [];
  private waiting_events: DelayedEvent[] = [];

  constructor(readonly scenario: Scenario) {
    this.now = millis(scenario.now)!;
    for (const outage of scenario.outages) {
      if (outage.kind === 'paused') this.paused.set(outage.service, { by: outage.by ?? '', until: 'forever' });
      else if (outage.kind === 'offline') this.offline.add(outage.service);
    }
    for (let i = 1; i <= scenario.orders; ++i) this.orders.push(this.order(i));
    if (scenario.replay) {
      const stepping = this.replayOf('payments', 'ben@desk', 40_000, 41_000, 40_720);
      this.running = [
        this.replayOf('invoicing', 'ada@desk', 1_000, 41_000, 18_500),
        { ...stepping, awaits_step: true, replay: { ...stepping.replay!, id: stepping.replay!.id + 1, stepping: true, when: '{"data": {"currency": ["CHF"]}}' } },
      ];
    }
    this.waiting_events = Array.from({ length: scenario.delayed ?? 0 }, (_, i) => this.delayedEvent(i));
  }

  private order(number: number): OrderInput {
    const { scenario } = this;
    const placed = this.now - (scenario.orders - number) * scenario.every_ms - 400;
    const troubles: Trouble[] = [];
    for (const fault of scenario.faults) {
      const hit = fault.every ? number >= fault.order && (number - fault.order) % fault.every === 0 : number === fault.order;
      if (hit) troubles.push({ kind: fault.kind, service: fault.service, since: 0, by: '' });
    }
    for (const outage of scenario.outages) {
      troubles.push({ kind: outage.kind, service: outage.service, since: this.now - outage.since_ms, by: outage.by ?? '', check: outage.check ?? '', error: outage.reason ?? '' });
    }
    return { id: `order-${number}`, number, seed: scenario.seed, placed, first_offset: 1_000 + number * offsets_per_order, troubles, waived: false };
  }

  get end_offset(): number {
    return 1_000 + (this.orders.length + 1) * offsets_per_order + this.version;
  }

  /** Time goes on; flows stand where they stand then. */
  advance(ms: number): void {
    this.now += ms;
    ++this.version;
  }

  picture(id: string): Picture | undefined {
    if (id === 'batch-1' && this.scenario.long_flow) return this.cached(id, () => longPicture(id, this.scenario.long_flow!, this.now));
    const input = this.orders[Number(/^order-(\d+)$/.exec(id)?.[1] ?? 0) - 1];
    return input ? this.cached(id, () => this.withImportance(orderPicture(input, this.now))) : undefined;
  }

  private withImportance(picture: Picture): Picture {
    for (const step of picture.steps) if (this.isLow(step.type)) step.low_importance = true;
    return picture;
  }

  private isLow(topic: string): boolean {
    return this.scenario.low?.includes(topic) ?? false;
  }

  private cached(id: string, make: () => Picture): Picture {
    const kept = this.pictures.get(id);
    if (kept?.version === this.version) return kept.picture;
    const picture = make();
    this.pictures.set(id, { picture, version: this.version });
    return picture;
  }

  /** Ten thousand flows are walked over once for each moment, not for each question. */
  private once<Value>(name: string, make: () => Value): Value {
    const kept = this.worked_out.get(name);
    if (kept?.version === this.version) return kept.value as Value;
    const value = make();
    this.worked_out.set(name, { version: this.version, value });
    return value;
  }

  private inputOf(id: string): OrderInput | undefined {
    return this.orders.find((order) => order.id === id);
  }

  /** The newest first. */
  *all(): Generator<Picture> {
    if (this.scenario.long_flow) yield this.picture('batch-1')!;
    for (let i = this.orders.length - 1; i >= 0; --i) yield this.picture(this.orders[i]!.id)!;
  }

  summaries(): FlowSummary[] {
    return this.once('summaries', () =>
      [...this.all()].map(({ watermark: _w, steps: _s, expectations: _e, longest: _l, clocks: _c, next: _n, ...summary }) => summary),
    );
  }

  cause(picture: Picture, expectation: Picture['expectations'][number]) {
    const input = this.inputOf(picture.correlationid);
    return input ? causeOf(expectation, picture, input, this.now) : undefined;
  }

  incidents(): Incident[] {
    return this.once('incidents', () => this.findIncidents());
  }

  private findIncidents(): Incident[] {
    const found = new Map<string, Incident>();
    for (const picture of this.all()) {
      for (const expectation of picture.overdue) {
        const cause = this.cause(picture, expectation);
        const key = `${edgeKey(expectation)} ${cause?.kind}`;
        const incident = found.get(key) ?? this.incidentOf(found.size + 1, expectation, cause);
        found.set(key, incident);
        incident.count += 1;
        incident.open += 1;
        if (incident.correlationids.length < 10) incident.correlationids.push(picture.correlationid);
        const deadline = expectation.deadline!;
        if (!incident.first_at || deadline < incident.first_at) incident.first_at = deadline;
        if (!incident.last_at || deadline > incident.last_at) incident.last_at = deadline;
      }
    }
    return [...found.values()];
  }

  private incidentOf(number: number, expectation: Picture['expectations'][number], cause: Incident['cause']): Incident {
    const id = `inc-${(number * 2_654_435_761 % 4_294_967_296).toString(16).padStart(8, '0')}`;
    const acknowledged = this.acknowledged.get(id);
    const snoozed = this.snoozed.get(id);
    return {
      id,
      state: 'open',
      kind: 'overdue',
      definition: expectation.definition,
      after: expectation.after,
      missing: expectation.missing,
      any_of: expectation.any_of,
      owner: expectation.owner,
      severity: expectation.severity ?? '',
      runbook: expectation.severity === 'critical' ? 'https://wiki.example/runbooks/payments' : '',
      ...(cause ? { cause } : {}),
      reason: '',
      first_at: null,
      last_at: null,
      resolved_at: null,
      count: 0,
      open: 0,
      correlationids: [],
      acknowledged_by: acknowledged?.by ?? '',
      acknowledged_reason: acknowledged?.reason ?? '',
      acknowledged_at: acknowledged ? timeText(acknowledged.at) : null,
      snoozed_until: snoozed?.until ?? null,
      snoozed_by: snoozed?.by ?? '',
      snoozed_reason: snoozed?.reason ?? '',
    };
  }

  resolvedIncidents(): Incident[] {
    const list = Array.from({ length: this.scenario.resolved_incidents ?? 0 }, (_, i): Incident => {
      const from = this.now - (i + 1) * 3_600_000;
      return {
        ...this.incidentOf(900 + i, { definition: 'order-fulfilment', after: 'stock.reserved', expected: ['shipment.dispatched'], any_of: true, missing: ['shipment.dispatched'], owner: 'shipping', verdict: 'overdue', armed_at: null }, undefined),
        state: 'resolved',
        first_at: timeText(from),
        last_at: timeText(from + 300_000),
        resolved_at: timeText(from + 420_000),
        count: 12 + i * 7,
      };
    });
    return list;
  }

  letters(state: 'dead' | 'retrying'): Letter[] {
    return this.once(state, () => this.findLetters(state));
  }

  private findLetters(state: 'dead' | 'retrying'): Letter[] {
    const letters: Letter[] = [];
    for (const picture of this.all()) {
      for (const step of picture.steps) {
        for (const part of step.services ?? []) {
          if (part.state !== state || this.discarded.has(step.reeloffset)) continue;
          const failed = part.steps.filter((one) => one.error_type);
          const last = failed.at(-1);
          if (!last) continue;
          letters.push({
            service: part.service,
            failure: {
              offset: step.reeloffset,
              ending: state === 'dead' ? 'dead' : 'nacked',
              attempt: last.attempt ?? 1,
              error_type: last.error_type ?? '',
              error: last.error ?? '',
              retry_at: last.retry_at ?? null,
              first_failed_at: failed[0]!.time,
              failed_at: last.time,
              losses: 0,
              key_hash: '0',
              origin: 0,
            },
            topic: step.type,
            id: step.id,
            correlationid: picture.correlationid,
            failed_at: last.time,
            event: { ...this.event(step.reeloffset)! },
            source: step.source,
            dataschema: topics[step.type]?.type ?? '',
            recordedtime: step.recordedtime,
          });
        }
      }
    }
    return letters.sort((a, b) => a.service.localeCompare(b.service) || a.failure!.offset - b.failure!.offset);
  }

  event(offset: number): (Record<string, unknown> & { id: string; source: string; type: string }) | undefined {
    const batch = offset >= 90_000 && this.scenario.long_flow;
    const picture = batch ? this.picture('batch-1') : this.picture(`order-${Math.floor((offset - 1_000) / offsets_per_order)}`);
    const step = picture?.steps.find((one) => one.reeloffset === offset);
    if (!picture || !step) return undefined;
    return {
      specversion: '1.0',
      id: step.id,
      source: step.source,
      type: step.type,
      time: step.time,
      datacontenttype: 'application/protobuf',
      dataschema: topics[step.type]?.type ?? '',
      correlationid: picture.correlationid,
      ...(step.causationid ? { causationid: step.causationid } : {}),
      reeloffset: String(offset),
      recordedtime: step.recordedtime,
      data: {
        orderId: picture.correlationid,
        customer: `c-${1000 + (offset % 97)}`,
        totalCents: String(1200 + (offset % 89) * 100),
        note: offset % 7 === 0 ? '<img src=x onerror=alert(1)>' : 'leave at the door',
        lines: [
          { sku: 'lamp', quantity: 1, unitCents: '4200' },
          { sku: 'bulb', quantity: 4, unitCents: '250' },
        ],
      },
    };
  }

  topicList(): Topic[] {
    return this.once('topics', () => this.findTopicList());
  }

  private findTopicList(): Topic[] {
    const counts = new Map<string, number>();
    for (const picture of this.all()) for (const step of picture.steps) counts.set(step.type, (counts.get(step.type) ?? 0) + 1);
    return Object.entries(topics).map(([topic, { type, durable }]) => {
      const published = durable === false ? 48_211 : (counts.get(topic) ?? 0);
      const services = durable === false ? [] : Object.keys(subscriptions).filter((service) => subscriptions[service]!.includes(topic));
      return { topic, type, durable: durable !== false, published, unrouted: services.length === 0 ? published : 0, refused: topic === 'payment.captured' ? 2 : 0, services, newest_offset: published, low_importance: this.isLow(topic) };
    });
  }

  serviceList(): Service[] {
    return this.once('services', () => this.findServiceList());
  }

  private findServiceList(): Service[] {
    const list = Object.keys(subscriptions).map((service) => this.service(service));
    return [...list, { ...this.service('reel.tracker'), patterns: ['>'] }];
  }

  private service(service: string): Service {
    const state = { waiting: 0, in_flight: 0, retrying: 0, dead: 0, acked: 0, nacked: 0, oldest: undefined as string | undefined };
    for (const picture of this.all()) {
      for (const step of picture.steps) {
        for (const part of step.services ?? []) {
          if (part.service !== service) continue;
          if (part.state === 'acked') ++state.acked;
          else if (part.state === 'dead') state.dead += this.discarded.has(step.reeloffset) ? 0 : 1;
          else {
            ++state.waiting;
            if (part.state === 'retrying') ++state.retrying;
            if (part.state === 'in_flight') ++state.in_flight;
            if (!state.oldest || step.recordedtime < state.oldest) state.oldest = step.recordedtime;
          }
          state.nacked += part.steps.filter((one) => one.what === 'nacked').length;
        }
      }
    }
    const paused = this.paused.get(service);
    const patterns = subscriptions[service] ?? [];
    const { oldest, ...counts } = state;
    return {
      service,
      patterns,
      instances: this.offline.has(service)
        ? []
        : [1, 2].map((i) => ({ instance: `${service}-${i}`, host: `shop-${i}`, pid: 4_100 + i, last_beat: timeText(this.now - 180 * i), in_flight: i === 1 ? counts.in_flight : 0 })),
      behind: counts.waiting > 200,
      next_offset: this.end_offset,
      oldest_unsettled: oldest ?? null,
      paused_until: paused ? paused.until : null,
      paused_by: paused?.by ?? '',
      parked: 0,
      expired: 0,
      filters: patterns.map((pattern) => ({ pattern, from_offset: 0, begins: [], when: '' })),
      ephemeral: false,
      drained_in_ms: 0,
      checks: this.checks(service),
      ...counts,
    };
  }

  /** On the first of the service's two instances: it has what is in hand. */
  private checks(service: string): Service['checks'] {
    const began = millis(this.scenario.now)!;
    return this.scenario.outages
      .filter((outage) => outage.kind === 'check' && outage.service === service)
      .flatMap((outage) => [
        {
          name: outage.check!,
          instances: 2,
          failed: 1,
          failing: [{ instance: `${service}-1`, host: 'shop-1', pid: 4_101, since: timeText(began - outage.since_ms), reason: outage.reason! }],
        },
        { name: 'disk', instances: 2, failed: 0, failing: [] },
      ]);
  }

  delayed(): DelayedEvent[] {
    return this.waiting_events;
  }

  private delayedEvent(i: number): DelayedEvent {
    return {
      offset: 700 + i,
      due: timeText(this.now + (i + 1) * 437_000),
      topic: 'customer.notified',
      id: `reminder-${i + 1}`,
      correlationid: `order-${i + 1}`,
      source: 'notifications/notifications-1',
      dataschema: 'shop.v1.CustomerNotified',
      event: null,
    };
  }

  orphans(): Orphan[] {
    return Array.from({ length: this.scenario.orphans ?? 0 }, (_, i) => this.orphan(i));
  }

  private orphan(i: number): Orphan {
    const by = (['cause', 'key', 'subject', 'unknown'] as const)[i % 4]!;
    return {
      offset: 900 - i,
      recordedtime: timeText(this.now - (i + 1) * 41_000),
      id: `invoice-${i + 1}`,
      topic: 'invoice.issued',
      source: 'invoicing/invoicing-1',
      correlationid: `invoice-${i + 1}`,
      causationid: by === 'cause' ? `order-${i + 1}-1` : '',
      partitionkey: by === 'key' ? `cart-${i + 1}` : '',
      subject: by === 'subject' ? `customer-${i + 1}` : '',
      lost: 'flow',
      likely_flow: by === 'unknown' ? '' : `order-${i + 1}`,
      likely_by: by,
    };
  }

  replays(): RunningReplay[] {
    return this.running;
  }

  private replayOf(service: string, by: string, from: number, to: number, next: number): RunningReplay {
    return {
      service,
      by,
      replay: { id: this.next_command, from_offset: from, to_offset: to, patterns: [], correlationid: '', when: '', speed: 0, stepping: false, steps: 0, next_offset: next, redelivered: Math.floor((next - from) / 9), done: false },
      waiting: 31,
      awaits_step: false,
    };
  }

  command(command: Command & { by: string; note: string }): CommandReply {
    const offset = ++this.next_command;
    this.advance(60);
    const reply = (count: number, left_out: string[] = []): CommandReply => ({ offset, count, left_out, resumed: 0 });
    const mended = { at: this.now, by: command.by, note: command.note };
    const mending = (command.redrive ?? command.retry_now)?.offsets;
    if (mending) return this.mend(mending, command, mended, reply);
    if (command.discard) return this.discard(command.discard.offsets ?? [], reply);
    if (command.give_up) return reply(command.give_up.offsets?.length ?? 0);
    if (command.pause) {
      this.paused.set(command.service, { by: command.by, until: command.pause.until ?? 'forever' });
      return reply(1);
    }
    if (command.resume) return this.resume(command.service, mended, reply);
    if (command.replay) {
      const { from_offset = 0, to_offset = this.end_offset } = command.replay;
      this.running = [...this.running, this.replayOf(command.service, command.by, from_offset, to_offset, from_offset)];
      return reply(1);
    }
    const step = command.step_replay;
    if (step) {
      const goes_on = (replay: NonNullable<RunningReplay['replay']>) => ({ ...replay, stepping: step.events !== 0, next_offset: replay.next_offset + 1, redelivered: replay.redelivered + 1 });
      this.running = this.running.map((one) => (one.replay && one.replay.id === step.id ? { ...one, awaits_step: step.events !== 0, replay: goes_on(one.replay) } : one));
      return reply(1);
    }
    if (command.cancel_replay !== undefined) {
      const before = this.running.length;
      this.running = this.running.filter((one) => one.replay?.id !== command.cancel_replay);
      return reply(before - this.running.length);
    }
    const before = this.waiting_events.length;
    this.waiting_events = this.waiting_events.filter((one) => one.offset !== command.cancel_delayed);
    return reply(before - this.waiting_events.length);
  }

  private mend(offsets: number[], command: Command, mended: Trouble['mended'], reply: (count: number, left_out: string[]) => CommandReply) {
    const left_out: string[] = [];
    let count = 0;
    for (const offset of offsets) {
      const order = this.orders.find((one) => offset >= one.first_offset && offset < one.first_offset + offsets_per_order);
      const trouble = order?.troubles.find((one) => one.service === command.service && !one.mended && ['dead', 'retrying'].includes(one.kind));
      if (!trouble || this.discarded.has(offset)) {
        left_out.push(`offset ${offset} is no ${command.redrive ? 'dead letter' : 'retry'} of ${command.service}`);
        continue;
      }
      trouble.mended = mended;
      ++count;
    }
    this.advance(400);
    return reply(count, left_out);
  }

  private discard(offsets: number[], reply: (count: number, left_out: string[]) => CommandReply) {
    for (const offset of offsets) this.discarded.add(offset);
    this.advance(1);
    return reply(offsets.length, []);
  }

  private resume(service: string, mended: Trouble['mended'], reply: (count: number, left_out: string[]) => CommandReply) {
    const was = this.paused.delete(service);
    for (const order of this.orders) for (const trouble of order.troubles) if (trouble.service === service && trouble.kind === 'paused') trouble.mended = mended;
    this.advance(400);
    return reply(was ? 1 : 0, was ? [] : [`${service} is not paused`]);
  }

  care(care: Record<keyof Care, Record<string, string> | undefined>): { event_id: string; count: number } {
    const event_id = `care-${++this.next_command}`;
    if (care.acknowledge) this.acknowledged.set(care.acknowledge.incident!, { by: care.acknowledge.by!, reason: care.acknowledge.reason!, at: this.now });
    if (care.snooze) this.snoozed.set(care.snooze.incident!, { by: care.snooze.by!, reason: care.snooze.reason!, until: care.snooze.until ?? rfc3339(this.now) });
    const order = care.waive ? this.inputOf(care.waive.correlationid!) : undefined;
    const count = order ? this.picture(order.id)!.overdue.length : 0;
    if (order) order.waived = true;
    this.advance(60);
    return { event_id, count };
  }
}
