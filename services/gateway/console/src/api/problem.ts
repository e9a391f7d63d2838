// What went wrong with a request, as one sentence for the page and as who is to blame.

/** Who did not do what was asked: the network or the gateway, one of those behind it, or the question itself. */
export type Blame = 'gateway' | 'broker' | 'tracker' | 'question';

export class ApiError extends Error {
  constructor(
    readonly sentence: string,
    readonly blame: Blame,
    readonly status: number,
  ) {
    super(sentence);
    this.name = 'ApiError';
  }
}

interface Problem {
  title?: unknown;
  detail?: unknown;
  part?: unknown;
}

/** A response that is no success, and who `answers` the path it was sent to. */
export function problemOf(status: number, body: string, answers: Blame): ApiError {
  return new ApiError(sentenceOf(status, body), blameOf(status, body, answers), status);
}

function sentenceOf(status: number, body: string): string {
  const problem = parsed(body);
  const detail = text(problem?.detail) || text(problem?.title);
  return detail || `The gateway answered with HTTP status ${status}.`;
}

function blameOf(status: number, body: string, answers: Blame): Blame {
  if (status === 502 || status === 503 || status === 504) {
    return text(parsed(body)?.part) === 'gateway' || answers === 'question' ? 'gateway' : answers;
  }
  return status >= 500 ? 'gateway' : 'question';
}

function parsed(body: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Problem) : undefined;
  } catch {
    return undefined; // a proxy's page, perhaps
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}
