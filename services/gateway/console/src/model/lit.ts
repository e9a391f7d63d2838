// A definition lit up by one flow: what each of its topics is to this flow, and what each edge came to.
//
//   done         it came                        failed      it cannot come: a service has its cause as a dead letter
//   late         it came after its deadline     impossible  everybody is done with the flow, and it has not come
//   waiting      it is owed, in time            skipped     another one came instead, or nobody waits any more
//   overdue      it is owed, and late           broken      it came and must not
//   not_reached  nothing has asked for it yet
//
// The verdicts are the tracker's; here they are only put on the graph.
import type { Expectation, Picture } from '../api/types';
import { ruleKey, type DefinitionGraph } from './definition_graph';
import { countText, durationText, millis, type Millis } from './time';

export type StepState =
  | 'done'
  | 'late'
  | 'waiting'
  | 'overdue'
  | 'failed'
  | 'impossible'
  | 'skipped'
  | 'broken'
  | 'not_reached';

export const stateNames: Record<StepState, string> = {
  done: 'done',
  late: 'came late',
  waiting: 'waiting',
  overdue: 'overdue',
  failed: 'failed',
  impossible: 'will not come',
  skipped: 'skipped',
  broken: 'must not come',
  not_reached: 'not reached',
};

export interface LitNode {
  state: StepState;
  /** "8 s left", "12 s late"; empty where time does not matter. */
  note: string;
  /** How often it came. */
  count: number;
  owner: string;
}

export interface LitEdge {
  state: StepState;
  /** How long it took: "+1.9 ms". */
  note: string;
}

export interface LitGraph {
  nodes: Map<string, LitNode>;
  edges: Map<string, LitEdge>;
}

/** What matters most of several claims on one topic, the first first. */
const weight: StepState[] = ['failed', 'impossible', 'overdue', 'waiting', 'broken', 'late', 'done', 'skipped', 'not_reached'];

export function light(graph: DefinitionGraph, picture: Picture, now: Millis): LitGraph {
  const counts = new Map<string, number>();
  for (const step of picture.steps) counts.set(step.type, (counts.get(step.type) ?? 0) + 1);
  const claims = picture.expectations.filter((one) => one.definition === graph.name && one.after !== '');
  const nodes = new Map<string, LitNode>();
  for (const { topic } of graph.nodes) nodes.set(topic, litNode(topic, counts.get(topic) ?? 0, claims, picture, now));
  const edges = new Map<string, LitEdge>();
  for (const edge of graph.edges) {
    const own = claims.filter((one) => ruleKey({ after: one.after, topics: one.expected }) === edge.rule);
    edges.set(edge.id, litEdge(edge.to, own, picture));
  }
  return { nodes, edges };
}

function litNode(topic: string, count: number, claims: readonly Expectation[], picture: Picture, now: Millis): LitNode {
  const about = claims.filter((one) => one.expected.includes(topic));
  const rated = about.map((one) => ({ one, state: claimState(one, topic, count, picture) }));
  rated.sort((a, b) => weight.indexOf(a.state) - weight.indexOf(b.state));
  const worst = rated[0];
  if (!worst) return { state: count > 0 ? 'done' : 'not_reached', note: '', count, owner: '' };
  return { state: worst.state, note: claimNote(worst.one, worst.state, now), count, owner: worst.one.owner };
}

export function claimState(claim: Expectation, topic: string, count: number, picture: Picture): StepState {
  const missing = claim.missing.includes(topic);
  switch (claim.verdict) {
    case 'overdue':
    case 'waiting':
      if (!missing || claim.never) return count > 0 ? 'done' : 'not_reached';
      if (hasDeadCause(claim, picture)) return 'failed';
      if (claim.impossible) return 'impossible';
      return claim.verdict;
    case 'broken':
      return count > 0 ? 'broken' : 'not_reached';
    case 'met':
      return count > 0 && !claim.never ? 'done' : 'skipped';
    case 'met_late':
      return count > 0 ? 'late' : 'skipped';
    default:
      return count > 0 ? 'done' : 'skipped'; // cancelled, waived
  }
}

/** Whether who owes it has the event that should lead to it as a dead letter. */
function hasDeadCause(claim: Expectation, picture: Picture): boolean {
  return picture.steps.some(
    (step) =>
      (claim.after_id ? step.id === claim.after_id : step.type === claim.after) &&
      (step.services ?? []).some((part) => part.state === 'dead' && (claim.owner === '' || part.service === claim.owner)),
  );
}

function claimNote(claim: Expectation, state: StepState, now: Millis): string {
  const deadline = millis(claim.deadline);
  if (deadline === undefined) return '';
  if (state === 'late') {
    const came = millis(claim.settled_at);
    return came === undefined ? '' : `${durationText(came - deadline)} late`;
  }
  if (!['waiting', 'overdue', 'failed', 'impossible'].includes(state)) return '';
  return claim.verdict === 'overdue' ? `${countText(now - deadline)} late` : leftText(deadline, now);
}

/** The page does not say "overdue" before the tracker does. */
export function leftText(deadline: Millis, now: Millis): string {
  return deadline > now ? `${countText(deadline - now)} left` : 'due now';
}

function litEdge(to: string, claims: readonly Expectation[], picture: Picture): LitEdge {
  const came = claims.find((one) => picture.steps.some((step) => step.type === to && isAfter(step.reeloffset, one)));
  const states = claims.map((one) => claimState(one, to, came === one ? 1 : 0, picture));
  states.sort((a, b) => weight.indexOf(a) - weight.indexOf(b));
  const state = states[0] ?? 'not_reached';
  return { state, note: came && (state === 'done' || state === 'late') ? tookText(to, came, picture) : '' };
}

function isAfter(offset: number, claim: Expectation): boolean {
  return offset > (claim.after_offset ?? 0);
}

function tookText(to: string, claim: Expectation, picture: Picture): string {
  const armed = millis(claim.armed_at);
  const step = picture.steps.find((one) => one.type === to && millis(one.recordedtime)! >= (armed ?? 0));
  const came = millis(step?.recordedtime);
  return armed === undefined || came === undefined ? '' : `+${durationText(came - armed)}`;
}

export interface Progress {
  done: number;
  all: number;
  /** "5 of 7 steps" */
  says: string;
}

/** How far a flow is: of what was owed so far, what has come. */
export function progressOf(expectations: readonly Expectation[]): Progress {
  const owed = expectations.filter((one) => !one.never && one.after !== '' && one.verdict !== 'cancelled' && one.verdict !== 'waived');
  let all = 0;
  let done = 0;
  for (const one of owed) {
    const steps = one.any_of ? 1 : Math.max(1, one.expected.length);
    all += steps;
    if (one.verdict === 'met' || one.verdict === 'met_late') done += steps;
    else if (!one.any_of) done += Math.max(0, steps - one.missing.length);
  }
  return { done, all, says: all === 0 ? 'nothing is owed' : `${done} of ${all} owed ${all === 1 ? 'step has' : 'steps have'} come` };
}
