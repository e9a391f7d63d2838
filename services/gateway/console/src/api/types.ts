// Short names for what the API answers. The shapes themselves are in schema.d.ts, which is generated.
import type { components, operations } from './schema';

type Schemas = components['schemas'];

export type Status = Schemas['StatusReply'];
export type Summary = Schemas['SummaryReply'];
export type Topic = Schemas['TopicsReply.Topic'];
export type Topics = Schemas['TopicsReply'];
export type Service = Schemas['ServicesReply.Service'];
export type ServiceCheck = Schemas['ServiceCheck'];
export type Services = Schemas['ServicesReply'];
export type Routes = Schemas['RoutesReply'];
export type Rule = Schemas['DefinedExpectation'];
export type Definition = Schemas['Definition'];
export type Definitions = Schemas['Definitions'];
export type Verdict = Schemas['Verdict'];
export type Gap = Schemas['PictureGap'];
export type StoryStep = Schemas['PictureDeliveryStep'];
export type StoryPart = Schemas['PictureDelivery'];
export type PictureStep = Schemas['PictureStep'];
export type Cause = Schemas['Cause'];
export type Incident = Schemas['Incident'];
export type Incidents = Schemas['IncidentsReply'];
export type Spans = Schemas['Spans'];
export type Variant = Schemas['VariantsReply.Variant'];
export type Variants = Schemas['VariantsReply'];
export type Edge = Schemas['EdgesReply.Edge'];
export type Edges = Schemas['EdgesReply'];
export type CloudEvent = Schemas['CloudEvent'];
export type StoredEvent = Schemas['StoredEvent'];
export type Letter = Schemas['DeadReply.Letter'];
export type Schema = Schemas['Schema'];
export type Health = operations['getHealth']['responses'][200]['content']['application/json'];
export type Dead = Schemas['DeadReply'];
export type Retries = Schemas['RetriesReply'];
export type DelayedEvent = Schemas['DelayedReply.Event'];
export type Delayed = Schemas['DelayedReply'];
export type RunningReplay = Schemas['ReplaysReply.Running'];
export type Orphans = Schemas['OrphansReply'];
export type Orphan = Schemas['OrphansReply.Orphan'];
export type Replays = Schemas['ReplaysReply'];
export type CommandReply = Schemas['CommandReply'];
export type CareReply = Schemas['CareReply'];

/** What an operator tells the broker: one of its members besides `service`. Who and why are added when it is sent. */
export type Command = Omit<Schemas['CommandBody'], 'by' | 'note' | 'service'> & { service: string };

/** What a person says of an incident or a flow: one of these. */
export type Care = Schemas['CareRequestBody'];

/** An expectation as questions about flows answer it, and as a picture has it: there what is not so is left out. */
export type Expectation = Omit<
  Schemas['PictureExpectation'],
  'verdict' | 'armed_at' | 'deadline' | 'settled_at' | 'late_ms' | 'left_ms'
> & {
  verdict: Verdict;
  armed_at: string | null;
  deadline?: string | null;
  settled_at?: string | null;
  after_offset?: number;
};

export type FlowSummary = Omit<Schemas['FlowSummary'], 'overdue' | 'parent'> & { overdue: Expectation[]; parent?: string };
export type Flows = Omit<Schemas['FlowsReply'], 'flows' | 'undecided'> & { flows: FlowSummary[] };
export type Flow = Omit<Schemas['FlowReply'], 'summary' | 'expectations'> & {
  summary?: FlowSummary;
  expectations: Expectation[];
};
export interface Finding {
  expectation?: Expectation;
  cause?: Cause;
}
export type Why = Omit<Schemas['WhyReply'], 'summary' | 'findings'> & { summary?: FlowSummary; findings: Finding[] };

type PictureAnswer = Schemas['Picture'];
export type Picture = Omit<PictureAnswer, 'expectations' | 'overdue'> & {
  expectations: Expectation[];
  overdue: Expectation[];
};

/** A picture's words are those of the command line; here they become the API's. */
export function pictureOf(answer: PictureAnswer): Picture {
  const offsets = new Map(answer.steps.map((step) => [step.id, step.reeloffset]));
  const one = (said: PictureAnswer['expectations'][number]): Expectation => {
    const after_offset = said.after_id ? offsets.get(said.after_id) : undefined;
    return {
      ...said,
      verdict: said.verdict === 'met late' ? 'met_late' : said.verdict,
      ...(after_offset === undefined ? {} : { after_offset }),
    };
  };
  return { ...answer, expectations: answer.expectations.map(one), overdue: answer.overdue.map(one) };
}
