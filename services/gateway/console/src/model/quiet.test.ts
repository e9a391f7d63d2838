import { describe, expect, test } from 'vitest';
import { order } from './fixture';
import { quiet_wait_ms, quietSteps } from './quiet';
import { timelineRows } from './timeline';
import { treeRows } from './tree';

/** An order in which these topics are of low importance. */
function orderWith(...low: string[]) {
  const picture = order(60_000);
  for (const step of picture.steps) if (low.includes(step.type)) step.low_importance = true;
  return picture;
}
const typesOf = (picture: ReturnType<typeof order>) =>
  [...quietSteps(picture)].map((step) => step.type).reverse();

describe('what views leave out', () => {
  test('is nothing where every topic is of normal importance', () => {
    expect(quietSteps(order(60_000)).size).toBe(0);
  });
  test('are events of low importance that no expectation names', () => {
    expect(new Set(typesOf(orderWith('order.archived', 'payment.captured')))).toEqual(new Set(['order.archived']));
  });
  test('but not where others come of them, or somebody has trouble with them', () => {
    const picture = orderWith('order.archived');
    const archived = picture.steps.find((step) => step.type === 'order.archived')!;
    archived.services = [{ service: 'archive', state: 'dead', steps: [] } as unknown as NonNullable<typeof archived.services>[number]];
    expect(typesOf(picture)).toEqual([]);
    const causing = orderWith('order.archived');
    causing.steps.at(-1)!.causationid = causing.steps.find((step) => step.type === 'order.archived')!.id;
    expect(typesOf(causing)).toEqual([]);
  });
  test('nor where a service has not come for one for long', () => {
    const picture = orderWith('order.archived');
    const archived = picture.steps.find((step) => step.type === 'order.archived')!;
    archived.services = [{ service: 'archive', matched: true, state: 'waiting', steps: [] }];
    const at = (after_ms: number) => new Date(Date.parse(archived.recordedtime) + after_ms).toISOString();
    expect(typesOf({ ...picture, watermark: at(quiet_wait_ms) })).toEqual(['order.archived']);
    expect(typesOf({ ...picture, watermark: at(quiet_wait_ms + 1) })).toEqual([]);
  });
  test('nor is one of another source that has the id of such an event', () => {
    const picture = orderWith('order.archived');
    const archived = picture.steps.find((step) => step.type === 'order.archived')!;
    const other = { ...archived, source: 'elsewhere', type: 'order.failed', low_importance: false, reeloffset: archived.reeloffset + 1 };
    picture.steps.push(other);
    expect(timelineRows(picture, quietSteps(picture)).map((row) => row.step)).toContain(other);
  });
  test('they stand in no tree and on no time axis then', () => {
    const picture = orderWith('order.archived');
    const quiet = quietSteps(picture);
    const rows = treeRows(picture, { deliveries: true, quiet });
    expect(rows.some((row) => row.kind !== 'owed' && row.step.type === 'order.archived')).toBe(false);
    expect(timelineRows(picture, quiet).map((row) => row.step.type)).not.toContain('order.archived');
    expect(timelineRows(picture)).toHaveLength(picture.steps.length);
  });
});
