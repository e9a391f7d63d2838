// Why something has not come, in a sentence, and what a person can do about it from this page.
import type { Cause, Command, Expectation } from '../api/types';
import { listText } from './words';

/** What a kind of cause is called in a table. */
const names: Record<string, string> = {
  no_subscriber: 'nobody subscribes',
  filtered_out: 'filtered out',
  not_allowed: 'not allowed',
  paused: 'paused',
  service_offline: 'service offline',
  backlog: 'backlog',
  in_handler: 'still in the handler',
  retrying: 'retrying',
  dead_lettered: 'dead letter',
  handled_but_silent: 'handled but silent',
  refused: 'refused',
  other_correlation: 'under another flow',
  delayed: 'delayed on purpose',
  subflow: 'in a sub-flow',
  check_failed: 'a check fails',
};

export function causeName(cause: Cause | undefined): string {
  return cause ? (names[cause.kind] ?? 'cause not known') : 'cause not known';
}

/** The tracker's own sentence where there is one. */
export function causeSentence(cause: Cause | undefined): string {
  if (!cause || cause.kind === 'unknown') return 'Why is not known yet.';
  const sentence = cause.sentence || `${causeName(cause)}${cause.service ? ` (${cause.service})` : ''}`;
  return /[.!?]$/.test(sentence) ? sentence : sentence + '.';
}

/** What is missing: "payment.captured or payment.declined", "stock.reserved and invoice.issued". */
export function missingText(expectation: { missing: string[]; expected?: string[]; any_of: boolean }): string {
  const topics = expectation.missing.length > 0 ? expectation.missing : (expectation.expected ?? []);
  return topics.length === 0 ? 'its end' : listText(topics, expectation.any_of ? 'or' : 'and');
}

export function ownerText(expectation: Pick<Expectation, 'owner'>): string {
  return expectation.owner || 'nobody named';
}

export interface Mend {
  label: string;
  command: Command;
}

/** The command that takes the cause away; nothing where a person must do it elsewhere. */
export function mendOf(cause: Cause | undefined): Mend | undefined {
  if (!cause?.service) return undefined;
  const offsets = { offsets: [cause.offset] };
  switch (cause.kind) {
    case 'dead_lettered':
      return { label: `Redrive ${cause.topic} to ${cause.service}`, command: { service: cause.service, redrive: offsets } };
    case 'retrying':
      return { label: `Try ${cause.topic} again now`, command: { service: cause.service, retry_now: offsets } };
    case 'paused':
      return { label: `Resume ${cause.service}`, command: { service: cause.service, resume: {} } };
    default:
      return undefined;
  }
}
