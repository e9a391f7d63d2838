// Whether what is on the page is old: who does not answer, and since when.
import type { Blame } from '../api/problem';
import { countText, type Millis } from './time';
import { capital } from './words';

/** One failure may be a hiccup; data older than this is not "now" any more. */
export const stale_ms = 3_000;

export interface Source {
  /** On the page's steady clock. */
  answered: Millis | undefined;
  failed: Millis | undefined;
  sentence: string;
}

export type Sources = Record<'gateway' | 'broker' | 'tracker', Source>;

export function noSources(): Sources {
  const none = (): Source => ({ answered: undefined, failed: undefined, sentence: '' });
  return { gateway: none(), broker: none(), tracker: none() };
}

export function noteAnswer(sources: Sources, by: Blame, at: Millis): void {
  if (by === 'question') return;
  sources[by] = { ...sources[by], answered: at };
  // Whoever answers, the gateway brought it.
  sources.gateway = { ...sources.gateway, answered: at };
}

export function noteFailure(sources: Sources, blame: Blame, sentence: string, at: Millis): void {
  if (blame === 'question') return;
  sources[blame] = { ...sources[blame], failed: at, sentence };
}

export interface Banner {
  who: 'gateway' | 'broker' | 'tracker';
  says: string;
  detail: string;
  /** Of what is shown; nothing where there never was an answer. */
  age_ms: number | undefined;
}

const after: Record<Banner['who'], string> = {
  gateway: 'Nothing on this page is being renewed.',
  broker: 'Services, topics and dead letters are as they were; flows go on as the tracker knows them.',
  tracker: 'Flows, incidents and the sentence above are as they were; no event is lost or delayed by that.',
};

/** The one to blame first: without a gateway nothing is known of the others. */
export function bannerOf(sources: Sources, now: Millis): Banner | undefined {
  for (const who of ['gateway', 'broker', 'tracker'] as const) {
    const { answered, failed, sentence } = sources[who];
    if (failed === undefined || (answered !== undefined && answered >= failed)) continue;
    const age_ms = answered === undefined ? undefined : now - answered;
    if (age_ms !== undefined && age_ms < stale_ms) continue;
    const age = age_ms === undefined ? '' : ` What you see is ${countText(age_ms)} old.`;
    return { who, says: `${capital(`the ${who} does not answer.`)}${age}`, detail: detailOf(who, sentence), age_ms };
  }
  return undefined;
}

function detailOf(who: Banner['who'], sentence: string): string {
  const said = sentence && !sentence.startsWith('The gateway does not answer') ? ` (${sentence.replace(/[.]$/, '')})` : '';
  return `${after[who]} It is asked again by itself${said}.`;
}
