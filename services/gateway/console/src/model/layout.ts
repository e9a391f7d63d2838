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
  /** Room is left for it between the boxes. */
  label?: string;
}

/** Of a label in the smallest size, about. */
const character_width = 7.4;

/** The upper left corner of each box. */
export function placesOf(boxes: readonly Box[], links: readonly Link[], gap = 24): Map<string, Place> {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: gap, ranksep: 64, marginx: 8, marginy: 8 });
  for (const box of boxes) graph.setNode(box.id, { width: box.width, height: box.height });
  for (const [i, link] of links.entries()) {
    const label = link.label ?? '';
    graph.setEdge(link.from, link.to, { width: label.length * character_width, height: 16, labelpos: 'c' }, String(i));
  }
  layout(graph);
  return new Map(
    boxes.map((box) => {
      const node = graph.node(box.id);
      return [box.id, { x: (node.x ?? 0) - box.width / 2, y: (node.y ?? 0) - box.height / 2 }];
    }),
  );
}
