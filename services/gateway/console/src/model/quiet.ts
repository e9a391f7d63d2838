// What views of a flow leave out until it is asked for: events of low importance (topics.*.importance), unless
// something hangs on them.
import type { Picture, PictureStep, StoryPart } from '../api/types';
import { causesIn } from './tree';

const troubles: StoryPart['state'][] = ['retrying', 'dead', 'parked', 'expired'];

/** What waits for a service for longer is trouble: that one is away, or far behind. */
export const quiet_wait_ms = 10_000;

/** Steps that may be left out, and all below each: of no topic that an expectation names, and nobody has trouble with them. */
export function quietSteps(picture: Pick<Picture, 'steps' | 'expectations' | 'watermark'>): Set<PictureStep> {
  const quiet = new Set<PictureStep>();
  if (!picture.steps.some((step) => step.low_importance)) return quiet;
  const judged = new Set(picture.expectations.flatMap(({ after, expected }) => [after, ...expected]));
  const { effects } = causesIn(picture);
  const now = Date.parse(picture.watermark);
  const isTrouble = (part: StoryPart, step: PictureStep) =>
    part.state === 'waiting'
      ? now > Date.parse(part.steps.at(-1)?.time ?? step.recordedtime) + quiet_wait_ms
      : troubles.includes(part.state);
  const inTrouble = (step: PictureStep) => step.services?.some((part) => isTrouble(part, step)) ?? false;
  // From the last to the first: effects stand behind their causes.
  for (const step of [...picture.steps].reverse()) {
    if (!step.low_importance || judged.has(step.type) || inTrouble(step)) continue;
    if ((effects.get(step.id) ?? []).every((effect) => quiet.has(effect))) quiet.add(step);
  }
  return quiet;
}
