// What a graph on the page is made of, whatever it is a graph of.

export interface BoxData extends Record<string, unknown> {
  title: string;
  /** A second line; empty: none. */
  note: string;
  /** The name of a mark (Mark.svelte); empty: none. */
  state: string;
  shape: 'topic' | 'service';
  href: string;
  /** In front of the title: "start", "end", "×3". */
  tag: string;
}

export interface GraphBox {
  id: string;
  data: BoxData;
}

export interface GraphLink {
  id: string;
  from: string;
  to: string;
  label: string;
  /** The name of a colour of the tokens. */
  colour: string;
  dashed: boolean;
  strong: boolean;
  /** Drawn, and without a say in where boxes stand. */
  aside?: boolean;
}

export const box_width = 208;
export const box_height = 60;
