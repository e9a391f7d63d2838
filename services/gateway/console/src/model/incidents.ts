// What is overdue, grouped as a person would tell it: one line for one edge and one cause, in however many flows.
//
// The tracker groups verdicts into incidents; what is overdue and in none of them (it was full, or its flow has
// an older cause) is grouped here by its edge, so that nothing overdue is without a line.
import type { Cause, Expectation, FlowSummary, Incident } from '../api/types';
import { causeName, causeSentence, missingText } from './causes';
import { millis, type Millis } from './time';
import { plural } from './words';

export interface Trouble {
  key: string;
  incident: Incident | undefined;
  kind: 'overdue' | 'violated';
  definition: string;
  after: string;
  /** "payment.captured or payment.declined" */
  missing: string;
  topics: string[];
  owner: string;
  severity: string;
  runbook: string;
  cause: Cause | undefined;
  cause_name: string;
  why: string;
  /** Flows of it that are open. */
  count: number;
  /** Of the earliest deadline that has passed. */
  since: Millis | undefined;
  last: Millis | undefined;
  flows: string[];
  quieted: string;
}

const severities = ['critical', 'warning', 'info', ''];

/** The worst first: by severity, then by who has waited longest. */
export function troubles(incidents: readonly Incident[], overdue: readonly FlowSummary[], now: Millis): Trouble[] {
  const open = incidents.filter((incident) => incident.state === 'open').map((incident) => fromIncident(incident, now));
  const all = [...open, ...ungrouped(open, overdue)];
  return all.sort(
    (a, b) =>
      Number(a.quieted !== '') - Number(b.quieted !== '') ||
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      (a.since ?? Infinity) - (b.since ?? Infinity),
  );
}

export function fromIncident(incident: Incident, now: Millis): Trouble {
  return {
    key: incident.id,
    incident,
    kind: incident.kind === 'violated' ? 'violated' : 'overdue',
    definition: incident.definition,
    after: incident.after,
    missing: missingText(incident),
    topics: incident.missing,
    owner: incident.owner,
    severity: incident.severity,
    runbook: incident.runbook,
    cause: incident.cause,
    cause_name: incident.kind === 'violated' ? reasonName(incident.reason) : causeName(incident.cause),
    why: incident.kind === 'violated' ? reasonSentence(incident) : causeSentence(incident.cause),
    count: incident.open,
    since: millis(incident.first_at),
    last: millis(incident.last_at),
    flows: incident.correlationids,
    quieted: quietedText(incident, now),
  };
}

const reasons: Record<string, string> = { forbidden: 'must not come', too_many: 'came too often', too_soon: 'came too soon' };

function reasonName(reason: string): string {
  return reasons[reason] ?? 'rule broken';
}

function reasonSentence(incident: Incident): string {
  const after = incident.after ? ` after ${incident.after}` : '';
  return `${missingText(incident)} ${reasonName(incident.reason)}${after}.`;
}

function quietedText(incident: Incident, now: Millis): string {
  const snoozed = millis(incident.snoozed_until);
  if (snoozed !== undefined && snoozed > now) return `snoozed by ${incident.snoozed_by}`;
  return incident.acknowledged_by ? `acknowledged by ${incident.acknowledged_by}` : '';
}

export function edgeKey(of: { definition: string; after: string; missing: string[] }): string {
  return JSON.stringify([of.definition, of.after, [...of.missing].sort()]);
}

function ungrouped(open: readonly Trouble[], overdue: readonly FlowSummary[]): Trouble[] {
  const grouped = new Set(open.map((trouble) => edgeKey({ ...trouble, missing: trouble.topics })));
  const found = new Map<string, Trouble>();
  for (const flow of overdue) {
    for (const expectation of flow.overdue) {
      const key = edgeKey(expectation);
      if (grouped.has(key)) continue;
      const trouble = found.get(key) ?? fromExpectation(key, expectation);
      found.set(key, trouble);
      trouble.count += 1;
      if (trouble.flows.length < 10) trouble.flows.push(flow.correlationid);
      const deadline = millis(expectation.deadline);
      if (deadline === undefined) continue;
      trouble.since = Math.min(trouble.since ?? deadline, deadline);
      trouble.last = Math.max(trouble.last ?? deadline, deadline);
    }
  }
  return [...found.values()];
}

function fromExpectation(key: string, expectation: Expectation): Trouble {
  return {
    key,
    incident: undefined,
    kind: 'overdue',
    definition: expectation.definition,
    after: expectation.after,
    missing: missingText(expectation),
    topics: expectation.missing,
    owner: expectation.owner,
    severity: expectation.severity ?? '',
    runbook: expectation.runbook ?? '',
    cause: undefined,
    cause_name: causeName(undefined),
    why: 'Open a flow to see why.',
    count: 0,
    since: undefined,
    last: undefined,
    flows: [],
    quieted: '',
  };
}

/** "payments owes 3, shipping 1", the one who owes most first. */
export function whoOwes(list: readonly Trouble[]): string {
  const owed = new Map<string, number>();
  for (const trouble of list) {
    if (trouble.kind === 'overdue') owed.set(trouble.owner, (owed.get(trouble.owner) ?? 0) + trouble.count);
  }
  return [...owed]
    .sort((a, b) => b[1] - a[1])
    .map(([owner, count], i) => `${owner || 'nobody named'}${i === 0 ? ' owes' : ''} ${count}`)
    .join(', ');
}

export function countWords(trouble: Trouble): string {
  return trouble.kind === 'violated' ? plural(trouble.count, 'breach', 'breaches') : plural(trouble.count, 'flow');
}
