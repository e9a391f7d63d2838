// As much of the search language as the console itself writes: tests joined by `and`, `or` and parentheses. The real one
// is the tracker's; here it lets a page without a back end be searched.
import type { FlowSummary } from '../api/types';
import { matches } from '../model/map';
import { millis, parseSpan, type Millis } from '../model/time';

export class WhereError extends Error {}

type Judge = (flow: FlowSummary, now: Millis) => boolean;

const token = /\s*(?:("(?:[^"\\]|\\.)*")|(==|!=|<=|>=|<|>|\(|\)|,)|([^\s()"<>=!,]+))/y;

export function compileWhere(text: string): Judge {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (text.slice(token.lastIndex).trim() !== '') {
    const at = token.lastIndex;
    const found = token.exec(text);
    if (!found) throw new WhereError(`where:1:${at + 1}: this is not understood: ${text.slice(at).trim()}`);
    tokens.push((found[1] ?? found[2] ?? found[3])!);
  }
  const reader = new Reader(tokens);
  const judge = reader.condition();
  reader.end();
  return judge;
}

class Reader {
  private at = 0;
  constructor(private readonly tokens: string[]) {}

  condition(): Judge {
    const parts = [this.all()];
    while (this.take('or')) parts.push(this.all());
    return (flow, now) => parts.some((part) => part(flow, now));
  }

  end(): void {
    if (this.at < this.tokens.length) throw new WhereError(`where: '${this.tokens[this.at]}' is not expected here`);
  }

  private all(): Judge {
    const parts = [this.one()];
    while (this.take('and')) parts.push(this.one());
    return (flow, now) => parts.every((part) => part(flow, now));
  }

  private one(): Judge {
    if (this.take('not')) {
      const judge = this.one();
      return (flow, now) => !judge(flow, now);
    }
    if (this.take('(')) {
      const judge = this.condition();
      if (!this.take(')')) throw new WhereError("where: a ')' is missing");
      return judge;
    }
    return this.test();
  }

  private test(): Judge {
    const name = this.tokens[this.at++] ?? '';
    const values = attributes[name];
    if (!values) throw new WhereError(`where: '${name}' is no attribute of a flow`);
    const how = this.tokens[this.at] ?? '';
    if (!['==', '!=', '<', '<=', '>', '>=', 'like'].includes(how)) return (flow, now) => values(flow, now).length > 0;
    ++this.at;
    const value = unquoted(this.tokens[this.at++] ?? '');
    if (how === '!=') return (flow, now) => !values(flow, now).some((one) => compare(name, one, '==', value));
    return (flow, now) => values(flow, now).some((one) => compare(name, one, how, value));
  }

  private take(word: string): boolean {
    if (this.tokens[this.at]?.toLowerCase() !== word) return false;
    ++this.at;
    return true;
  }
}

const attributes: Record<string, (flow: FlowSummary, now: Millis) => (string | number)[]> = {
  flow: (flow) => [flow.correlationid],
  state: (flow) => [flow.state],
  definition: (flow) => flow.definitions,
  id: () => [],
  owner: (flow) => flow.overdue.map((one) => one.owner),
  missing: (flow) => flow.overdue.flatMap((one) => one.missing),
  topic: (flow) => [flow.first_topic, flow.last_topic],
  first: (flow) => [flow.first_topic],
  last: (flow) => [flow.last_topic],
  events: (flow) => [flow.events],
  age: (flow, now) => [now - millis(flow.started_at)!],
  idle: (flow, now) => [now - millis(flow.last_at)!],
  duration: (flow) => [millis(flow.last_at)! - millis(flow.started_at)!],
  overdue: (flow, now) => flow.overdue.map((one) => now - millis(one.deadline)!),
  late: () => [],
  impossible: () => [],
};

function compare(name: string, one: string | number, how: string, value: string): boolean {
  if (typeof one === 'number') {
    const number = name === 'events' ? Number(value) : (parseSpan(value) ?? NaN);
    return { '==': one === number, '<': one < number, '<=': one <= number, '>': one > number, '>=': one >= number }[how] ?? false;
  }
  if (how === 'like') return like(value).test(one);
  if (['topic', 'first', 'last', 'missing'].includes(name)) return matches(value, one);
  return how === '==' && one === value;
}

function like(value: string): RegExp {
  const parts = value.split(/(?<!\\)\*/).map((part) => part.replace(/\\(.)/g, '$1').replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}

function unquoted(value: string): string {
  // In `like` the backslash before a star is read by like().
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(["\\])/g, '$1') : value;
}
