// The page's clocks: a steady one for ages and countdowns, a wall clock for the day. A scenario brings its own.
import type { Millis } from '../model/time';

export interface Clock {
  /** Milliseconds that only ever grow. */
  steady(): Millis;
  wall(): Millis;
}

export const browserClock: Clock = {
  steady: () => performance.now(),
  wall: () => Date.now(),
};
