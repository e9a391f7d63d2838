import { describe, expect, test } from 'vitest';
import { Client } from './client';
import { ApiError, problemOf } from './problem';
import { startingAt, type Answered, type Transport, type Wanted } from './transport';

class Fake implements Transport {
  wanted: Wanted[] = [];
  constructor(private readonly answer: () => Answered) {}
  send(wanted: Wanted): Promise<Answered> {
    this.wanted.push(wanted);
    try {
      return Promise.resolve(this.answer());
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }
  stream(): () => void {
    return () => {};
  }
}

const fails = async (answer: () => Answered, ask: (client: Client) => Promise<unknown>): Promise<ApiError> => {
  const error = await ask(new Client(new Fake(answer))).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
};

describe('what is asked', () => {
  const asked = async (ask: (client: Client) => Promise<unknown>) => {
    const fake = new Fake(() => ({ status: 200, body: '{"steps":[],"expectations":[],"overdue":[]}' }));
    await ask(new Client(fake));
    return fake.wanted[0]!;
  };
  test('ids are escaped, and what is not said is left out', async () => {
    expect((await asked((client) => client.flow('a/b?c'))).path).toBe('/v1/flows/a%2Fb%3Fc?limit=1');
    expect((await asked((client) => client.flows({ where: '', definition: '' }))).path).toBe('/v1/flows');
  });
  test('states are repeated', async () => {
    expect((await asked((client) => client.flows({ states: ['open', 'overdue'] }))).path).toBe('/v1/flows?state=open&state=overdue');
  });
  test('a command carries who and why', async () => {
    const wanted = await asked((client) => client.command({ service: 'payments', resume: {} }, 'ada', 'the bank is back'));
    expect(wanted).toMatchObject({ method: 'POST', path: '/v1/commands', body: { service: 'payments', resume: {}, by: 'ada', note: 'the bank is back' } });
  });
  test('care carries them inside', async () => {
    const wanted = await asked((client) => client.care({ waive: { correlationid: 'f' } }, 'ada', 'refunded'));
    expect(wanted.body).toEqual({ waive: { correlationid: 'f', by: 'ada', reason: 'refunded' } });
  });
});

describe('what went wrong', () => {
  test('a problem document is one sentence', async () => {
    const error = await fails(() => ({ status: 422, body: '{"title":"Unprocessable","detail":"where:1:3: no such attribute"}' }), (client) => client.flows({}));
    expect([error.sentence, error.blame]).toEqual(['where:1:3: no such attribute', 'question']);
  });
  test('503 names who does not answer', () => {
    expect(problemOf(503, '{"detail":"no answer from tcp://127.0.0.1:5557 within 1000 ms"}', 'tracker').blame).toBe('tracker');
    expect(problemOf(503, '{"detail":"too many requests wait for broker and tracker","part":"gateway"}', 'tracker').blame).toBe('gateway');
    expect(problemOf(503, '<html>', 'broker').blame).toBe('broker');
    expect(problemOf(500, '', 'broker').blame).toBe('gateway');
  });
  test('a network that fails is the gateway', async () => {
    const error = await fails(() => { throw new TypeError('failed to fetch'); }, (client) => client.status());
    expect([error.blame, error.sentence]).toEqual(['gateway', 'The gateway does not answer (/v1/status).']);
  });
  test('what is no JSON object is not the gateway', async () => {
    for (const body of ['<html>login</html>', '7', 'null', '']) {
      expect((await fails(() => ({ status: 200, body }), (client) => client.summary())).blame).toBe('gateway');
    }
  });
});

test('a picture speaks like the rest of the API', async () => {
  const body = JSON.stringify({ steps: [{ id: 'e1', reeloffset: 7 }], expectations: [{ verdict: 'met late', after_id: 'e1' }], overdue: [] });
  const picture = await new Client(new Fake(() => ({ status: 200, body }))).picture('f');
  expect(picture.expectations[0]).toMatchObject({ verdict: 'met_late', after_offset: 7 });
});

test('a stream that is opened anew goes on where it was', () => {
  expect(startingAt('/v1/events/stream?topics=order.%3E&from=latest', 8)).toBe('/v1/events/stream?topics=order.%3E&from=8');
  expect(startingAt('/v1/events/stream', 8)).toBe('/v1/events/stream?from=8');
});
