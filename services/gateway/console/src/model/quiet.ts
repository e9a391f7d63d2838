// What views of a flow leave out until it is asked for: events of low importance (topics.*.importance), unless
// something hangs on them.
import type { Picture, PictureStep, StoryPart } from '../api/types';
import { causesIn } from './tree';

const troubles: StoryPart['state'][] = ['retrying', 'dead', 'parked', 'expired'];

/** Steps that may be left out, and all below each: of no topic that an expectation names, and nobody has trouble with them. */
export function quietSteps(picture: Pick<Picture, 'steps' | 'expectations'>): Set<PictureStep> {
  const quiet = new Set<PictureStep>();
  if (!picture.steps.some((step) => step.low_importance)) return quiet;
  const judged = new Set(picture.expectations.flatMap(({ after, expected }) => [after, ...expected]));
  const { effects } = causesIn(picture);
  const inTrouble = (step: PictureStep) => step.services?.some((part) => troubles.includes(part.state)) ?? false;
  // From the last to the first: effects stand behind their causes.
  for (const step of [...picture.steps].reverse()) {
    if (!step.low_importance || judged.has(step.type) || inTrouble(step)) continue;
    if ((effects.get(step.id) ?? []).every((effect) => quiet.has(effect))) quiet.add(step);
  }
  return quiet;
}
