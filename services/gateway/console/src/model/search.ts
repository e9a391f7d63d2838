// From what a person types and chooses to a condition of the search language (docs/search.md).

export interface Filters {
  /** A bare word, or a condition. */
  text: string;
  definition: string;
  owner: string;
  missing: string;
  /** "10m": overdue for at least so long. */
  overdue_for: string;
  older_than: string;
}

export const no_filters: Filters = { text: '', definition: '', owner: '', missing: '', overdue_for: '', older_than: '' };

/** A text as a value: in quotes, so that nothing in it is read as the language. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** A text as part of a `like` value: its stars are stars. */
export function likeQuoted(text: string): string {
  return `"*${text.replace(/[\\"*]/g, '\\$&')}*"`;
}

const operators = /==|!=|<=|>=|<|>|\[|\b(not\s+)?(like|in)\b\s*["'(]|^\s*\(/i;
const alone = /^\s*(not\s+)*(late|impossible)\s*$/i;

/** Whether a text is a condition already, and not a word to look for. */
export function isCondition(text: string): boolean {
  return operators.test(text) || alone.test(text);
}

/** A word is looked for in the flow's id, as an event's id, and as a topic. */
export function wordCondition(word: string): string {
  const tests = [`flow like ${likeQuoted(word)}`, `id == ${quoted(word)}`];
  if (/^[a-z0-9_>*-]+(\.[a-z0-9_>*-]+)+$/.test(word)) tests.push(`topic == ${word}`);
  return tests.join(' or ');
}

export function conditionOf(filters: Filters): string {
  const parts: string[] = [];
  const text = filters.text.trim();
  if (text !== '') parts.push(isCondition(text) ? text : wordCondition(text));
  if (filters.owner) parts.push(`owner == ${quoted(filters.owner)}`);
  if (filters.missing) parts.push(`missing == ${filters.missing}`);
  if (filters.overdue_for) parts.push(`overdue >= ${filters.overdue_for}`);
  if (filters.older_than) parts.push(`age > ${filters.older_than}`);
  if (parts.length === 1) return parts[0]!;
  return parts.map((part) => (/\bor\b/i.test(part) ? `(${part})` : part)).join(' and ');
}
