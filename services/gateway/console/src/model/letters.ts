// Dead letters and retries as groups of one trouble: the same service and the same error but for the numbers, ids and
// names in it.
import type { Letter } from '../api/types';
import { errorText } from './deliveries';
import { millis, type Millis } from './time';

export interface LetterGroup {
  key: string;
  service: string;
  error: string;
  letters: Letter[];
  topics: string[];
  first: Millis | undefined;
  last: Millis | undefined;
}

/** An error's words without what differs from event to event. */
export function normalError(error: string): string {
  return error
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/(^|[^A-Za-z0-9])(["'`])[^"'`]*\2/g, '$1<text>')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>')
    .replace(/\b0x[0-9a-f]+\b/gi, '<hex>')
    .replace(/\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b/gi, '<hex>')
    .replace(/\d+(?:[.,:]\d+)*/g, '<n>');
}

/** The largest first. */
export function groupLetters(letters: readonly Letter[]): LetterGroup[] {
  const groups = new Map<string, LetterGroup>();
  for (const letter of letters) {
    const error = normalError(errorText(letter.failure ?? {})) || 'no error was given';
    const key = `${letter.service} ${error}`;
    const group = groups.get(key) ?? { key, service: letter.service, error, letters: [], topics: [], first: undefined, last: undefined };
    groups.set(key, group);
    group.letters.push(letter);
    if (!group.topics.includes(letter.topic)) group.topics.push(letter.topic);
    const first = millis(letter.failure?.first_failed_at);
    const last = millis(letter.failed_at);
    if (first !== undefined) group.first = Math.min(group.first ?? first, first);
    if (last !== undefined) group.last = Math.max(group.last ?? last, last);
  }
  return [...groups.values()].sort((a, b) => b.letters.length - a.letters.length);
}

/** Where the event itself stands: what commands name it by. */
export function standsAt(letter: Letter): number {
  return letter.failure?.origin || letter.failure?.offset || 0;
}
