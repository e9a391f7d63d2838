// What time it is for a flow: the tracker's watermark, never the browser's clock alone.
//
// Between two answers the watermark is taken to go on, but only a little: when the tracker does not say how far
// it is, a countdown stands still rather than promise or accuse.
import { millis, type Millis } from './time';

/** Two of the page's polls. Beyond it the tracker may be behind, and the browser cannot know. */
export const carry_on_max_ms = 2_000;

export interface Watermark {
  /** As the tracker said it. */
  at: Millis;
  /** On the page's steady clock, when it said so. */
  heard: Millis;
}

export function watermarkOf(text: string | null | undefined, heard: Millis): Watermark | undefined {
  const at = millis(text);
  return at === undefined ? undefined : { at, heard };
}

/** Log time at `steady`, as far as is known. */
export function logTime(watermark: Watermark, steady: Millis): Millis {
  return watermark.at + Math.min(Math.max(0, steady - watermark.heard), carry_on_max_ms);
}

/** Whether the tracker has been silent for so long that time stands still here. */
export function standsStill(watermark: Watermark, steady: Millis): boolean {
  return steady - watermark.heard > carry_on_max_ms;
}
