import { expect, test } from 'vitest';
import { definitions } from '../scenario/shop';
import { graphOf } from './definition_graph';
import { placesOf } from './layout';

test('boxes do not overlap, and what follows stands to the right', () => {
  const graph = graphOf(definitions[0]!);
  const boxes = graph.nodes.map((node) => ({ id: node.topic, width: 200, height: 60 }));
  const places = placesOf(boxes, graph.edges);
  for (const edge of graph.edges) expect(places.get(edge.to)!.x).toBeGreaterThan(places.get(edge.from)!.x);
  const all = [...places.values()];
  for (const [i, a] of all.entries()) {
    for (const b of all.slice(i + 1)) expect(Math.abs(a.x - b.x) >= 200 || Math.abs(a.y - b.y) >= 60).toBe(true);
  }
});
test('a circle has a layout too', () => {
  const boxes = ['a', 'b'].map((id) => ({ id, width: 10, height: 10 }));
  expect(placesOf(boxes, [{ from: 'a', to: 'b' }, { from: 'b', to: 'a' }, { from: 'a', to: 'a' }]).size).toBe(2);
});
