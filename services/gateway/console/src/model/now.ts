// What the Now page says first: whether anything is wrong, and whose it is, in two sentences.
//
// The page never judges: what is overdue is the tracker's word. It only says what it was told, and says so when
// it was not told.
import type { Status, Summary } from '../api/types';
import { whoOwes, type Trouble } from './incidents';
import type { ServiceLine } from './services';
import { listText, plural } from './words';

export type Tone = 'quiet' | 'wrong' | 'watch' | 'unknown';

export interface Headline {
  tone: Tone;
  says: string;
  detail: string;
}

export interface NowInput {
  summary: Summary | undefined;
  status: Status | undefined;
  troubles: readonly Trouble[];
  services: readonly ServiceLine[];
}

export function headline(input: NowInput): Headline {
  const { summary, status, troubles } = input;
  if (status?.journal_error) {
    return { tone: 'wrong', says: 'The broker cannot write its journal.', detail: `Publishes are refused: ${status.journal_error}` };
  }
  const violated = troubles.filter((trouble) => trouble.kind === 'violated' && trouble.quieted === '');
  if (summary && summary.overdue > 0) return overdueHeadline(summary, troubles, input.services);
  if (violated.length > 0) {
    const owners = listText([...new Set(violated.map((trouble) => trouble.owner || 'nobody named'))]);
    return { tone: 'wrong', says: `${plural(violated.length, 'rule')} ${violated.length === 1 ? 'is' : 'are'} broken.`, detail: `Asked is ${owners}. ${servicesSentence(input.services)}` };
  }
  if (!summary) return { tone: 'unknown', says: 'Nothing is known yet.', detail: 'The tracker has not answered.' };
  if (!summary.caught_up) {
    return { tone: 'unknown', says: 'The tracker is catching up.', detail: 'What is overdue by now is known when it has read the journal to its end.' };
  }
  const sick = input.services.filter((line) => line.health !== 'fine');
  if (sick.length > 0) {
    return { tone: 'watch', says: 'Nothing is overdue.', detail: `${openSentence(summary)} But look at ${listText(sick.map((line) => line.service))}: ${sick[0]!.says}.` };
  }
  return { tone: 'quiet', says: 'All quiet.', detail: `Nothing is overdue. ${openSentence(summary)} Every service keeps up.` };
}

function overdueHeadline(summary: Summary, troubles: readonly Trouble[], services: readonly ServiceLine[]): Headline {
  const one = summary.overdue === 1;
  const owes = whoOwes(troubles);
  const causes = [...new Set(troubles.filter((trouble) => trouble.kind === 'overdue' && trouble.cause).map((trouble) => trouble.cause_name))];
  const why = causes.length > 0 ? `${causes.length === 1 ? 'The cause' : 'Causes'}: ${listText(causes)}. ` : '';
  const says = `${plural(summary.overdue, 'flow')} ${one ? 'is' : 'are'} overdue.`;
  return { tone: 'wrong', says, detail: `${owes ? `${owes}. ` : ''}${why}${servicesSentence(services)}` };
}

function openSentence(summary: Summary): string {
  if (summary.open === 0) return 'No flow is open.';
  return summary.open === 1 ? 'One flow is open, in time.' : `${plural(summary.open, 'flow')} are open, all in time.`;
}

function servicesSentence(services: readonly ServiceLine[]): string {
  const sick = services.filter((line) => line.health !== 'fine');
  return sick.length === 0 ? 'Every service keeps up.' : `Look at ${listText(sick.map((line) => line.service))} as well.`;
}
