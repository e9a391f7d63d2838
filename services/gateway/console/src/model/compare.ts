// Two flows beside each other: what one has and the other has not, and where one took much longer.
//
// They are aligned from their beginnings on: below two events that are the same step, the first `stock.reserved`
// of one is the first of the other. What has no partner stands with all that it caused.
import type { Picture, PictureStep } from '../api/types';
import { causesIn, depth_max, type Causes } from './tree';

export type Difference = 'same' | 'only_here' | 'only_there' | 'slower' | 'quicker';

export interface ComparedRow {
  key: string;
  type: string;
  depth: number;
  here: PictureStep | undefined;
  there: PictureStep | undefined;
  difference: Difference;
}

/** A step is slower or quicker where it takes so many times as long, and so much longer. */
export const times_longer = 2;
export const longer_ms = 100;

type Pair = Pick<ComparedRow, 'here' | 'there'>;

function differenceOf({ here, there }: Pair): Difference {
  if (!here) return 'only_there';
  if (!there) return 'only_here';
  const [mine, other] = [here.gap?.total_ms ?? 0, there.gap?.total_ms ?? 0];
  const [less, more] = [Math.min(mine, other), Math.max(mine, other)];
  if (more - less < longer_ms || more < less * times_longer) return 'same';
  return mine > other ? 'slower' : 'quicker';
}

/** The n-th of a type with the n-th of that type; those of `here` in their order, then what only `there` has. */
function paired(here: readonly PictureStep[], there: readonly PictureStep[]): Pair[] {
  const rest = [...there];
  const pairs: Pair[] = here.map((step) => {
    const at = rest.findIndex((other) => other.type === step.type);
    return { here: step, there: at < 0 ? undefined : rest.splice(at, 1)[0] };
  });
  return [...pairs, ...rest.map((step) => ({ here: undefined, there: step }))];
}

export function compared(here: Pick<Picture, 'steps'>, there: Pick<Picture, 'steps'>): ComparedRow[] {
  const [mine, other] = [causesIn(here), causesIn(there)];
  const below = (causes: Causes, step: PictureStep | undefined) => (step ? (causes.effects.get(step.id) ?? []) : []);
  const rows: ComparedRow[] = [];
  const stack = paired(mine.roots, other.roots).map((pair) => ({ pair, depth: 0 })).reverse();
  while (stack.length > 0) {
    const { pair, depth } = stack.pop()!;
    const one = (pair.here ?? pair.there)!;
    rows.push({ key: `${pair.here?.id ?? ''} ${pair.there?.id ?? ''}`, type: one.type, depth: Math.min(depth, depth_max), ...pair, difference: differenceOf(pair) });
    const next = paired(below(mine, pair.here), below(other, pair.there));
    for (const effect of next.reverse()) stack.push({ pair: effect, depth: depth + 1 });
  }
  return rows;
}

/** "2 steps only here, 1 slower": in the order in which a reader wants it. */
export function differencesText(rows: readonly ComparedRow[]): string {
  const words: [Difference, string][] = [
    ['only_here', 'only here'],
    ['only_there', 'only there'],
    ['slower', 'slower here'],
    ['quicker', 'quicker here'],
  ];
  const told = words
    .map(([difference, what]) => [rows.filter((row) => row.difference === difference).length, what] as const)
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`);
  return told.length > 0 ? told.join(', ') : 'no difference';
}
