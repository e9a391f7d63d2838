// What a person is about to tell the bus: what the dialog says before it is done, and what the answer means.
//
// A confirmation names the count first. What goes to the broker is cut into pieces that fit a request.
import type { Care, CareReply, Command, CommandReply } from '../api/types';
import { listText, plural } from './words';

/** Offsets of one command: some 20 KB of JSON, far below what the gateway takes. */
export const offsets_max = 1_000;

export interface Intention {
  /** "Redrive 12 dead letters to payments" */
  title: string;
  /** What follows from it, in a sentence or two. */
  consequence: string;
  /** The verb on the button, with the count. */
  verb: string;
  /** It cannot be taken back. */
  grave: boolean;
  /** What it is about, the first of them. */
  examples: string[];
  commands: Command[];
  care?: Care;
}

export interface Outcome {
  sentence: string;
  left_out: string[];
}

type OffsetVerb = 'redrive' | 'discard' | 'retry_now' | 'give_up';

const offsetWords: Record<OffsetVerb, { verb: string; what: [string, string]; consequence: string; grave: boolean }> = {
  redrive: {
    verb: 'Redrive',
    what: ['dead letter', 'dead letters'],
    consequence: 'Each is handed to that service once more, and to no other. What it publishes then is part of the flow.',
    grave: false,
  },
  discard: {
    verb: 'Discard',
    what: ['dead letter', 'dead letters'],
    consequence: 'They count as done with. The events stay in the journal; what should have followed will not come.',
    grave: true,
  },
  retry_now: {
    verb: 'Retry now',
    what: ['event', 'events'],
    consequence: 'They do not wait for their backoff any longer.',
    grave: false,
  },
  give_up: {
    verb: 'Give up',
    what: ['event', 'events'],
    consequence: 'They become dead letters at once, and can be redriven later.',
    grave: true,
  },
};

export interface Item {
  service: string;
  offset: number;
  label: string;
}

/** About chosen letters or retries, of one service or of several. */
export function aboutOffsets(verb: OffsetVerb, items: readonly Item[]): Intention {
  const words = offsetWords[verb];
  const services = [...new Set(items.map((item) => item.service))];
  const counted = plural(items.length, ...words.what);
  const to = verb === 'redrive' ? 'to' : 'of';
  return {
    title: `${words.verb}: ${counted} ${to} ${listText(services)}`,
    consequence: words.consequence,
    verb: `${words.verb} ${counted}`,
    grave: words.grave,
    examples: items.slice(0, 5).map((item) => item.label),
    commands: services.flatMap((service) =>
      pieces(items.filter((item) => item.service === service)).map((piece) => ({
        service,
        [verb]: { offsets: piece.map((item) => item.offset) },
      })),
    ),
  };
}

function pieces(items: readonly Item[]): Item[][] {
  const all: Item[][] = [];
  for (let i = 0; i < items.length; i += offsets_max) all.push(items.slice(i, i + offsets_max));
  return all;
}

export function pausing(service: string, waiting: number, until: string | null): Intention {
  return {
    title: `Pause ${service}`,
    consequence:
      `Nothing new is handed to ${service} ${until ? 'until then' : 'until somebody resumes it'}; what it has in hand it may finish. ` +
      `${plural(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'} for it now, and flows that need it may become overdue.`,
    verb: 'Pause 1 service',
    grave: true,
    examples: [],
    commands: [{ service, pause: { until } }],
  };
}

export function resuming(service: string, waiting: number): Intention {
  return {
    title: `Resume ${service}`,
    consequence: `${plural(waiting, 'event')} that ${waiting === 1 ? 'waits' : 'wait'} for it ${waiting === 1 ? 'is' : 'are'} handed over again.`,
    verb: 'Resume 1 service',
    grave: false,
    examples: [],
    commands: [{ service, resume: {} }],
  };
}

export interface ReplayPlan {
  service: string;
  from: number;
  to: number;
  patterns: string[];
  flow: string;
  /** An event pattern as JSON; empty: every event. */
  when: string;
  speed: number;
  /** Stop at each event. */
  step: boolean;
}

