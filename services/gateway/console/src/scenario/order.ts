// One order's flow through the shop up to a moment: its events, what became of each delivery, and the verdicts. What the
// tracker and the broker would say of it, worked out from the order's number, its faults and the outages.
import type { Expectation, Picture, PictureStep, StoryPart, StoryStep } from '../api/types';
import type { Cause } from '../api/types';
import { ruleTopics } from '../model/definition_graph';
import { countText, millis, type Millis } from '../model/time';
import { random } from './random';
import type { FaultKind, Outage } from './scenario';
import { definitions, reactions, routes } from './shop';

export interface Trouble {
  kind: FaultKind | Outage['kind'];
  service: string;
  /** Of an outage: what comes later waits. */
  since: Millis;
  by: string;
  check?: string;
  error?: string;
  /** When a person redrove it, resumed the service, or waived it. */
  mended?: { at: Millis; by: string; note: string } | undefined;
}

export interface OrderInput {
  id: string;
  number: number;
  seed: number;
  placed: Millis;
  first_offset: number;
  troubles: Trouble[];
  waived: boolean;
}

export const attempts = 8;

export function timeText(time: Millis): string {
  const whole = Math.floor(time);
  const nanos = Math.round((time - whole) * 1e6);
  return new Date(whole).toISOString().replace('Z', String(nanos).padStart(6, '0') + 'Z');
}

export function orderPicture(input: OrderInput, now: Millis): Picture {
  const steps = new Playing(input, now).play();
  const expectations = judge(steps, input, now);
  const overdue = expectations.filter((one) => one.verdict === 'overdue');
  const open = expectations.some((one) => one.verdict === 'waiting' && one.after !== '');
  const first = steps[0]!;
  const last = steps[steps.length - 1]!;
  return {
    correlationid: input.id,
    state: overdue.length > 0 ? 'overdue' : open ? 'open' : 'completed',
    definitions: [...new Set(expectations.map((one) => one.definition))],
    first_topic: first.type,
    last_topic: last.type,
    started_at: first.recordedtime,
    last_at: last.recordedtime,
    events: steps.length,
    overdue,
    ends: steps.some((step) => step.type === 'order.cancelled') ? ['order.cancelled'] : [],
    watermark: timeText(now),
    steps,
    expectations,
    next: 0,
    longest: longestOf(steps),
    clocks: [],
  };
}

class Playing {
  private readonly roll: () => number;
  private readonly steps: PictureStep[] = [];
  private readonly open: PictureStep[] = [];

  constructor(
    private readonly input: OrderInput,
    private readonly now: Millis,
  ) {
    this.roll = random(input.seed * 1_000_003 + input.number);
  }

  play(): PictureStep[] {
    this.publish('order.placed', 'orders/1', this.input.placed, undefined);
    while (this.open.length > 0) {
      this.open.sort((a, b) => millis(a.recordedtime)! - millis(b.recordedtime)!);
      this.react(this.open.shift()!);
    }
    this.steps.sort((a, b) => millis(a.recordedtime)! - millis(b.recordedtime)!);
    this.steps.forEach((step, i) => (step.reeloffset = this.input.first_offset + i * 2));
    return this.steps;
  }

  private between(from: number, to: number): number {
    return from + this.roll() * (to - from);
  }

  private publish(topic: string, source: string, at: Millis, cause: PictureStep | undefined): PictureStep | undefined {
    if (at > this.now) return undefined;
    const step: PictureStep = {
      reeloffset: 0,
      recordedtime: timeText(at),
      id: `${this.input.id}:${topic}`,
      type: topic,
      source,
      time: timeText(at - 0.2),
      services: [],
      ...(cause ? { causationid: cause.id } : {}),
    };
    this.steps.push(step);
    this.open.push(step);
    return step;
  }

  private react(step: PictureStep): void {
    const at = millis(step.recordedtime)!;
    for (const route of routes) {
      if (route.from !== step.type) continue;
      const derived = this.publish(route.to, 'reel-broker', at, step);
      if (derived) derived.gap = { total_ms: 0 };
    }
    for (const reaction of reactions) {
      if (reaction.on === step.type) this.deliver(step, at, reaction.service, reaction.publishes);
    }
  }

  private troubleOf(service: string): Trouble | undefined {
    return this.input.troubles.find((trouble) => trouble.service === service);
  }

