import { describe, expect, test } from 'vitest';
import { bannerOf, noSources, noteAnswer, noteFailure, stale_ms } from './banner';

describe('the banner', () => {
  test('there is none while everybody answers', () => {
    const sources = noSources();
    noteAnswer(sources, 'broker', 0);
    noteAnswer(sources, 'tracker', 0);
    expect(bannerOf(sources, 100)).toBeUndefined();
  });
  test('one hiccup makes none, an outage does, with the age of the data', () => {
    const sources = noSources();
    noteAnswer(sources, 'broker', 0);
    noteFailure(sources, 'broker', 'the broker does not answer', 1000);
    expect(bannerOf(sources, stale_ms - 1)).toBeUndefined();
    expect(bannerOf(sources, 42_000)?.says).toBe('The broker does not answer. What you see is 42 s old.');
  });
  test('it goes away by itself', () => {
    const sources = noSources();
    noteAnswer(sources, 'tracker', 0);
    noteFailure(sources, 'tracker', '', 10_000);
    expect(bannerOf(sources, 10_000)?.who).toBe('tracker');
    noteAnswer(sources, 'tracker', 11_000);
    expect(bannerOf(sources, 11_000)).toBeUndefined();
  });
  test('without the gateway nobody else is blamed', () => {
    const sources = noSources();
    noteAnswer(sources, 'broker', 0);
    noteFailure(sources, 'broker', '', 1);
    noteFailure(sources, 'gateway', '', 2);
    expect(bannerOf(sources, 60_000)?.who).toBe('gateway');
  });
  test('who never answered has no age', () => {
    const sources = noSources();
    noteFailure(sources, 'gateway', '', 0);
    expect(bannerOf(sources, 0)).toMatchObject({ age_ms: undefined, says: 'The gateway does not answer.' });
  });
  test('a question that was wrong is nobody’s outage', () => {
    const sources = noSources();
    noteFailure(sources, 'question', 'where:1:3: what?', 0);
    expect(bannerOf(sources, 60_000)).toBeUndefined();
  });
});
