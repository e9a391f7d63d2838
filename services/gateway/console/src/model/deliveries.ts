// What became of a delivery, in words, and how it is to be shown.
import type { Picture, StoryPart, StoryStep } from '../api/types';
import { durationText, millis } from './time';

export type Tone = 'good' | 'bad' | 'busy' | 'dim';

const states: Record<string, [string, Tone]> = {
  waiting: ['waits', 'busy'],
  in_flight: ['in hand', 'busy'],
  retrying: ['retrying', 'busy'],
  acked: ['acked', 'good'],
  dead: ['dead letter', 'bad'],
  parked: ['parked', 'busy'],
  expired: ['expired', 'dim'],
  discarded: ['discarded', 'dim'],
  withdrawn: ['no longer wanted', 'dim'],
  doubtful: ['may not want it', 'dim'],
};

export function partWords(part: StoryPart): string {
  return states[part.state]?.[0] ?? part.state;
}

export function partTone(part: StoryPart): Tone {
  return states[part.state]?.[1] ?? 'dim';
}

const open_states = ['waiting', 'in_flight', 'retrying', 'parked'];

/** Whether any delivery of it may still change by itself, as they may after a flow has completed. */
export function hasOpenDeliveries(picture: Pick<Picture, 'steps'>): boolean {
  return picture.steps.some((step) => (step.services ?? []).some((part) => open_states.includes(part.state)));
}

const steps: Record<string, [string, Tone]> = {
  delivered: ['in hand', 'busy'],
  acked: ['acked', 'good'],
  nacked: ['failed', 'bad'],
  timed_out: ['timed out', 'bad'],
  instance_lost: ['instance lost', 'bad'],
  dead: ['dead letter', 'bad'],
  retry_now: ['tried again by hand', 'dim'],
  given_up: ['given up', 'dim'],
};

export function attemptWords(step: StoryStep): string {
  return steps[step.what]?.[0] ?? step.what.replaceAll('_', ' ');
}

export function attemptTone(step: StoryStep): Tone {
  return steps[step.what]?.[1] ?? 'dim';
}

/** "std::runtime_error: card reader broken"; foreign text. */
export function errorText(of: { error_type?: string; error?: string }): string {
  return [of.error_type, of.error].filter(Boolean).join(': ');
}

/** How long the attempt had it in hand: from the hand-over before it to its end. */
export function attemptTook(part: StoryPart, step: StoryStep): string {
  const at = part.steps.indexOf(step);
  const handed = part.steps.slice(0, at).reverse().find((one) => one.what === 'delivered');
  const from = millis(handed?.time);
  const to = millis(step.time);
  return from === undefined || to === undefined ? '' : durationText(to - from);
}
