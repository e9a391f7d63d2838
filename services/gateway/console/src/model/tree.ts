// A flow as a tree of causes: rows to draw, in order, with the lines that lead to them.
//
// An event stands below its cause. Deliveries stand below the event they are of, an attempt a row. What is owed
// and has not come stands at the end, where it would come.
import type { Expectation, Picture, PictureStep, StoryPart, StoryStep } from '../api/types';

export interface EventRow {
  kind: 'event';
  key: string;
  step: PictureStep;
  /** For each level whether its line goes on below; the last is the row's own elbow. */
  rails: boolean[];
  longest: boolean;
  /** Where its cause is not among the others: what is said of that. */
  orphan: string;
}

export interface DeliveryRow {
  kind: 'delivery';
  key: string;
  step: PictureStep;
  part: StoryPart;
  attempt: StoryStep | undefined;
  rails: boolean[];
}

export interface OwedRow {
  kind: 'owed';
  key: string;
  expectation: Expectation;
  rails: boolean[];
}

export type TreeRow = EventRow | DeliveryRow | OwedRow;

/** Levels beyond this are drawn at the same place: a chain of a thousand events is no staircase of a thousand. */
export const depth_max = 24;

function deeper(rails: readonly boolean[], goes_on: boolean): boolean[] {
  return [...rails, goes_on].slice(-depth_max);
}

export interface TreeOptions {
  deliveries: boolean;
  /** Steps that are left out; see quiet.ts. */
  quiet?: ReadonlySet<PictureStep>;
}

/** Endings and what people did; that it was handed over is said by what came of it, unless it is still there. */
function attemptsOf(part: StoryPart): (StoryStep | undefined)[] {
  const told = part.steps.filter((step, i) => step.what !== 'delivered' || i === part.steps.length - 1);
  return told.length > 0 ? told : [undefined];
}

export interface Causes {
  roots: PictureStep[];
  /** By their cause's id, in the order of the log. */
  effects: Map<string, PictureStep[]>;
}

export function causesIn(picture: Pick<Picture, 'steps'>): Causes {
  const by_id = new Map(picture.steps.map((step) => [step.id, step]));
  const effects = new Map<string, PictureStep[]>();
  const roots: PictureStep[] = [];
  for (const step of picture.steps) {
    const cause = step.causationid ? by_id.get(step.causationid) : undefined;
    // A cause stands before its effects in the log; anything else would be a circle.
    if (!cause || cause.reeloffset >= step.reeloffset) roots.push(step);
    else {
      const siblings = effects.get(cause.id) ?? [];
      siblings.push(step);
      effects.set(cause.id, siblings);
    }
  }
  return { roots, effects };
}

export function treeRows(picture: Picture, options: TreeOptions): TreeRow[] {
  const { roots, effects } = causesIn(picture);
  const orphans = new Set(roots.filter((step) => step.causationid).map((step) => step.id));
  const whole = picture.steps.length >= picture.events;
  const rows: TreeRow[] = [];
  // A chain may be thousands of events long: a stack of our own, not the language's.
  const stack: { step: PictureStep; rails: boolean[] }[] = [];
  const shown = (steps: PictureStep[]) => (options.quiet?.size ? steps.filter((step) => !options.quiet!.has(step)) : steps);
  for (const step of [...shown(roots)].reverse()) stack.push({ step, rails: [] });
  while (stack.length > 0) {
    const { step, rails } = stack.pop()!;
    const below = shown(effects.get(step.id) ?? []);
    const orphan = orphans.has(step.id) ? `caused by ${step.causationid}, which is not ${whole ? 'of this flow' : 'on this page'}` : '';
    rows.push({ kind: 'event', key: step.id, step, rails, longest: picture.longest?.id === step.id, orphan });
    if (options.deliveries) pushDeliveries(rows, step, rails, below.length > 0);
    for (let i = below.length - 1; i >= 0; --i) stack.push({ step: below[i]!, rails: deeper(rails, i < below.length - 1) });
  }
  for (const [i, expectation] of picture.expectations.entries()) {
    if (isOwed(expectation)) rows.push({ kind: 'owed', key: `owed ${i}`, expectation, rails: [] });
  }
  return rows;
}

export function isOwed(expectation: Expectation): boolean {
  return !expectation.never && (expectation.verdict === 'waiting' || expectation.verdict === 'overdue');
}

function pushDeliveries(rows: TreeRow[], step: PictureStep, rails: boolean[], more: boolean): void {
  for (const part of step.services ?? []) {
    for (const [i, attempt] of attemptsOf(part).entries()) {
      rows.push({ kind: 'delivery', key: `${step.id} ${part.service} ${i}`, step, part, attempt, rails: deeper(rails, more) });
    }
  }
}