  private deliver(step: PictureStep, accepted: Millis, service: string, publishes: string | undefined): void {
    const part: StoryPart = { service, matched: true, state: 'waiting', steps: [] };
    step.services!.push(part);
    const instance = `${service}-${1 + Math.floor(this.roll() * 2)}`;
    const trouble = this.troubleOf(service);
    let handed = accepted + this.between(0.5, 4.5);
    const first = handed;
    let attempt = 1;
    const say = (what: StoryStep['what'], at: Millis, more: Partial<StoryStep> = {}) => {
      if (at <= this.now) part.steps.push({ what, time: timeText(at), record: 0, ...more });
    };
    if (trouble && (trouble.kind === 'paused' || trouble.kind === 'offline') && accepted > trouble.since) {
      if (!trouble.mended) return;
      handed = trouble.mended.at + this.between(1, 4);
    }
    if (trouble && ['dead', 'retrying', 'once'].includes(trouble.kind)) {
      const fails = trouble.kind === 'dead' ? attempts : trouble.kind === 'retrying' ? 3 : 1;
      const error = errors[service] ?? errors.payments!;
      for (; attempt <= fails; ++attempt) {
        const took = this.between(0.8, 3);
        const wait = [100, 1000, 2000][Math.min(attempt - 1, 2)]!;
        const last = attempt === fails && trouble.kind === 'dead';
        say('delivered', handed, { instance, attempt });
        const again = last ? {} : { retry_at: timeText(handed + took + wait) };
        say(last ? 'dead' : 'nacked', handed + took, { instance, attempt, ...error, ...again });
        if (handed + took <= this.now) {
          part.state = last ? 'dead' : 'retrying';
          if (last) part.settled_at = timeText(handed + took);
        }
        handed += took + wait;
      }
      if (trouble.kind === 'retrying' && !trouble.mended) return;
      if (trouble.kind === 'dead') {
        if (!trouble.mended) return;
        say('redriven', trouble.mended.at, { by: trouble.mended.by, note: trouble.mended.note });
        handed = trouble.mended.at + 2;
        attempt = 1;
      } else if (trouble.mended) {
        handed = Math.max(handed - 2000, trouble.mended.at + 1);
      }
    }
    say('delivered', handed, { instance, attempt });
    if (handed <= this.now) part.state = 'in_flight';
    if (trouble?.kind === 'check' && accepted > trouble.since) return;
    const handling = trouble?.kind === 'late' ? 12_000 : this.between(0.3, 2.5);
    const publishing = this.between(0.2, 1.2);
    const acked = handed + handling + publishing;
    say('acked', acked, { instance, attempt });
    if (acked <= this.now) {
      part.state = 'acked';
      part.settled_at = timeText(acked);
    }
    const topic = this.effectOf(trouble, publishes);
    if (!topic) return;
    const effect = this.publish(topic, `${service}/${instance}`, acked, step);
    if (effect) {
      effect.gap = {
        total_ms: acked - accepted,
        wait_ms: first - accepted,
        retries_ms: handed - first,
        handling_ms: handling,
        publishing_ms: publishing,
      };
    }
  }

  private effectOf(trouble: Trouble | undefined, publishes: string | undefined): string | undefined {
    if (trouble?.kind === 'lost') return undefined;
    if (trouble?.kind === 'declined' && publishes === 'payment.captured') return 'payment.declined';
    if (trouble?.kind === 'sold_out' && publishes === 'stock.reserved') return 'stock.unavailable';
    return publishes;
  }
}

export const errors: Record<string, { error_type: string; error: string }> = {
  payments: { error_type: 'shop::CardReaderError', error: "card reader 3 did not answer within 250 ms for 'c-1041'" },
  inventory: { error_type: 'std::runtime_error', error: 'inventory failed on purpose' },
  shipping: { error_type: 'carrier::Refused', error: 'the carrier has no label for zone <b>7</b>' },
  invoicing: { error_type: 'std::bad_alloc', error: 'std::bad_alloc' },
};

