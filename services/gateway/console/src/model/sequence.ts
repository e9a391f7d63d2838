// A flow as a sequence: a lane for each service, and what went between them, in the order of log time.
import type { Picture, PictureStep, StoryPart } from '../api/types';
import { attemptTone, attemptWords, errorText, type Tone } from './deliveries';
import { millis, type Millis } from './time';

export interface SequenceRow {
  key: string;
  kind: 'published' | 'handed' | 'ended' | 'waits';
  time: Millis;
  step: PictureStep;
  /** Lanes. */
  from: number;
  to: number;
  label: string;
  tone: Tone;
  error: string;
  /** Lanes that have an event in hand when this row is over: drawn heavy. */
  busy: boolean[];
}

export interface Sequence {
  lanes: string[];
  rows: SequenceRow[];
}

/** Who published: the source up to '/', which names the instance. */
export function publisher(source: string): string {
  return source.split('/')[0] || source;
}

type Draft = Omit<SequenceRow, 'busy'> & { change: number };

export function sequenceOf(picture: Picture): Sequence {
  const lanes: string[] = [];
  const lane = (name: string) => {
    const at = lanes.indexOf(name);
    return at >= 0 ? at : lanes.push(name) - 1;
  };
  const drafts: Draft[] = [];
  for (const step of picture.steps) {
    const from = lane(publisher(step.source));
    drafts.push({ key: step.id, kind: 'published', time: millis(step.recordedtime) ?? 0, step, from, to: from, label: step.type, tone: 'good', error: '', change: 0 });
    for (const part of step.services ?? []) addPart(drafts, step, part, from, lane(part.service));
  }
  // Equal times keep their order: what was published comes before it is handed over.
  const order = drafts.map((draft, i) => ({ draft, i })).sort((a, b) => a.draft.time - b.draft.time || a.i - b.i);
  return { lanes, rows: withBusy(order.map((one) => one.draft), lanes.length) };
}

function addPart(drafts: Draft[], step: PictureStep, part: StoryPart, from: number, to: number): void {
  const key = `${step.id} ${part.service}`;
  if (part.steps.length === 0) {
    if (part.matched && part.state !== 'withdrawn') {
      drafts.push({ key, kind: 'waits', time: millis(step.recordedtime) ?? 0, step, from, to, label: `${step.type} waits`, tone: 'busy', error: '', change: 0 });
    }
    return;
  }
  let in_hand = false;
  for (const [i, one] of part.steps.entries()) {
    const handed = one.what === 'delivered';
    const tone = handed ? 'good' : attemptTone(one);
    const again = handed && (one.attempt ?? 1) > 1 ? ` (attempt ${one.attempt})` : '';
    drafts.push({
      key: `${key} ${i}`,
      kind: handed ? 'handed' : 'ended',
      time: millis(one.time) ?? 0,
      step,
      from: handed ? from : to,
      to,
      label: handed ? step.type + again : `${step.type} ${attemptWords(one)}`,
      tone,
      error: errorText(one),
      change: handed ? 1 : in_hand ? -1 : 0,
    });
    in_hand = handed;
  }
}

function withBusy(drafts: Draft[], lanes: number): SequenceRow[] {
  const in_hand = new Array<number>(lanes).fill(0);
  return drafts.map(({ change, ...row }) => {
    in_hand[row.to] = Math.max(0, in_hand[row.to]! + change);
    return { ...row, busy: in_hand.map((count) => count > 0) };
  });
}
