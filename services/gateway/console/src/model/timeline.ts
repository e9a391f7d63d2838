// A flow on a time axis: for each event the stretch from its cause to it, split into what it was spent on.
//
//   wait        in the broker, before it was handed over     handling     in the service's handler
//   retries     from the first attempt to the one that did   publishing   until the effect was accepted
//
// Long stretches in which nothing of the flow happened are folded: a flow of 20 ms that waits for an hour shows
// both, and says where the hour was left out.
import type { Picture, PictureStep } from '../api/types';
import { millis, type Millis } from './time';

export type SegmentKind = 'wait' | 'retries' | 'handling' | 'publishing' | 'gap';
export const segmentKinds: SegmentKind[] = ['wait', 'retries', 'handling', 'publishing', 'gap'];

export const segmentNames: Record<SegmentKind, string> = {
  wait: 'wait in the broker',
  retries: 'retries',
  handling: 'handling',
  publishing: 'delay before publishing',
  gap: 'not split further',
};

export interface Segment {
  kind: SegmentKind;
  from: Millis;
  to: Millis;
  longest: boolean;
}

export interface TimelineRow {
  key: string;
  step: PictureStep;
  at: Millis;
  segments: Segment[];
  total_ms: number | undefined;
}

/** `quiet`: steps that are left out; see quiet.ts. */
export function timelineRows(picture: Picture, quiet?: ReadonlySet<PictureStep>): TimelineRow[] {
  return picture.steps.filter((step) => !quiet?.has(step)).map((step) => {
    const at = millis(step.recordedtime) ?? 0;
    return { key: step.id, step, at, segments: segmentsOf(step, at, picture), total_ms: step.gap?.total_ms };
  });
}

function segmentsOf(step: PictureStep, at: Millis, picture: Picture): Segment[] {
  const gap = step.gap;
  if (!gap) return [];
  const is_longest = (part: string | null) => picture.longest?.id === step.id && picture.longest.part === part;
  let from = at - gap.total_ms;
  if (gap.wait_ms === undefined) return [{ kind: 'gap', from, to: at, longest: is_longest(null) }];
  const parts: [SegmentKind, number][] = [
    ['wait', gap.wait_ms],
    ['retries', gap.retries_ms ?? 0],
    ['handling', gap.handling_ms ?? 0],
    ['publishing', gap.publishing_ms ?? 0],
  ];
  const segments: Segment[] = [];
  for (const [kind, ms] of parts) {
    if (ms > 0) segments.push({ kind, from, to: from + ms, longest: is_longest(kind) });
    from += ms;
  }
  return segments;
}

export interface Fold {
  from: Millis;
  to: Millis;
}

export interface Scale {
  from: Millis;
  to: Millis;
  folds: Fold[];
  /** Where a time is on the axis, from 0 to 1. */
  place(time: Millis): number;
}

/** A silence is folded when it is longer than all that happens, so that what happens has at least half of the axis. */
export function scaleOf(rows: readonly TimelineRow[]): Scale {
  const busy = rows.flatMap((row) => [...row.segments.map(({ from, to }) => ({ from, to })), { from: row.at, to: row.at }]);
  busy.sort((a, b) => a.from - b.from);
  const stretches: Fold[] = [];
  for (const one of busy) {
    const last = stretches[stretches.length - 1];
    if (last && one.from <= last.to) last.to = Math.max(last.to, one.to);
    else stretches.push({ ...one });
  }
  const from = stretches[0]?.from ?? 0;
  const to = stretches[stretches.length - 1]?.to ?? from;
  const happening = stretches.reduce((sum, one) => sum + one.to - one.from, 0);
  const least = Math.max(happening, (to - from) / 50);
  const folds = stretches
    .slice(1)
    .map((one, i) => ({ from: stretches[i]!.to, to: one.from }))
    .filter((fold) => fold.to - fold.from > least);
  const folded = folds.reduce((sum, fold) => sum + fold.to - fold.from, 0);
  const rest = Math.max(to - from - folded, 0.001);
  // A fold takes 2 % of the axis, all of them at most half.
  const fold_size = (rest * 0.02) / (1 - Math.min(0.5, folds.length * 0.02));
  const whole = rest + folds.length * fold_size;
  const place = (time: Millis) => {
    let shown = Math.min(Math.max(time, from), to) - from;
    for (const fold of folds) {
      if (time >= fold.to) shown += fold_size - (fold.to - fold.from);
      else if (time > fold.from) shown += ((time - fold.from) / (fold.to - fold.from)) * fold_size - (time - fold.from);
    }
    return shown / whole;
  };
  return { from, to, folds, place };
}

/** Round times for the axis: at most `count` of them. */
export function ticksOf(scale: Scale, count: number): Millis[] {
  const shown = scale.to - scale.from - scale.folds.reduce((sum, fold) => sum + fold.to - fold.from, 0);
  if (shown <= 0) return [];
  const rough = shown / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const ticks: Millis[] = [];
  let last = -1;
  for (let i = 0; ticks.length < count * 2; ++i) {
    const time = scale.from + i * step;
    if (time > scale.to) break;
    const fold = scale.folds.find((one) => time > one.from && time < one.to);
    if (fold) {
      i = Math.ceil((fold.to - scale.from) / step) - 1;
      continue;
    }
    const place = scale.place(time);
    if (place - last > 0.5 / count) ticks.push(time);
    last = place;
  }
  return ticks;
}