function judge(steps: PictureStep[], input: OrderInput, now: Millis): Expectation[] {
  const all: Expectation[] = [];
  for (const definition of definitions) {
    if (definition.start && !steps.some((step) => step.type === definition.start)) continue;
    for (const rule of definition.expectations) {
      for (const arming of steps.filter((step) => step.type === rule.after)) {
        const armed = millis(arming.recordedtime)!;
        const expected = ruleTopics(rule);
        const came = expected.map((topic) => steps.find((step) => step.type === topic && step.reeloffset > arming.reeloffset));
        const any_of = rule.any_of.length > 0;
        const missing = any_of ? (came.some(Boolean) ? [] : expected) : expected.filter((_, i) => !came[i]);
        const times = came.flatMap((step) => (step ? [millis(step.recordedtime)!] : []));
        const settled = missing.length > 0 ? undefined : any_of ? Math.min(...times) : Math.max(...times);
        const deadline = armed + (rule.within_ms ?? 0);
        const overdue = settled === undefined && now > deadline;
        const verdict = settled !== undefined ? (settled > deadline ? 'met_late' : 'met') : overdue ? (input.waived ? 'waived' : 'overdue') : 'waiting';
        all.push({
          definition: definition.name,
          after: rule.after,
          expected,
          any_of,
          missing,
          owner: rule.owner,
          verdict,
          armed_at: arming.recordedtime,
          deadline: timeText(deadline),
          ...(settled !== undefined ? { settled_at: timeText(settled) } : {}),
          after_id: arming.id,
          after_offset: arming.reeloffset,
          ...(verdict === 'waiting' && input.troubles.some((one) => one.kind === 'lost' && one.service === rule.owner) ? { impossible: true } : {}),
          severity: rule.severity,
        });
      }
    }
  }
  return all;
}

function longestOf(steps: readonly PictureStep[]): Picture['longest'] {
  let longest: Picture['longest'] = null;
  for (const step of steps) {
    const gap = step.gap;
    if (!gap || gap.wait_ms === undefined) continue;
    for (const part of ['wait', 'retries', 'handling', 'publishing'] as const) {
      const ms = gap[`${part}_ms`] ?? 0;
      if (ms > (longest?.ms ?? 0)) longest = { id: step.id, part, ms };
    }
  }
  return longest;
}

/** Why something of an order is missing: the first trouble of who owes it. */
export function causeOf(expectation: Expectation, picture: Picture, input: OrderInput, now: Millis): Cause {
  const service = expectation.owner;
  const trouble = input.troubles.find((one) => one.service === service);
  const arming = picture.steps.find((step) => step.id === expectation.after_id);
  const part = arming?.services?.find((one) => one.service === service);
  const failed = part?.steps.filter((step) => step.error).at(-1);
  const cause: Cause = {
    kind: 'in_handler',
    sentence: `${service} has ${expectation.after} in its handler`,
    service,
    instance: part?.steps[0]?.instance ?? '',
    since: part?.steps[0]?.time ?? null,
    until: null,
    by: '',
    attempt: failed?.attempt ?? 0,
    attempts,
    error_type: failed?.error_type ?? '',
    error: failed?.error ?? '',
    waiting: 0,
    topic: expectation.after,
    id: expectation.after_id ?? '',
    offset: expectation.after_offset ?? 0,
    correlationid: '',
    commands: [],
    check: '',
  };
  if (!part) return { ...cause, kind: 'backlog', sentence: `${service} has not come to ${expectation.after} yet` };
  switch (part.state === 'dead' ? 'dead' : trouble?.kind) {
    case 'dead':
      return { ...cause, kind: 'dead_lettered', sentence: `${service} failed ${attempts} times to handle ${expectation.after}, the last time with "${failed?.error}": it is a dead letter`, commands: [`reel dead redrive --service ${service} --offset ${cause.offset}`] };
    case 'retrying':
      return { ...cause, kind: 'retrying', sentence: `${service} failed to handle ${expectation.after}, attempt ${cause.attempt} of ${attempts}, and tries again`, commands: [`reel retries now --service ${service} --offset ${cause.offset}`] };
    case 'paused':
      return { ...cause, kind: 'paused', by: trouble!.by, sentence: `${service} is paused by ${trouble!.by} until somebody resumes it, and ${expectation.after} waits for it`, commands: [`reel resume ${service}`] };
    case 'offline':
      return { ...cause, kind: 'service_offline', since: timeText(trouble!.since), sentence: `no instance of ${service} is connected, and ${expectation.after} waits for one`, commands: [`reel services ${service}`] };
    case 'check':
      return { ...cause, kind: 'check_failed', check: trouble!.check!, error: trouble!.error!, since: timeText(trouble!.since), sentence: `check '${trouble!.check}' of ${service} has failed for ${countText(now - trouble!.since)} on 1 of 2 instances (${trouble!.error}), and ${service} has had ${expectation.after} in its hands without an answer`, commands: [`reel services`] };
    case 'lost':
      return { ...cause, kind: 'handled_but_silent', sentence: `${service} has handled ${expectation.after} and published nothing`, commands: [`reel event --offset ${cause.offset}`] };
    default:
      return { ...cause, since: timeText(now) };
  }
}