export function replaying(plan: ReplayPlan): Intention {
  const about = (plan.flow ? ` of flow ${plan.flow}` : '') + (plan.when ? ` where ${plan.when}` : '');
  return {
    title: `Replay to ${plan.service}`,
    consequence:
      `Up to ${plural(plan.to - plan.from, 'record')} of the journal${about}, offsets ${plan.from} to ${plan.to - 1}, are looked at, and those on ` +
      `${plan.patterns.length > 0 ? listText(plan.patterns) : 'the topics it subscribes to'} are handed to ${plan.service} once more. ` +
      `What it does outside the bus, it does again.` +
      (plan.step ? ' It stops at each event until you let it go on.' : ''),
    verb: `Replay up to ${plural(plan.to - plan.from, 'record')}`,
    grave: true,
    examples: [],
    commands: [
      {
        service: plan.service,
        replay: {
          from_offset: plan.from,
          to_offset: plan.to,
          patterns: plan.patterns,
          correlationid: plan.flow,
          when: plan.when,
          speed: plan.speed,
          stepping: plan.step,
        },
      },
    ],
  };
}

/** Leave for so many events more; 0: for all that are left. */
export function steppingReplay(service: string, id: number, offset: number, events: number): Intention {
  return {
    title: `Go on with the replay to ${service}`,
    consequence: events === 0 ? `From offset ${offset} on it stops at no event any more.` : `The event at offset ${offset} is handed to ${service} once more.`,
    verb: events === 0 ? 'Hand over all that are left' : `Hand over ${plural(events, 'event')}`,
    grave: false,
    examples: [],
    commands: [{ service, step_replay: { id, events } }],
  };
}

export function cancellingReplay(service: string, id: number): Intention {
  return {
    title: `Stop the replay to ${service}`,
    consequence: 'What was handed over stays so; nothing more is.',
    verb: 'Stop 1 replay',
    grave: false,
    examples: [],
    commands: [{ service, cancel_replay: id }],
  };
}

export function cancellingDelayed(offset: number, label: string): Intention {
  return {
    title: 'Cancel a delayed event',
    consequence: 'It is not published when its time comes.',
    verb: 'Cancel 1 event',
    grave: true,
    examples: [label],
    commands: [{ service: '', cancel_delayed: offset }],
  };
}

export function acknowledging(incident: string, open: number, violated: boolean): Intention {
  return {
    title: 'Acknowledge the incident',
    consequence: violated
      ? 'You say that you have taken it on. A broken rule cannot come right by itself: this resolves it.'
      : `You say that you have taken it on. ${plural(open, 'flow')} stay${open === 1 ? 's' : ''} overdue until what is missing comes.`,
    verb: 'Acknowledge 1 incident',
    grave: false,
    examples: [],
    commands: [],
    care: { acknowledge: { incident } },
  };
}

export function snoozing(incident: string, until: string, words: string): Intention {
  return {
    title: `Snooze the incident for ${words}`,
    consequence: 'It stays open and is shown; alerts hold their tongue until then.',
    verb: 'Snooze 1 incident',
    grave: false,
    examples: [],
    commands: [],
    care: { snooze: { incident, until } },
  };
}

export function waiving(flow: string, missing: number): Intention {
  return {
    title: `Waive what is overdue in ${flow}`,
    consequence: `Nobody need wait any more for what is missing (${plural(missing, 'follow-up')}). It counts as settled; what comes later is shown and changes nothing.`,
    verb: `Waive ${plural(missing, 'follow-up')}`,
    grave: true,
    examples: [flow],
    commands: [],
    care: { waive: { correlationid: flow } },
  };
}

/** What the answers to all commands of an intention come to. */
export function outcomeOf(replies: readonly CommandReply[]): Outcome {
  const count = replies.reduce((sum, reply) => sum + reply.count, 0);
  const resumed = replies.reduce((sum, reply) => sum + reply.resumed, 0);
  const left_out = replies.flatMap((reply) => reply.left_out);
  const also = resumed > 0 ? ` ${plural(resumed, 'event')} parked behind went on.` : '';
  return { sentence: count === 0 ? 'Nothing was changed.' : `Done for ${count}.${also}`, left_out };
}

/** What to say where a command had no answer, or was refused; `done` are the replies to those before it. */
export function failureText(sentence: string, refused: boolean, done: readonly CommandReply[]): string {
  const before = done.length > 0 ? `${outcomeOf(done).sentence} Then: ` : '';
  // An answer that did not come says nothing of the deed.
  return refused ? `${before}Not done: ${sentence}` : `${before}It may be done all the same, look before you ask again: ${sentence}`;
}

export function careOutcome(reply: CareReply, care: Care): Outcome {
  const waived = care.waive ? `${plural(reply.count, 'follow-up')} waived.` : 'Said, and in the journal.';
  return { sentence: waived, left_out: [] };
}
