// Where the nodes of a graph stand. Sizes in, places out; dagre does the work, in a chunk loaded with the graph.
import { Graph, layout } from '@dagrejs/dagre';

export interface Box {
  id: string;
  width: number;
  height: number;
}

export interface Place {
  x: number;
  y: number;
}

export interface Link {
  from: string;
  to: string;
}

/** The upper left corner of each box. */
export function placesOf(boxes: readonly Box[], links: readonly Link[], gap = 24): Map<string, Place> {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: gap, ranksep: 88, marginx: 8, marginy: 8 });
  for (const box of boxes) graph.setNode(box.id, { width: box.width, height: box.height });
  for (const [i, link] of links.entries()) graph.setEdge(link.from, link.to, {}, String(i));
  layout(graph);
  return new Map(
    boxes.map((box) => {
      const node = graph.node(box.id);
      return [box.id, { x: (node.x ?? 0) - box.width / 2, y: (node.y ?? 0) - box.height / 2 }];
    }),
  );
}
